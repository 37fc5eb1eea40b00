/**
 * Where the time of an execution goes: the steps of campaign/fuzzer.ts in one thread, each with a clock
 * around it. Without batches, files of the corpus and messages between threads.
 */
import { Corpus } from '../../src/corpus/corpus.js';
import { COVERAGE_PLACES, FeatureCollector } from '../../src/coverage/features.js';
import { ModelTarget } from '../../src/kernel/model-target.js';
import { Image } from '../../src/media/image.js';
import { mappedFileMedia } from '../../src/media/mapped-file.js';
import { Judge } from '../../src/oracle/judge.js';
import { CONFIRM_ALL } from '../../src/oracle/state.js';
import { DEFAULT_GENERATE, ProgramGenerator } from '../../src/program/generate.js';
import { mutate } from '../../src/program/mutate.js';
import type { Program } from '../../src/program/program.js';
import { parseProgram } from '../../src/program/text.js';
import { DEFAULT_SETTINGS } from '../../src/run.js';
import { PctScheduler } from '../../src/schedule/pct.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import type { Scheduler } from '../../src/schedule/scheduler.js';
import { chance } from '../../src/support/choice.js';
import { Prng } from '../../src/support/prng.js';
import { KERNEL, SEED, seedPrograms } from './campaign.js';

export const STAGES = ['draw', 'execute', 'judge', 'coverage'] as const;
export type Stage = (typeof STAGES)[number];

/** Microseconds of a mean execution. */
export type StageTimes = Readonly<Record<Stage, number>>;

export const STAGE_EXECUTIONS = 6000;

export class StageLine {
  private readonly target = ModelTarget.of({ kernel: KERNEL, bugs: [] });
  private readonly judge = new Judge(new Image(mappedFileMedia('bench')));

  /** The same executions each time. */
  measure(executions = STAGE_EXECUTIONS): StageTimes {
    const choice = Prng.fromSeed(BigInt(SEED));
    const schedulers = [new RandomScheduler(choice.split()), new PctScheduler(choice.split())];
    const generator = new ProgramGenerator(DEFAULT_GENERATE);
    const features = new FeatureCollector(new Uint8Array(COVERAGE_PLACES));
    const corpus = new Corpus();
    for (const text of seedPrograms()) corpus.add(parseProgram(text));
    const spent = { draw: 0, execute: 0, judge: 0, coverage: 0 };
    for (let i = 0; i < executions; i++) {
      const start = performance.now();
      const program = draw(choice, generator, corpus);
      const drawn = performance.now();
      const scheduler = schedulers[i & 1] as Scheduler;
      const { trace, disk } = this.target.execute(program, scheduler);
      const executed = performance.now();
      const contract = this.target.contract;
      this.judge.judge(program, trace, disk, { ...CONFIRM_ALL, ...DEFAULT_SETTINGS, contract });
      const judged = performance.now();
      if (features.collect(trace, program.geometry, program.files.length) > 0) corpus.add(program);
      const collected = performance.now();
      spent.draw += drawn - start;
      spent.execute += executed - drawn;
      spent.judge += judged - executed;
      spent.coverage += collected - judged;
    }
    const mean = (stage: Stage): number => (spent[stage] * 1000) / executions;
    return {
      draw: mean('draw'),
      execute: mean('execute'),
      judge: mean('judge'),
      coverage: mean('coverage'),
    };
  }
}

/** As campaigns do: half of the programs afresh, half from the corpus. */
function draw(choice: Prng, generator: ProgramGenerator, corpus: Corpus): Program {
  if (chance(choice, 1, 2)) return generator.generate(choice);
  const program = corpus.choose(choice);
  return mutate(choice, generator, program, corpus.choose(choice), DEFAULT_GENERATE.opsMax);
}
