/**
 * One long-lived guest: a real kernel in QEMU that runs programs under trace and mounts crash images, one
 * after the other. Synchronous, as targets are, but for one thing: what a program or an image has shown is
 * given out while the guest still unmounts it, and `settle` waits for that. A guest that dies or hangs throws
 * a GuestFailure; whoever owns it boots another one.
 */
import { performance } from 'node:perf_hooks';
import type { Differing } from '../media/mirror.js';
import { kept, Mirror } from '../media/mirror.js';
import { assert, EnvironmentError } from '../support/assert.js';
import type { Control } from './control.js';
import type { GuestProgram } from './guest-program.js';
import { checkImage } from './fsck.js';
import { alarmIn, parseKernelLog } from './kernel-log.js';
import type { FilesystemType, FoundFile, Mailbox, MountOptions, Steps } from './mailbox.js';
import { CALL, PROBLEMS } from './protocol.js';
import { firstDifference, RawTrace, replayStores } from './records.js';
import type { MachineOptions } from './command-line.js';
import { Symbols } from './symbols.js';
import type { Machine } from './machine.js';
import { startMachine } from './machine.js';
import type { Snapshot } from './snapshot.js';
import type { ToolResult } from './tools.js';

export interface GuestOptions extends MachineOptions {
  /** A vmlinuz file; its modules are found beside it. */
  readonly kernel: string;
  /** Records of the longest trace; further ones make a run untrusted. */
  readonly traceRecords: number;
  readonly bootLimitMs: number;
  /** Of one command: a guest that takes longer hangs. */
  readonly commandLimitMs: number;
}

export const DEFAULT_GUEST = {
  cpus: 1,
  icountShift: null,
  traceRecords: 1 << 20,
  bootLimitMs: 180_000,
  commandLimitMs: 10_000,
} as const;

/** A guest that was killed had no part in it: QEMU got a signal, or failed by itself. */
export type FailureKind = 'died' | 'hung' | 'oops' | 'killed';

const WORDS: Readonly<Record<FailureKind, string>> = {
  died: 'died',
  hung: 'hung',
  oops: 'crashed',
  killed: 'was killed',
};

/** A guest that is of no use any more: not an error of daxfuzz, but a finding or bad luck. */
export class GuestFailure extends Error {
  override readonly name = 'GuestFailure';

  constructor(
    readonly kind: FailureKind,
    readonly during: string,
    /** What the kernel said on its console. */
    readonly console: string,
  ) {
    super(`the guest ${WORDS[kind]} during ${during}`);
  }
}

/** What every command ends with. */
export interface Answer {
  readonly steps: Steps;
  /** In the form of /dev/kmsg. */
  readonly log: string;
  /** A line in which the kernel complains about itself (WARNING, BUG); null if there is none. */
  readonly alarm: string | null;
}

export interface RunResult {
  /** Null when mounting or making the files failed: `settle` says why. Overwritten by the next run. */
  readonly trace: RawTrace | null;
  /** Pmem when the trace began, with the file system mounted; overwritten by the next run. */
  readonly base: Mirror;
  /** Why the trace is not to be trusted; null if replaying it gives the guest's pmem byte for byte. */
  readonly distrust: string | null;
}

/** An image after `check`. */
interface Checked {
  readonly type: FilesystemType;
  readonly bytes: number;
}

/** What the kernel says when it unmounts the image is not in it. */
export interface CheckResult extends Answer {
  /** By name; empty when the image could not be mounted. */
  readonly files: readonly FoundFile[];
}

export class Guest {
  private symbolTable: Symbols | null = null;
  /** Pmem when the trace began, and as the trace makes it. */
  private base = new Mirror();
  private final = new Mirror();
  /** The image in pmem; null if it is not the one that the last `check` has left. */
  private checked: Checked | null = null;
  /** Whether the kernel has warned: of some things it does so only once. */
  private warned = false;
  /** The command that the guest has not ended yet. */
  private underWay: string | null = null;
  private ended: Answer = {
    steps: { mounted: 0, prepared: 0, unmounted: 0 },
    log: '',
    alarm: null,
  };

  private constructor(
    private readonly machine: Machine,
    private readonly limitMs: number,
    private readonly cpus: number,
  ) {}

  /** Boots; takes seconds. @throws UsageError, EnvironmentError or GuestFailure. */
  static boot(options: GuestOptions): Guest {
    return Guest.start(options, startMachine(options), 'boot');
  }

  /** Goes on from where a guest with these options was saved. @throws EnvironmentError or GuestFailure. */
  static resume(options: GuestOptions, snapshot: Snapshot): Guest {
    const machine = startMachine(options, snapshot);
    machine.mailbox.askResume();
    Guest.orStopped(machine, 'resuming', () => machine.goOn());
    return Guest.start(options, machine, 'resuming');
  }

  /** What the monitor complains about is not of interest where somebody has killed QEMU. */
  private static orStopped<T>(machine: Machine, during: string, command: () => T): T {
    try {
      return command();
    } catch (error) {
      const { killer, console } = machine;
      machine.stop();
      if (killer === null) throw error;
      throw new GuestFailure('killed', `${during} (${killer})`, console);
    }
  }

  private static start(options: GuestOptions, machine: Machine, during: string): Guest {
    const guest = new Guest(machine, options.commandLimitMs, options.cpus);
    try {
      guest.expect(CALL.next, during, options.bootLimitMs);
    } catch (error) {
      machine.stop();
      if (!machine.control.started) {
        throw new EnvironmentError(
          `QEMU did not start: ${machine.errors.trim()}; QEMU 10 or newer is needed`,
        );
      }
      throw Guest.unfit(error) ?? error;
    }
    return guest;
  }

  /** A guest whose agent gave up: the machine has the wrong kernel or module, which is no finding. */
  private static unfit(error: unknown): EnvironmentError | null {
    const console = error instanceof GuestFailure ? error.console : '';
    const [, reason] = /^daxfuzz agent: (.*)$/m.exec(console) ?? [];
    return reason === undefined
      ? null
      : new EnvironmentError(`the guest does not come up: ${reason}; is the kernel package whole?`);
  }

  get kernelVersion(): string {
    return this.machine.kernelVersion;
  }

  /** Of QEMU, for those who want to kill it. */
  get pid(): number {
    return this.machine.pid;
  }

  private get control(): Control {
    return this.machine.control;
  }

  private get mailbox(): Mailbox {
    return this.machine.mailbox;
  }

  /** Waits for one of the agent's hypercalls and gives which it was. */
  private expect(call: number, during: string, limitMs = this.limitMs): number {
    const waited = this.wait(during, limitMs);
    if (typeof waited === 'object') {
      if (waited.call === call || waited.call === CALL.next) return waited.call;
      throw new GuestFailure('hung', `${during}: unexpected call ${waited.call}`, '');
    }
    assert(false, 'nobody waits for files');
  }

  private wait(during: string, limitMs: number, wantsFiles = false): { call: number } | 'listed' {
    const { machine } = this;
    const patience = {
      isAlive: () => machine.alive,
      clock: () => performance.now() - machine.starvedMs,
    };
    const waited = this.control.wait(limitMs, patience, wantsFiles);
    if (typeof waited === 'object' || waited === 'listed') return waited;
    const { console, killer } = machine;
    machine.stop();
    if (killer !== null) throw new GuestFailure('killed', `${during} (${killer})`, console);
    const crashed = alarmIn(console) !== null;
    throw new GuestFailure(crashed ? 'oops' : waited, during, console);
  }

  private answer(log = this.mailbox.log): Answer {
    const { steps } = this.mailbox;
    const texts = parseKernelLog(log).map(({ text }) => text);
    const alarm = alarmIn(texts.join('\n'));
    this.warned ||= alarm !== null;
    return { steps, log, alarm };
  }

  /**
   * Waits until the last command has ended, and says what came after that which it has given; at once if it
   * has ended.
   * @throws GuestFailure
   */
  settle(): Answer {
    const { underWay } = this;
    if (underWay !== null) {
      this.underWay = null;
      this.expect(CALL.next, underWay);
      this.ended = this.answer();
    }
    return this.ended;
  }

  /** Before every command that mounts. A kernel that cannot warn again goes on without. */
  private begin(image: Differing): void {
    this.settle();
    this.checked = null;
    if (this.warned) {
      this.mailbox.askRewarn();
      this.control.answer();
      this.expect(CALL.next, 'forgetting warnings');
      this.warned = false;
    }
    this.machine.pmem.follow(image);
  }

  /** An image with a program's files in it, cleanly unmounted: what `run` with `prepared` starts from. */
  prepare(image: Differing, mount: MountOptions, files: GuestProgram['files']): PreparedResult {
    this.begin(image);
    this.mailbox.askPrepare(mount, files);
    this.control.answer();
    this.underWay = 'prepare';
    return { ...this.settle(), image: kept(this.machine.pmem) };
  }

  /**
   * Runs a program on a fresh file system. `prepared` says that the image holds its files already. The file
   * system is still being unmounted then.
   * @throws GuestFailure
   */
  run(image: Differing, mount: MountOptions, program: GuestProgram, prepared: boolean): RunResult {
    const { control, mailbox } = this;
    const { pmem } = this.machine;
    assert(program.threads <= this.cpus, 'a CPU for each thread');
    this.begin(image);
    mailbox.askRun(mount, program, prepared);
    control.answer();
    if (this.expect(CALL.begin, 'mount') !== CALL.begin) {
      this.ended = this.answer();
      return { trace: null, base: this.base, distrust: null };
    }
    this.rememberBase();
    control.answer();
    this.expect(CALL.end, 'program');
    for (const copy of [this.base, this.final]) copy.differsIn(pmem.pages);
    const trace = new RawTrace(this.machine.trace, control.records);
    const distrust = this.distrust(trace);
    if (distrust !== null) pmem.forget();
    control.answer();
    this.underWay = 'unmount';
    return { trace, base: this.base, distrust };
  }

  /** Makes `base` and `final` equal to the file system in pmem. */
  private rememberBase(): void {
    const { pmem } = this.machine;
    const { length } = pmem.origin;
    if (this.base.bytes.length !== length) {
      this.base = new Mirror(new Uint8Array(length));
      this.final = new Mirror(new Uint8Array(length));
    }
    for (const copy of [this.base, this.final]) copy.follow(pmem);
  }

  /** Replays the trace into `final` and compares it with the guest's memory, while the guest waits. */
  private distrust(trace: RawTrace): string | null {
    const { count, first } = this.control.problems;
    replayStores(trace, this.final.bytes);
    if (this.control.overflow > 0) return `${this.control.overflow} records had no room`;
    if (count > 0) return `${count} events not followed: ${PROBLEMS[first] ?? first}`;
    const { bytes } = this.final;
    const difference = firstDifference(bytes, this.machine.pmem.bytes.subarray(0, bytes.length));
    return difference === null ? null : `pmem differs from its trace at byte ${difference}`;
  }

  /**
   * Mounts an image (the kernel recovers its journal) and reads every file. It is still being unmounted then.
   * @throws GuestFailure
   */
  check(image: Differing, mount: MountOptions): CheckResult {
    this.begin(image);
    this.mailbox.askCheck(mount);
    this.control.answer();
    const waited = this.wait('recovery', this.limitMs, true);
    const { mailbox } = this;
    this.checked = { type: mount.type, bytes: image.origin.length };
    if (waited === 'listed') {
      this.underWay = 'unmount after recovery';
      const answer = this.answer(mailbox.listedLog);
      return { ...answer, steps: { ...answer.steps, unmounted: 0 }, files: mailbox.files };
    }
    const answer = this.answer();
    this.ended = { ...answer, log: '', alarm: null };
    return { ...answer, files: [] };
  }

  /**
   * Runs e2fsck or xfs_repair, without changing anything, on what the last `check` has left: the image as the
   * kernel recovered and unmounted it. Null if it could not be mounted. As dear as the check itself.
   * @throws EnvironmentError when there is no such tool.
   */
  fsck(): ToolResult | null {
    const { checked } = this;
    assert(checked !== null, 'fsck comes after check, and nothing that mounts between them');
    const { mounted, unmounted } = this.settle().steps;
    if (mounted !== 0 || unmounted !== 0) return null;
    return checkImage(checked.type, this.machine.pmem.bytes.subarray(0, checked.bytes));
  }

  /** Names for the addresses in traces. */
  get symbols(): Symbols {
    if (this.symbolTable === null) {
      this.settle();
      this.mailbox.askRead('/proc/kallsyms');
      this.control.answer();
      this.expect(CALL.next, 'reading /proc/kallsyms');
      const { mounted: error } = this.mailbox.steps;
      assert(error === 0, () => `the agent reads /proc/kallsyms whole, error ${error}`);
      this.symbolTable = new Symbols(this.mailbox.content.toString('latin1'));
    }
    return this.symbolTable;
  }

  /** Ends QEMU; others can go on from what the guest was. @throws EnvironmentError or GuestFailure */
  save(): Snapshot {
    this.settle();
    this.mailbox.askPark();
    this.control.answer();
    return Guest.orStopped(this.machine, 'saving', () => this.machine.save());
  }

  /** Ends QEMU. */
  stop(): void {
    this.machine.stop();
  }
}

export interface PreparedResult extends Answer {
  readonly image: Differing;
}
