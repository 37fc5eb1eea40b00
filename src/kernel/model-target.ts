/**
 * The model kernel as a target: a preset, with the fixes of some catalogued bugs taken back.
 */
import { freshDisk } from '../media/layout.js';
import type { Dialect } from '../program/dialect.js';
import { MODEL_DIALECT, SHARING_DIALECT } from '../program/dialect.js';
import type { Program } from '../program/program.js';
import type { Switch } from '../schedule/schedule.js';
import type { Scheduler } from '../schedule/scheduler.js';
import type { FreshDisk } from '../media/layout.js';
import type { Alarm, Contract, Execution, StuckTask, Target } from '../target/target.js';
import { LINUX_CONTRACT, MODEL_PACE } from '../target/target.js';
import { Trace } from '../trace/trace.js';
import { bugByName } from './bugs.js';
import { execute } from './engine.js';
import { Refcounts } from './fs/refcounts.js';
import { Kernel } from './kernel.js';
import { LINUX } from './linux.js';
import { POINT, POINT_NAMES } from './points.js';
import { knobsOf, presetByName } from './presets.js';
import type { Knobs } from './variant.js';
import { withKnobs } from './variant.js';

/** What `--kernel` and `--bug` say, in canonical spelling. */
export interface KernelSpec {
  readonly kernel: string;
  /** Catalogue ids, each once, in the order given. */
  readonly bugs: readonly string[];
}

/** The file system: as ext4, or one that shares blocks besides, as XFS does. */
export type Profile = 'plain' | 'reflink';

export const profileOf = (filesystem: string): Profile =>
  filesystem.startsWith('xfs-reflink') ? 'reflink' : 'plain';

/** A bug of shared blocks brings the file system that has them. */
export function filesystemFor<Name extends string>(
  asked: Name,
  bugs: readonly string[],
): Name | 'xfs-reflink' {
  return bugs.some((id) => bugByName(id).sharedBlocks === true) ? 'xfs-reflink' : asked;
}

/** @throws UsageError for a kernel or bug that is not known. */
export function resolveKernel(kernel: string, bugs: readonly string[]): KernelSpec {
  presetByName(kernel);
  return { kernel, bugs: [...new Set(bugs.map((bug) => bugByName(bug).id))] };
}

export class ModelTarget implements Target {
  readonly pace = MODEL_PACE;
  readonly pointNames = POINT_NAMES;
  readonly dialect: Dialect;
  readonly contract: Contract;
  private readonly kernel = new Kernel(new Trace(), LINUX);
  private readonly switches: Switch[] = [];

  constructor(
    private readonly knobs: Knobs,
    contract: Contract = LINUX_CONTRACT,
    profile: Profile = 'plain',
  ) {
    this.contract = contract;
    this.dialect = profile === 'reflink' ? SHARING_DIALECT : MODEL_DIALECT;
    if (profile === 'reflink') this.kernel.sb.refcounts = new Refcounts();
  }

  static of(spec: KernelSpec, profile: Profile = 'plain'): ModelTarget {
    const bugs = spec.bugs.map(bugByName);
    const knobs = bugs.reduce(
      (sum, bug) => withKnobs(sum, bug.knobs),
      knobsOf(presetByName(spec.kernel)),
    );
    const contract = { tracksDma: bugs.some((bug) => bug.tracksDma === true) };
    return new ModelTarget(knobs, contract, profile);
  }

  execute(program: Program, scheduler: Scheduler): Execution & { readonly disk: FreshDisk } {
    const stuck = execute(this.kernel, program, scheduler, this.knobs, this.switches);
    const { trace } = this.kernel;
    const disk = freshDisk(program);
    const alarm = alarmOf(this.kernel, stuck);
    return { disk, trace, schedule: this.switches, stuck, alarm, discarded: null };
  }

  restart(): void {
    // Every execution begins with a fresh boot.
  }

  close(): void {
    // Nothing but memory.
  }
}

/**
 * A warning of the kernel about itself, or a wait that nobody can end. Who waits for a pin or a thaw waits
 * for the program, in which it may never come, and others queue behind that one: such a run is no failure.
 */
function alarmOf({ warning, mm }: Kernel, stuck: readonly StuckTask[]): Alarm | null {
  if (warning !== null) return { kind: 'warned', text: warning };
  const [first] = stuck;
  if (first === undefined) return null;
  const isPinned = mm.pinCounts.some((count) => count > 0);
  const waitsForProgram = ({ point }: StuckTask): boolean =>
    point === POINT['wait:thaw'] || (point === POINT['wait:page_idle'] && isPinned);
  if (stuck.some(waitsForProgram)) return null;
  return { kind: 'hung', text: `t${first.task} stays at ${POINT_NAMES[first.point]} for ever` };
}
