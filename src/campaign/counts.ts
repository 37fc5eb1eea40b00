/** What a batch of executions adds up to, and a campaign out of its batches; named as in the JSON. */
import type { Program } from '../program/program.js';
import { opCount } from '../program/program.js';
import type { Outcome } from '../run.js';

export interface Counts {
  executions: number;
  operations: number;
  events: number;
  /** Power cuts decided, each with all its survivor sets. */
  crashPoints: number;
  /** log2 of the number of crash states at the cut that had the most. */
  crashStatesLog2Max: number;
  /** Calls that promised durability, returned success, and were decided. */
  promisesDecided: number;
  /** Executions that ended with a thread waiting for ever (for a pin that nobody releases, say). */
  stuckExecutions: number;
  /** Executions whose trace could not be trusted; nothing of them was judged. */
  executionsDiscarded: number;
  /** Programs that were drawn and not run, for they do what is known to stop a real kernel. */
  programsSkipped: number;
  /** Runs of the model's recovery, and the power cuts in them that were decided. */
  recoveries: number;
  recoveryCuts: number;
  /** Crash images that a real kernel was to mount, and those among them that were new and were mounted. */
  crashImages: number;
  crashImagesMounted: number;
  /** Suspicions of the fast checker that the image did not bear out. */
  unconfirmed: number;
  /** Violations with a signature that had been found already. */
  repeats: number;
  /** Milliseconds, of all workers, that went to findings: running them again, minimising, writing them up. */
  findingsMs: number;
}

export function noCounts(): Counts {
  return {
    executions: 0,
    operations: 0,
    events: 0,
    crashPoints: 0,
    crashStatesLog2Max: 0,
    promisesDecided: 0,
    stuckExecutions: 0,
    executionsDiscarded: 0,
    programsSkipped: 0,
    recoveries: 0,
    recoveryCuts: 0,
    crashImages: 0,
    crashImagesMounted: 0,
    unconfirmed: 0,
    repeats: 0,
    findingsMs: 0,
  };
}

/** Adds one execution but for its number. */
export function countOutcome(
  counts: Counts,
  program: Program,
  { execution, verdict }: Outcome,
): void {
  counts.operations += opCount(program);
  counts.events += execution.trace.length;
  counts.crashPoints += verdict.crashPoints;
  counts.crashStatesLog2Max = Math.max(counts.crashStatesLog2Max, verdict.statesLog2Max);
  counts.promisesDecided += verdict.promises;
  counts.stuckExecutions += execution.stuck.length > 0 ? 1 : 0;
  counts.executionsDiscarded += execution.discarded === null ? 0 : 1;
  counts.recoveries += verdict.recoveries;
  counts.recoveryCuts += verdict.recoveryCuts;
  counts.crashImages += verdict.images;
  counts.crashImagesMounted += verdict.imagesMounted;
  counts.unconfirmed += verdict.unconfirmed;
  counts.repeats += verdict.repeats;
}

/** Adds to `totals`: all are sums but the largest cut. */
export function addCounts(totals: Counts, more: Readonly<Counts>): void {
  const largest = Math.max(totals.crashStatesLog2Max, more.crashStatesLog2Max);
  for (const name of Object.keys(totals) as (keyof Counts)[]) totals[name] += more[name];
  totals.crashStatesLog2Max = largest;
}
