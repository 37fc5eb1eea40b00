/**
 * What a campaign executes: its first worker's stream over again, with each program counted on its way to
 * the target. The stream is a function of the seed, so these are the programs that a campaign of one worker
 * is timed on, and timing them costs it nothing.
 */
import { Fuzzer } from '../../src/campaign/fuzzer.js';
import type { WorkerSetup } from '../../src/campaign/messages.js';
import { COVERAGE_PLACES } from '../../src/coverage/place.js';
import { ModelTarget } from '../../src/kernel/model-target.js';
import type { Program } from '../../src/program/program.js';
import { opCount, threadCount } from '../../src/program/program.js';
import { DEFAULT_SETTINGS } from '../../src/run.js';
import { Defect } from '../../src/support/assert.js';
import { KERNEL, SEED, seedPrograms } from './campaign.js';
import type { Workload } from './workloads.js';
import { isWanted } from './workloads.js';

export interface Census {
  readonly executions: number;
  readonly operations: number;
  /** Threads with something to do, over all executions. */
  readonly threads: number;
  /** Executions of programs that the goal of the whole line speaks of. */
  readonly wanted: number;
}

function setupOf({ threadsMax, opsMax }: Workload): WorkerSetup {
  return {
    kernel: { kernel: KERNEL, bugs: [] },
    settings: DEFAULT_SETTINGS,
    seed: SEED,
    scheduler: 'mixed',
    guidance: true,
    minimize: true,
    threadsMax,
    opsMax,
    corpus: seedPrograms(),
    workers: 1,
    coverage: new SharedArrayBuffer(COVERAGE_PLACES),
    numbering: new SharedArrayBuffer(4),
    stopping: new SharedArrayBuffer(4),
    stopOnFirst: false,
  };
}

/** Of the executions after the first `skipped`. */
export function takeCensus(workload: Workload, skipped: number, executions: number): Census {
  const census = { executions: 0, operations: 0, threads: 0, wanted: 0 };
  const count = (program: Program): void => {
    census.executions++;
    census.operations += opCount(program);
    census.threads += threadCount(program);
    if (isWanted(program)) census.wanted++;
  };
  const fuzzer = new Fuzzer(setupOf(workload), 0, (length) => new Uint8Array(length));
  const run = (batch: number): void => {
    const answer = fuzzer.batch({ executions: batch, known: [], corpus: [] });
    if (answer.kind !== 'done') throw new Defect(`the census is void: ${answer.message}`);
  };
  run(skipped);
  watchExecutions(count, () => run(executions));
  return census;
}

/** Every model target tells `watch` of its programs while `body` runs. */
function watchExecutions(watch: (program: Program) => void, body: () => void): void {
  const { prototype } = ModelTarget;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with the target as `this`
  const { execute } = prototype;
  prototype.execute = function (program, scheduler) {
    watch(program);
    return execute.call(this, program, scheduler);
  };
  try {
    body();
  } finally {
    prototype.execute = execute;
  }
}
