/**
 * A real Linux kernel as a target: boots when a guest is first needed, goes on from there again when one has
 * died, makes the files of a program once and keeps the image, and mounts crash images in the same guest.
 */
import type { OpaqueDisk, RecoveredFiles, Recovery } from '../media/disk.js';
import type { Differing } from '../media/mirror.js';
import { original } from '../media/mirror.js';
import { KERNEL_DIALECT } from '../program/dialect.js';
import type { Program } from '../program/program.js';
import { FILE_NAMES } from '../program/program.js';
import type { Scheduler } from '../schedule/scheduler.js';
import { EnvironmentError, UsageError } from '../support/assert.js';
import type { FilesystemName, RealSettings } from '../target/real.js';
import type { Alarm, Contract, Execution, Mark, Pace, Target } from '../target/target.js';
import { LINUX_CONTRACT, REAL_PACE } from '../target/target.js';
import { Trace } from '../trace/trace.js';
import type { Filesystem } from './filesystem.js';
import { FILESYSTEMS, makeFilesystem } from './filesystem.js';
import type { RunResult } from './guest.js';
import { DEFAULT_GUEST, Guest, GuestFailure } from './guest.js';
import { guestProgram } from './guest-program.js';
import { complaintIn } from './kernel-log.js';
import type { FoundFile } from './mailbox.js';
import { SeenImages } from './seen-images.js';
import type { Snapshot } from './snapshot.js';
import { translate } from './translate.js';

export interface QemuOptions extends RealSettings {
  /** A vmlinuz file. */
  readonly kernel: string;
  readonly filesystem: FilesystemName;
}

/** Runs of a guest before it is replaced for a warning: a fresh one takes as long as some twenty. */
const RUNS_WORTH_A_GUEST = 100;
/** Images with files in them that are kept; nine of ten random programs find theirs. */
const PREPARED_MAX = 64;
/** Guests that are killed in a row. */
const KILLED_MAX = 3;

export class QemuTarget implements Target {
  readonly pace: Pace;
  readonly contract: Contract = LINUX_CONTRACT;
  readonly dialect = KERNEL_DIALECT;
  readonly pointNames: readonly string[] = [];
  readonly marks: readonly Mark[] = [];
  /** Of a guest that has booted and done nothing yet: all guests go on from it. */
  private snapshot: Snapshot | null = null;
  private guest: Guest | null = null;
  /** Programs that it has run. */
  private runs = 0;
  private readonly filesystem: Filesystem;
  private empty: Differing | null = null;
  private readonly prepared = new Map<string, Differing>();
  /** Files that a program has had. */
  private readonly wantedBefore = new Set<string>();
  private readonly seen = new SeenImages();
  private readonly trace = new Trace();
  /** Of the execution under way: what the kernel said, or how it ended. */
  private alarm: Alarm | null = null;
  /** By the address of an instruction, whether its write-backs are left out. */
  private readonly ignored = new Map<bigint, boolean>();

  constructor(private readonly options: QemuOptions) {
    this.filesystem = FILESYSTEMS[options.filesystem];
    this.pace = { ...REAL_PACE, attempts: options.icountShift === null ? REAL_PACE.attempts : 1 };
  }

  /** @throws UsageError for a program that this kernel cannot run, EnvironmentError without a guest. */
  execute(program: Program, _scheduler: Scheduler): Execution {
    const threads = program.threads.filter((ops) => ops.length > 0).length;
    if (threads > this.options.cpus) {
      throw new UsageError(
        `the program has ${threads} threads, the guest ${this.options.cpus} CPU`,
      );
    }
    const wanted = guestProgram(program);
    this.alarm = null;
    try {
      return this.inGuest((guest) => {
        const { image, prepared } = this.imageFor(guest, wanted.files);
        const result = guest.run(image, this.filesystem.mount, wanted, prepared);
        this.runs++;
        return this.execution(program, result);
      });
    } catch (error) {
      if (!(error instanceof GuestFailure)) throw error;
      this.noteFailure(error);
      return this.withoutTrace(null);
    }
  }

  /** What killed a guest says nothing of its kernel: another one is asked. @throws EnvironmentError */
  private inGuest<T>(ask: (guest: Guest) => T): T {
    for (let killed = 0; ;) {
      try {
        return ask(this.running());
      } catch (error) {
        if (!isKilled(error)) throw error;
        this.abandon();
        if (++killed === KILLED_MAX) {
          throw new EnvironmentError(
            `${error.message}, ${killed} guests in a row: has the machine memory enough?`,
          );
        }
      }
    }
  }

  private noteFailure(error: GuestFailure): void {
    this.abandon();
    if (error.kind === 'killed') return;
    const kind = error.kind === 'hung' ? 'hung' : 'crashed';
    this.alarm = { kind, text: textOf(error) };
  }

  /** Waits for what the guest still does after a program or an image: it may complain there, too. */
  private settle(): void {
    if (this.guest === null) return;
    try {
      const { alarm } = this.guest.settle();
      if (alarm === null) return;
      this.alarm ??= { kind: 'warned', text: alarm };
      this.replaceIf(alarm);
    } catch (error) {
      if (!(error instanceof GuestFailure)) throw error;
      this.noteFailure(error);
    }
  }

  /** Instruction counting repeats what the n-th command after a boot does, given the same images. */
  restart(): void {
    this.abandon();
    this.seen.clear();
    if (this.options.icountShift !== null) this.prepared.clear();
  }

  watch<T>(body: () => T): T {
    return body();
  }

  blame(error: unknown): unknown {
    return error;
  }

  close(): void {
    this.abandon();
    this.snapshot?.close();
    this.snapshot = null;
  }

  /** The next one is fresh. */
  private abandon(): void {
    this.guest?.stop();
    this.guest = null;
  }

  /** A kernel that has warned may have broken state, of which later programs would suffer. */
  private replaceIf(alarm: string | null): void {
    if (alarm !== null && this.runs >= RUNS_WORTH_A_GUEST) this.abandon();
  }

  private running(): Guest {
    if (this.guest === null) {
      const { kernel, cpus, icountShift } = this.options;
      const options = { ...DEFAULT_GUEST, kernel, cpus, icountShift };
      this.snapshot ??= Guest.boot(options).save();
      this.guest = Guest.resume(options, this.snapshot);
      this.runs = 0;
    }
    return this.guest;
  }

  /** A file system, and whether the program's files are in it: made once if they are wanted again. */
  private imageFor(guest: Guest, files: Program['files']): { image: Differing; prepared: boolean } {
    const key = JSON.stringify(files);
    const known = this.prepared.get(key);
    if (known !== undefined) {
      this.prepared.delete(key); // and put back as the one that was used last
      this.prepared.set(key, known);
      return { image: known, prepared: true };
    }
    this.empty ??= original(makeFilesystem(this.filesystem));
    if (this.options.icountShift === null && !this.wantedBefore.has(key)) {
      this.wantedBefore.add(key);
      return { image: this.empty, prepared: false };
    }
    const { image, steps } = guest.prepare(this.empty, this.filesystem.mount, files);
    if (steps.mounted !== 0) {
      throw new EnvironmentError(
        `${guest.kernelVersion} does not mount ${this.options.filesystem} with DAX (error ${-steps.mounted})`,
      );
    }
    if (steps.prepared !== 0) {
      throw new UsageError(`the files of the program cannot be made (error ${-steps.prepared})`);
    }
    const [oldest] = this.prepared.keys();
    if (this.prepared.size >= PREPARED_MAX && oldest !== undefined) this.prepared.delete(oldest);
    this.prepared.set(key, image);
    return { image, prepared: true };
  }

  private execution(program: Program, result: RunResult): Execution {
    const { trace: raw, base, distrust } = result;
    if (raw === null) {
      const { mounted } = this.running().settle().steps;
      throw new EnvironmentError(`mounting failed (error ${-mounted})`);
    }
    if (distrust !== null) {
      this.settle();
      return this.withoutTrace(distrust);
    }
    const { layout, metadata } = translate(raw, program, this.trace, {
      content: base.bytes,
      ignoresFlush: (pc) => this.ignoresFlush(pc),
    });
    const disk: OpaqueDisk = {
      kind: 'opaque',
      layout,
      metadata,
      content: base,
      atomicBytes: this.options.atomicBytes,
      mount: (crashed) => this.mount(crashed),
    };
    return this.executed(disk, null);
  }

  private executed(disk: OpaqueDisk | null, discarded: string | null): Execution {
    const alarmNow = (): Alarm | null => {
      this.settle();
      return this.alarm;
    };
    return {
      disk,
      trace: this.trace,
      schedule: [],
      stuck: [],
      get alarm() {
        return alarmNow();
      },
      broken: [],
      points: 0,
      marks: [],
      discarded,
    };
  }

  private ignoresFlush(pc: bigint): boolean {
    const { ignoreFlush } = this.options;
    if (ignoreFlush === null) return false;
    let ignored = this.ignored.get(pc);
    if (ignored === undefined) {
      if (!this.running().symbols.has(ignoreFlush)) {
        throw new EnvironmentError(`--ignore-flush: this kernel has no function "${ignoreFlush}"`);
      }
      ignored = this.running().symbols.at(pc) === ignoreFlush;
      this.ignored.set(pc, ignored);
    }
    return ignored;
  }

  private withoutTrace(discarded: string | null): Execution {
    this.trace.clear();
    return this.executed(null, discarded);
  }

  private mount(crashed: Differing): Recovery {
    const key = this.seen.keyOf(crashed);
    const known = this.seen.get(key);
    if (known !== undefined) return { files: known, isNew: false };
    this.settle();
    const files = this.recover(crashed);
    if (typeof files !== 'string') this.seen.put(key, files);
    return { files, isNew: true };
  }

  private recover(crashed: Differing): RecoveredFiles | string {
    try {
      const { mount } = this.filesystem;
      const { steps, files, alarm, log } = this.inGuest((guest) => guest.check(crashed, mount));
      this.replaceIf(alarm);
      if (steps.mounted !== 0) {
        return `mount fails with error ${-steps.mounted}: ${complaintIn(log)}`;
      }
      if (alarm !== null) return `the kernel complains: ${alarm}`;
      const broken = files.find(({ error }) => error !== 0);
      if (broken !== undefined) return `reading ${broken.name} fails with error ${-broken.error}`;
      return new MountedFiles(files);
    } catch (error) {
      if (!(error instanceof GuestFailure)) throw error;
      this.abandon();
      return textOf(error);
    }
  }
}

const isKilled = (error: unknown): error is GuestFailure =>
  error instanceof GuestFailure && error.kind === 'killed';

/** The failure, with the line of the console that says most. */
function textOf(failure: GuestFailure): string {
  const telling = /.*(BUG|WARNING|Oops|panic|general protection|Call Trace).*/i.exec(
    failure.console,
  );
  return telling === null ? failure.message : `${failure.message}: ${telling[0].trim()}`;
}

/** Files as the guest read them after recovery. */
class MountedFiles implements RecoveredFiles {
  private readonly contents: readonly (FoundFile | undefined)[];

  constructor(found: readonly FoundFile[]) {
    this.contents = FILE_NAMES.map((name) => found.find((file) => file.name === name));
  }

  sizeOf(ino: number): number {
    return this.contents[ino]?.size ?? 0;
  }

  /** The agent does not report them. */
  timesOf(): null {
    return null;
  }

  byteOf(ino: number, offset: number): number {
    return this.contents[ino]?.content[offset] ?? 0;
  }

  isZero(ino: number, from: number, to: number): boolean {
    const content = this.contents[ino]?.content.subarray(from, to) ?? new Uint8Array(0);
    return content.every((byte) => byte === 0);
  }
}
