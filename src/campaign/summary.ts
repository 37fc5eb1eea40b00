/** What a campaign came to, drawn or exhaustive; named as in the JSON of `run`. */
import type { KernelSpec } from '../kernel/model-target.js';
import type { ModuleId } from '../kernel/module.js';
import type { Settings } from '../run.js';
import { VERSION } from '../support/version.js';
import type { RealSettings } from '../target/real.js';
import type { Counts } from './counts.js';
import type { SummaryFinding } from './filing.js';
import type { SchedulerName } from './messages.js';
import type { SweepSummary } from './sweep-counts.js';

/** A rare but legal branch of the kernel, and the executions that took it. */
export interface MarkCount {
  readonly name: string;
  executions: number;
}

export interface CampaignSummary extends Omit<Settings, 'real' | 'invariants'>, Readonly<Counts> {
  readonly invariants: boolean;
  /** Null for the model. */
  readonly real: RealSettings | null;
  readonly format: 1;
  readonly daxfuzz: string;
  readonly kernel: string;
  readonly bugs: readonly string[];
  /** Null for kernels that the model has, and real ones. */
  readonly module: ModuleId | null;
  readonly scheduler: SchedulerName;
  readonly guidance: boolean;
  readonly seed: string;
  readonly workers: number;
  readonly elapsedMs: number;
  readonly executionsPerSecond: number;
  readonly coverage: number;
  readonly corpus: number;
  /** What can be taken on this kernel and file system, and how often it was. */
  readonly marks: readonly Readonly<MarkCount>[];
  /** Null for a campaign that draws its programs. */
  readonly exhaustive: SweepSummary | null;
  /** Workers that died; their last batches are not in the numbers. */
  readonly workersLost: number;
  readonly findings: readonly SummaryFinding[];
}

/** What is to be known of how a campaign was begun. */
interface Begun {
  readonly kernel: KernelSpec;
  readonly settings: Settings;
  readonly scheduler: SchedulerName;
  readonly guidance: boolean;
  readonly seed: string;
  readonly workers: number;
}

/** What the kinds of campaign come to in ways of their own. */
type Found = Pick<
  CampaignSummary,
  'coverage' | 'corpus' | 'marks' | 'exhaustive' | 'workersLost' | 'findings'
>;

/** `elapsed` in milliseconds. */
export function summaryOf(
  { kernel, settings, scheduler, guidance, seed, workers }: Begun,
  counts: Counts,
  elapsed: number,
  found: Found,
): CampaignSummary {
  const elapsedMs = Math.round(elapsed);
  return {
    format: 1,
    daxfuzz: VERSION,
    kernel: kernel.kernel,
    bugs: kernel.bugs,
    module: kernel.module ?? null,
    ...settings,
    invariants: settings.invariants === true,
    real: settings.real ?? null,
    scheduler,
    guidance,
    seed,
    workers,
    elapsedMs,
    executionsPerSecond: elapsedMs === 0 ? 0 : Math.round((counts.executions * 1000) / elapsedMs),
    ...counts,
    crashStatesLog2Max: Math.round(counts.crashStatesLog2Max),
    findingsMs: Math.round(counts.findingsMs),
    ...found,
  };
}
