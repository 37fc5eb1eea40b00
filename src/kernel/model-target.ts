/**
 * The model kernel as a target: a preset or a module of the user's own, with the fixes of some catalogued
 * bugs taken back.
 */
import { freshDisk } from '../media/fresh.js';
import type { Dialect } from '../program/dialect.js';
import { MODEL_DIALECT, SHARING_DIALECT } from '../program/dialect.js';
import { makeOp } from '../program/op.js';
import type { Program } from '../program/program.js';
import type { Switch } from '../schedule/schedule.js';
import type { Scheduler } from '../schedule/scheduler.js';
import { StraightScheduler } from '../schedule/straight.js';
import type { FreshDisk } from '../media/fresh.js';
import { UsageError } from '../support/assert.js';
import type {
  Alarm,
  BrokenInvariant,
  Contract,
  Execution,
  Mark,
  Recovered,
  StuckTask,
  Target,
} from '../target/target.js';
import { LINUX_CONTRACT, MODEL_PACE } from '../target/target.js';
import { AT, EVENT } from '../trace/event.js';
import { Trace } from '../trace/trace.js';
import type { Bug } from './bugs.js';
import { bugByName } from './bugs.js';
import { execute } from './engine.js';
import { Refcounts } from './fs/refcounts.js';
import { KernelInspector } from './invariants/inspector.js';
import { Kernel } from './kernel.js';
import { LINUX } from './linux.js';
import { marksFor } from './marks.js';
import type { LoadedModule, ModuleId } from './module.js';
import { isModulePath, loadModule } from './module.js';
import { POINT, POINT_NAMES } from './points.js';
import { knobsOf, presetByName } from './presets.js';
import type { Runner } from './supervisor.js';
import { Supervisor } from './supervisor.js';
import { EUCLEAN } from './types.js';
import type { Knobs } from './variant.js';
import { withKnobs } from './variant.js';

/** What `--kernel` and `--bug` say, in canonical spelling. */
export interface KernelSpec {
  /** A preset, or the path of a module. */
  readonly kernel: string;
  /** Catalogue ids, each once, in the order given. */
  readonly bugs: readonly string[];
  /** Which text the module had. */
  readonly module?: ModuleId;
}

/** The file system: as ext4, as XFS, or as XFS that shares blocks. */
export type Profile = 'ext4' | 'xfs' | 'xfs-reflink';

export function profileOf(filesystem: string): Profile {
  if (filesystem.startsWith('xfs-reflink')) return 'xfs-reflink';
  return filesystem.startsWith('xfs') ? 'xfs' : 'ext4';
}

/** A bug that needs another file system than ext4 brings it. */
export function filesystemFor<Name extends string>(
  asked: Name,
  bugs: readonly string[],
): Name | 'xfs' | 'xfs-reflink' {
  const rows = bugs.map(bugByName);
  if (rows.some(({ sharedBlocks }) => sharedBlocks === true)) return 'xfs-reflink';
  return asked === 'ext4' && rows.some(({ onXfs }) => onXfs === true) ? 'xfs' : asked;
}

/** @throws UsageError for a kernel or bug that is not known, or a module that is none. */
export function resolveKernel(kernel: string, bugs: readonly string[]): KernelSpec {
  const ids = [...new Set(bugs.map((bug) => bugByName(bug).id))];
  if (isModulePath(kernel)) return { kernel, bugs: ids, module: loadModule(kernel).id };
  presetByName(kernel);
  return { kernel, bugs: ids };
}

/** The bugs that a kernel has: those asked for, and those that a module starts with. */
export function bugsOf(spec: KernelSpec): Bug[] {
  const own = spec.module === undefined ? [] : (loadModule(spec.kernel).variant.bugs ?? []);
  return [...own, ...spec.bugs].map(bugByName);
}

/** @throws UsageError when the file is not what it was when the kernel was named. */
function moduleOf({ kernel, module }: KernelSpec): LoadedModule | null {
  if (module === undefined) return null;
  const found = loadModule(kernel);
  if (found.id.sha256 === module.sha256) return found;
  throw new UsageError(`${kernel}: has changed while daxfuzz was using it; start again`);
}

export class ModelTarget implements Target {
  readonly pace = MODEL_PACE;
  readonly pointNames = POINT_NAMES;
  readonly dialect: Dialect;
  readonly contract: Contract;
  readonly marks: readonly Mark[];
  private readonly kernel: Kernel;
  private inspector: KernelInspector | null = null;
  /** Boots after a power failure. */
  private readonly recovering: Kernel;
  private readonly switches: Switch[] = [];
  private readonly supervisor: Supervisor | null;
  private stuck: readonly StuckTask[] = [];
  private readonly runner: Runner = {
    switches: this.switches,
    run: (program, scheduler) => this.run(program, scheduler),
    hash: () => this.kernel.trace.hash(),
  };

  constructor(
    private readonly knobs: Knobs,
    contract: Contract = LINUX_CONTRACT,
    profile: Profile = 'ext4',
    module: LoadedModule | null = null,
  ) {
    this.supervisor = module === null ? null : new Supervisor(module, LINUX);
    this.kernel = new Kernel(new Trace(), this.supervisor?.functions ?? LINUX);
    this.recovering = new Kernel(new Trace(), this.supervisor?.functions ?? LINUX);
    this.contract = contract;
    const shares = profile === 'xfs-reflink';
    this.dialect = shares ? SHARING_DIALECT : MODEL_DIALECT;
    this.marks = marksFor(shares);
    for (const { sb } of [this.kernel, this.recovering]) {
      sb.type = profile === 'ext4' ? 'ext4' : 'xfs';
      if (shares) sb.refcounts = new Refcounts();
    }
  }

  static of(spec: KernelSpec, profile: Profile = 'ext4'): ModelTarget {
    const module = moduleOf(spec);
    const base = module === null ? spec.kernel : (module.variant.base ?? 'mainline');
    const preset = presetByName(base);
    const bugs = bugsOf(spec);
    const knobs = bugs.reduce((sum, bug) => withKnobs(sum, bug.knobs), knobsOf(preset));
    const contract = { tracksDma: [preset, ...bugs].some((row) => row.tracksDma === true) };
    return new ModelTarget(knobs, contract, profile, module);
  }

  /** From now on the kernel's invariants are looked at, and executions say which did not hold. */
  checkInvariants(): this {
    this.inspector = new KernelInspector(this.kernel);
    this.kernel.inspector = this.inspector;
    return this;
  }

  execute(program: Program, scheduler: Scheduler): Execution & { readonly disk: FreshDisk } {
    if (this.supervisor === null) this.run(program, scheduler);
    else this.supervisor.execute(this.runner, program, scheduler);
    const { trace } = this.kernel;
    const { stuck } = this;
    const disk = freshDisk(program);
    const alarm = alarmOf(this.kernel, stuck);
    const broken = this.inspector?.broken ?? NONE_BROKEN;
    const { marks, points } = this.kernel;
    const { switches: schedule } = this;
    return { disk, trace, schedule, stuck, alarm, broken, points, marks, discarded: null };
  }

  readonly recoverMetadata = (program: Program, metadata: Uint8Array): Recovered => {
    const mounting: Program = { ...program, threads: [[makeOp('mount')]], spawnAfter: 1 };
    const { trace } = this.recovering;
    execute(this.recovering, mounting, new StraightScheduler(), this.knobs, [], metadata);
    const returned = trace.kind(trace.length - 1) === EVENT.op_exit;
    // Who never returns has not recovered either.
    return {
      trace,
      result: returned ? trace.argument(trace.length - 1, AT.op_exit.result) : EUCLEAN,
    };
  };

  watch<T>(body: () => T): T | null {
    return this.supervisor === null ? body() : this.supervisor.watch(this.runner, body);
  }

  blame(error: unknown): unknown {
    return this.supervisor === null ? error : this.supervisor.blame(error);
  }

  restart(): void {
    // Every execution begins with a fresh boot.
  }

  close(): void {
    // Nothing but memory.
  }

  private run(program: Program, scheduler: Scheduler): void {
    this.inspector?.reset();
    this.stuck = execute(this.kernel, program, scheduler, this.knobs, this.switches);
  }
}

const NONE_BROKEN: readonly BrokenInvariant[] = [];

/**
 * A warning of the kernel about itself, or a wait that nobody can end. Who waits for a pin or a thaw waits
 * for the program, in which it may never come, and others queue behind that one: such a run is no failure.
 */
function alarmOf({ oops, warning, mm, knobs }: Kernel, stuck: readonly StuckTask[]): Alarm | null {
  if (oops !== null) return { kind: 'crashed', text: oops };
  if (warning !== null) return { kind: 'warned', text: warning };
  const [first] = stuck;
  if (first === undefined) return null;
  const isPinned = mm.isAnyPinned();
  const waitsForProgram = ({ point }: StuckTask): boolean => {
    if (point === POINT['wait:thaw']) return true;
    if (point === POINT['wait:pagemap'] && knobs.mappingsHoldReferences) return true;
    return isPinned && (point === POINT['wait:page_idle'] || point === POINT['wait:pagemap']);
  };
  if (stuck.some(waitsForProgram)) return null;
  return { kind: 'hung', text: `t${first.task} stays at ${POINT_NAMES[first.point]} for ever` };
}
