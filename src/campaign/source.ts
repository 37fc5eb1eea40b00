/**
 * What is executed next: a program and the scheduler it runs under. Everything is drawn from one Choice.
 *
 * Hand-written seeds come first, each once as it is and then, where threads race in it, under some dozens of
 * schedules. After that four things take turns: programs drawn afresh, seeds under new schedules, mutated
 * programs of the corpus, and programs of the corpus under their own schedule with one change.
 */
import type { Kept } from '../corpus/corpus.js';
import { Corpus, keptOf } from '../corpus/corpus.js';
import type { ProgramGenerator } from '../program/generate.js';
import { mutate } from '../program/mutate.js';
import type { Program } from '../program/program.js';
import { PctScheduler } from '../schedule/pct.js';
import { PerturbedScheduler } from '../schedule/perturbed.js';
import { RandomScheduler } from '../schedule/random.js';
import type { Scheduler } from '../schedule/scheduler.js';
import { chance, pick, pickWeighted } from '../support/choice.js';
import type { Prng } from '../support/prng.js';
import type { Execution } from '../target/target.js';
import type { SchedulerName } from './messages.js';

export interface Plan {
  readonly program: Program;
  readonly scheduler: Scheduler;
  /** What it was made of. */
  readonly parent: Kept | null;
}

export interface SourceOptions {
  readonly scheduler: SchedulerName;
  readonly opsMax: number;
  readonly pointNames: readonly string[];
  /** Does the target follow schedules, and are executions so cheap that seeds may have many? */
  readonly explores: boolean;
  readonly canRun: (program: Program) => boolean;
}

/** Executions of each seed in which threads race before anything else comes; fewer where there are many. */
const SEED_ROUNDS = 64;
const SEED_EXECUTIONS = 8192;

const KINDS = ['fresh', 'seed', 'mutated', 'rescheduled'] as const;
const KIND_WEIGHTS = [4, 5, 4, 3];

export class ExecutionSource {
  readonly corpus = new Corpus();
  private readonly random: RandomScheduler;
  private readonly pct: PctScheduler;
  private readonly perturbed: PerturbedScheduler;
  private readonly seeds: Kept[] = [];
  /** Seeds that are to be executed before all else. */
  private readonly waiting: Kept[] = [];

  constructor(
    private readonly choice: Prng,
    private readonly generator: ProgramGenerator,
    private readonly options: SourceOptions,
  ) {
    this.random = new RandomScheduler(choice.split());
    this.pct = new PctScheduler(choice.split());
    this.perturbed = new PerturbedScheduler(choice.split(), options.pointNames);
  }

  /** `isOurs`: it is this worker's to execute. */
  addSeed(program: Program, isOurs: boolean): void {
    const seed = keptOf(program);
    this.seeds.push(seed);
    this.corpus.add(program);
    if (isOurs) this.waiting.push(seed);
  }

  /** The seeds are complete: how often each is executed first. */
  start(): void {
    if (!this.options.explores) return;
    const racing = this.waiting.filter(({ program }) => program.threads.length > 1);
    const rounds = Math.min(SEED_ROUNDS, Math.floor(SEED_EXECUTIONS / Math.max(1, racing.length)));
    for (let round = 1; round < rounds; round++) this.waiting.push(...racing);
  }

  next(): Plan {
    const first = this.waiting.shift();
    if (first !== undefined) return this.underNewSchedule(first.program, first);
    switch (KINDS[pickWeighted(this.choice, KIND_WEIGHTS)]) {
      case 'seed':
        return this.seedAgain();
      case 'mutated':
        return this.mutated(this.corpus.choose(this.choice));
      case 'rescheduled':
        return this.rescheduled();
      default:
        return this.fresh();
    }
  }

  /** What came of a plan: `isNew` if it showed something new, and then what it ran is worth keeping. */
  learn({ program, parent }: Plan, execution: Execution, isNew: boolean): string | null {
    if (parent !== null) {
      if (parent.program === program) parent.points = execution.points;
      parent.picks++;
      if (isNew) parent.finds++;
    }
    return isNew ? this.corpus.add(program, execution.schedule, execution.points) : null;
  }

  private fresh(): Plan {
    return this.underNewSchedule(this.generator.generate(this.choice), null);
  }

  private seedAgain(): Plan {
    if (this.seeds.length === 0) return this.fresh();
    const seed = pick(this.choice, this.seeds);
    const isRace = seed.program.threads.length > 1;
    return isRace && chance(this.choice, 3, 4)
      ? this.underNewSchedule(seed.program, seed)
      : this.mutated(seed);
  }

  private mutated(parent: Kept | null): Plan {
    const other = this.corpus.any(this.choice);
    if (parent === null || other === null) return this.fresh();
    const { choice, generator, options } = this;
    const program = mutate(choice, generator, parent.program, other.program, options.opsMax);
    return this.underNewSchedule(options.canRun(program) ? program : parent.program, parent);
  }

  private rescheduled(): Plan {
    const parent = this.corpus.choose(this.choice);
    const schedule = parent?.schedule ?? null;
    if (parent === null || schedule === null || this.options.scheduler !== 'mixed') {
      return this.mutated(parent);
    }
    this.perturbed.follow(schedule, parent.points);
    return { program: parent.program, scheduler: this.perturbed, parent };
  }

  private underNewSchedule(program: Program, parent: Kept | null): Plan {
    // Mutants are about as long as what they were made of.
    this.pct.expected = parent?.points ?? 0;
    return { program, scheduler: this.drawScheduler(), parent };
  }

  private drawScheduler(): Scheduler {
    if (this.options.scheduler === 'random') return this.random;
    if (this.options.scheduler === 'pct') return this.pct;
    return chance(this.choice, 1, 2) ? this.random : this.pct;
  }
}
