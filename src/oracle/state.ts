/**
 * What the rules of the fast checker share while a trace is being folded: the file system's view, the
 * persistency history, and the verdict so far.
 */
import { buildImage, writeSurvivors } from '../crash/plan.js';
import type { CrashPlan, ShortUnit } from '../crash/plan.js';
import { recoverFiles } from '../crash/recover.js';
import type { Disk, OpaqueDisk, RecoveredFiles } from '../media/disk.js';
import type { Image } from '../media/image.js';
import type { Layout } from '../media/layout.js';
import { Mirror } from '../media/mirror.js';
import type { PersistencyOptions } from '../persistency/history.js';
import { PersistHistory } from '../persistency/history.js';
import type { Program } from '../program/program.js';
import type { BrokenInvariant, Contract, Recovered } from '../target/target.js';
import type { Trace } from '../trace/trace.js';
import { Expectation } from './expectation.js';
import type { Mechanism } from './mechanism.js';
import type { Candidate, PromiseId, PromiseMade, Violation } from './promise.js';
import { symptomOf } from './symptom.js';
import { FileView } from './view.js';
import { empty } from '../support/lists.js';

export interface JudgeOptions extends PersistencyOptions {
  readonly contract: Contract;
  /**
   * Signatures that need no confirmation because a finding with them exists: such candidates are only
   * counted. A campaign on a buggy kernel meets the same bug thousands of times. `symptom` as in symptom.ts.
   */
  readonly isKnown: (promise: PromiseId, mechanism: Mechanism, symptom: string) => boolean;
  /**
   * Report each broken call (and each exposed file), not each signature once: for comparing with the
   * brute-force checker, which knows no mechanisms.
   */
  readonly everyInstance: boolean;
  /** Crash images of an opaque disk that are drawn. */
  readonly images: number;
  /** What the kernel under test does at mount; where it is not asked, nothing is known of that. */
  readonly recover?: ((metadata: Uint8Array) => Recovered) | undefined;
  /** Beside those, all states of an opaque disk that were certain at some cut. */
  readonly closely?: Closely | undefined;
  /** Whether invariants of the running kernel are checked, too. */
  readonly invariants?: boolean;
}

/** What an execution is looked at closely for. */
export interface Closely {
  /** Crashes that showed something in another run of the program. */
  readonly plans: readonly CrashPlan[];
  /** Whether mounting, which is dear, ends with the first violation. */
  readonly stopsAtFirst: boolean;
}

/** What callers choose; the rest is of the run. */
export type Confirmation = Pick<
  JudgeOptions,
  'isKnown' | 'everyInstance' | 'images' | 'closely'
> & {
  /** Whether recovery is run, where the target has it, and power fails again in it. */
  readonly recovers?: boolean;
};

/** Of failures that show only where a part survives: enough for them to show again. */
export const IMAGES_THOROUGH = 16;

export const CONFIRM_ALL: Confirmation = Object.freeze({
  isKnown: () => false,
  everyInstance: false,
  images: IMAGES_THOROUGH,
  closely: { plans: [], stopsAtFirst: false },
  recovers: true,
});

/** Where many programs are run, and none is expected to fail. */
export const CONFIRM_SAMPLED: Confirmation = Object.freeze({
  isKnown: () => false,
  everyInstance: false,
  images: IMAGES_THOROUGH,
});

export interface Verdict {
  readonly violations: Violation[];
  /** Candidates with a known signature, not confirmed. */
  repeats: number;
  /** Candidates whose image showed nothing wrong. */
  unconfirmed: number;
  /** Power cuts decided: one after each event and one before the first. */
  crashPoints: number;
  /** log2 of the number of crash states at the cut with the most. */
  statesLog2Max: number;
  /** Crash states of all cuts together; beyond the range of a number, Infinity. */
  states: number;
  /** Promises that returned success and were decided. */
  promises: number;
  /** Invariants that the trace shows not to hold. */
  readonly broken: BrokenInvariant[];
  /** Runs of recovery, and the power cuts in them that were decided. */
  recoveries: number;
  recoveryCuts: number;
  /** Images of opaque disks that were drawn, and those of any use that were new and mounted. */
  images: number;
  imagesMounted: number;
}

/** Of a trace without events, or of one that nobody looked at. */
export function noVerdict(): Verdict {
  return {
    violations: [],
    repeats: 0,
    unconfirmed: 0,
    crashPoints: 0,
    statesLog2Max: 0,
    states: 0,
    promises: 0,
    broken: [],
    recoveries: 0,
    recoveryCuts: 0,
    images: 0,
    imagesMounted: 0,
  };
}

export const ASTRAY = {
  no: 0,
  /** A store went to a block that the page does not have. */
  freedBlock: 1,
  /** A fault zeroed bytes of the file. */
  zeroed: 2,
  /** A copy meant for a block that no file has yet went over bytes of the file. */
  copied: 3,
} as const;

/** Instead of the call that has filled a block since it came to a page. */
export const NO_FILLER = -2;
export const TWO_FILLERS = -3;

export function astrayBy(astray: number): Mechanism {
  if (astray === ASTRAY.zeroed) return 'zeroed-by-fault';
  return astray === ASTRAY.copied ? 'overwritten-by-copy' : 'store-reached-freed-block';
}

/** What the rules share while a trace is being folded. */
export class JudgeState {
  readonly view = new FileView();
  readonly history: PersistHistory;
  program!: Program;
  disk!: Disk;
  layout!: Layout;
  trace!: Trace;
  options!: JudgeOptions;
  verdict!: Verdict;
  /** Promises that were made and held at the cut of their return. */
  readonly kept: { promise: PromiseId; made: PromiseMade }[] = [];
  /** Blocks that may hold bytes that are not their owner's: promises about them are checked by bytes. */
  tainted = new Uint8Array(0);
  /** For each block, the call that has written to it for whoever will have it, or one of those above. */
  filledBy = new Int32Array(0);
  /** For each page (over all files), an ASTRAY: its block may not hold what was last written to it. */
  astray = new Uint8Array(0);
  private expectationOrNull: Expectation | null = null;
  /** The last crash image of an opaque disk. */
  private crashed = new Mirror();

  constructor(media: Image) {
    this.history = new PersistHistory(media);
  }

  reset(program: Program, trace: Trace, disk: Disk, options: JudgeOptions): void {
    this.program = program;
    this.disk = disk;
    this.trace = trace;
    this.options = options;
    this.layout = disk.layout;
    this.view.reset(program, disk, trace);
    this.history.reset(disk, trace, options);
    this.expectationOrNull = null;
    empty(this.kept);
    const { blockCount } = program.geometry;
    if (this.tainted.length !== blockCount) this.tainted = new Uint8Array(blockCount);
    this.tainted.fill(0);
    if (this.filledBy.length !== blockCount) this.filledBy = new Int32Array(blockCount);
    this.filledBy.fill(NO_FILLER);
    if (this.astray.length !== this.view.blocks.length) {
      this.astray = new Uint8Array(this.view.blocks.length);
    }
    this.astray.fill(0);
    this.verdict = noVerdict();
    this.verdict.crashPoints = trace.length + 1;
  }

  /** The plain definition, built from the whole trace when it is first asked for. */
  expectation(): Expectation {
    this.expectationOrNull ??= new Expectation(
      this.program,
      this.disk,
      this.trace,
      this.options.contract,
    );
    return this.expectationOrNull;
  }

  /** The files after a power failure; a string says why the disk could not be recovered. */
  recover(plan: CrashPlan): RecoveredFiles | string {
    if (this.disk.kind === 'opaque') return this.mount(this.disk, plan);
    return recoverFiles(this.layout, buildImage(this.history, plan));
  }

  /** All of a block's stores, and then each unit of it cut short in every way that it can be. */
  survivors(block: number): ShortUnit[][] {
    const { history, layout } = this;
    const { pageSize } = layout.geometry;
    const shorts: ShortUnit[][] = [[]];
    const first = (layout.dataStart + block * pageSize) >> history.unitShift;
    for (let unit = first; unit < first + (pageSize >> history.unitShift); unit++) {
      const visible = history.visible[unit] as number;
      for (let kept = history.durable[unit] as number; kept < visible; kept++) {
        shorts.push([{ unit, kept }]);
      }
    }
    return shorts;
  }

  private mount(disk: OpaqueDisk, plan: CrashPlan): RecoveredFiles | string {
    const { differing } = this.history.media;
    const { length } = differing.origin;
    if (this.crashed.bytes.length !== length) this.crashed = new Mirror(new Uint8Array(length));
    this.crashed.follow(differing);
    writeSurvivors(this.history, plan, this.crashed.bytes);
    const { files, isNew } = disk.mount(this.crashed);
    if (isNew) this.verdict.imagesMounted++;
    return files;
  }

  /** True (and counted) if such a violation has been reported, by this verdict or before. */
  isRepeat(
    promise: PromiseId,
    mechanism: Mechanism,
    op: number,
    ino: number,
    symptom = '',
  ): boolean {
    const { everyInstance, isKnown } = this.options;
    const reported = this.verdict.violations.some((violation) => {
      if (violation.promise !== promise || symptomOf(violation) !== symptom) return false;
      if (!everyInstance) return violation.mechanism === mechanism;
      if (violation.plan === null) return false; // the brute-force checker looks at crash states only
      return promise === 'P9' ? violation.ino === ino : violation.op === op;
    });
    if (!reported && !isKnown(promise, mechanism, symptom)) return false;
    this.verdict.repeats++;
    return true;
  }

  report(candidate: Candidate, plan: CrashPlan | null): void {
    this.verdict.violations.push({ ...candidate, plan });
  }
}
