/**
 * Where the time of an execution goes: the steps of campaign/fuzzer.ts in one thread, each with a clock
 * around it. Without batches, files of the corpus and messages between threads.
 */
import { Corpus } from '../../src/corpus/corpus.js';
import { FeatureCollector } from '../../src/coverage/features.js';
import { COVERAGE_PLACES } from '../../src/coverage/place.js';
import { ModelTarget } from '../../src/kernel/model-target.js';
import { Image } from '../../src/media/image.js';
import { mappedFileMedia } from '../../src/media/mapped-file.js';
import { Judge } from '../../src/oracle/judge.js';
import { CONFIRM_ALL } from '../../src/oracle/state.js';
import { DEFAULT_GENERATE, ProgramGenerator } from '../../src/program/generate.js';
import { mutate } from '../../src/program/mutate.js';
import type { Program } from '../../src/program/program.js';
import { opCount } from '../../src/program/program.js';
import { parseProgram } from '../../src/program/text.js';
import { DEFAULT_SETTINGS } from '../../src/run.js';
import { PctScheduler } from '../../src/schedule/pct.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import type { Scheduler } from '../../src/schedule/scheduler.js';
import { chance } from '../../src/support/choice.js';
import { Prng } from '../../src/support/prng.js';
import { KERNEL, SEED, seedPrograms } from './campaign.js';
import type { Measured } from './rounds.js';
import { startClocks } from './rounds.js';
import { isWanted, SHORT } from './workloads.js';

export const STAGES = ['draw', 'execute', 'judge', 'coverage'] as const;
export type Stage = (typeof STAGES)[number];

/** Microseconds of a mean execution. */
export type StageTimes = Readonly<Record<Stage, number>>;

export const STAGE_WARM_UP = 2000;
export const STAGE_EXECUTIONS = 6000;

/** Draws until the goal of the whole line speaks of the program: the discarded ones cost their drawing. */
export class StageLine {
  /** Of each measurement. */
  readonly times: StageTimes[] = [];
  private readonly target = ModelTarget.of({ kernel: KERNEL, bugs: [] });
  private readonly judge = new Judge(new Image(mappedFileMedia('bench')));
  private choice = Prng.fromSeed(BigInt(SEED));
  private schedulers: readonly Scheduler[] = [];
  private readonly generator = new ProgramGenerator({ ...DEFAULT_GENERATE, ...SHORT });
  private features = new FeatureCollector(new Uint8Array(0));
  private corpus = new Corpus();
  private spent: Record<Stage, number> = { draw: 0, execute: 0, judge: 0, coverage: 0 };

  /** The same executions each time, from an empty coverage on; the first of them are not measured. */
  measure(warmUp = STAGE_WARM_UP, executions = STAGE_EXECUTIONS): Measured {
    this.choice = Prng.fromSeed(BigInt(SEED));
    const { choice } = this;
    this.schedulers = [new RandomScheduler(choice.split()), new PctScheduler(choice.split())];
    this.features = new FeatureCollector(new Uint8Array(COVERAGE_PLACES));
    this.corpus = new Corpus();
    for (const text of seedPrograms()) this.corpus.add(parseProgram(text));
    for (let i = 0; i < warmUp; i++) this.executeOne(i);
    this.spent = { draw: 0, execute: 0, judge: 0, coverage: 0 };
    const counts = { executions, operations: 0, events: 0, cuts: 0 };
    const readClocks = startClocks();
    for (let i = 0; i < executions; i++) {
      const { operations, events, cuts } = this.executeOne(i);
      counts.operations += operations;
      counts.events += events;
      counts.cuts += cuts;
    }
    const clocks = readClocks();
    const { spent } = this;
    const mean = (stage: Stage): number => (spent[stage] * 1000) / executions;
    this.times.push({
      draw: mean('draw'),
      execute: mean('execute'),
      judge: mean('judge'),
      coverage: mean('coverage'),
    });
    return { ...counts, ...clocks };
  }

  private executeOne(number: number): { operations: number; events: number; cuts: number } {
    const { spent, target } = this;
    const start = performance.now();
    const program = this.draw();
    const drawn = performance.now();
    const { trace, disk } = target.execute(program, this.schedulers[number & 1] as Scheduler);
    const executed = performance.now();
    const { contract } = target;
    const options = { ...CONFIRM_ALL, ...DEFAULT_SETTINGS, contract };
    const { crashPoints } = this.judge.judge(program, trace, disk, options);
    const judged = performance.now();
    const added = this.features.collect(trace, program.geometry, program.files.length);
    if (added > 0) this.corpus.add(program);
    const collected = performance.now();
    spent.draw += drawn - start;
    spent.execute += executed - drawn;
    spent.judge += judged - executed;
    spent.coverage += collected - judged;
    return { operations: opCount(program), events: trace.length, cuts: crashPoints };
  }

  /** As campaigns do: half of the programs afresh, half from the corpus. */
  private draw(): Program {
    for (;;) {
      const program = this.drawAny();
      if (isWanted(program)) return program;
    }
  }

  private drawAny(): Program {
    const { choice, generator, corpus } = this;
    if (chance(choice, 1, 2)) return generator.generate(choice);
    const kept = corpus.choose(choice);
    const other = corpus.any(choice);
    if (kept === null || other === null) return generator.generate(choice);
    return mutate(choice, generator, kept.program, other.program, SHORT.opsMax);
  }
}
