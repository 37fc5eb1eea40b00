/**
 * The neighbourhood of a reproducer: programs that differ from it a little, under schedules that differ
 * from its own a little or a lot. A fix that only moves a race to the next instruction fails here.
 */
import { ProgramGenerator } from '../program/generate.js';
import { mutate } from '../program/mutate.js';
import type { Program } from '../program/program.js';
import { opCount, THREADS_MAX } from '../program/program.js';
import type { Line } from '../run.js';
import { PctScheduler } from '../schedule/pct.js';
import { RandomScheduler } from '../schedule/random.js';
import { ReplayScheduler } from '../schedule/replay.js';
import type { Schedule } from '../schedule/schedule.js';
import type { Scheduler } from '../schedule/scheduler.js';
import type { Choice } from '../support/choice.js';
import { chance } from '../support/choice.js';
import type { Prng } from '../support/prng.js';

export interface Origin {
  readonly program: Program;
  readonly schedule: Schedule;
}

export interface Neighbour {
  readonly program: Program;
  readonly scheduler: Scheduler;
}

/** Operations that a neighbour may have beyond its origin. */
const OPS_MORE = 6;

export class Neighbourhood {
  private readonly generator: ProgramGenerator;
  private readonly random: RandomScheduler;
  private readonly pct: PctScheduler;

  constructor(
    private readonly origin: Origin,
    private readonly target: Line['target'],
    private readonly choice: Prng,
  ) {
    const { geometry } = origin.program;
    const { dialect } = target;
    const bounds = { threadsMax: THREADS_MAX, opsMax: 1 };
    this.generator = new ProgramGenerator({ geometry, ...bounds, dialect });
    this.random = new RandomScheduler(choice.split());
    this.pct = new PctScheduler(choice.split());
  }

  draw(): Neighbour {
    const { choice } = this;
    const { program } = this.origin;
    const opsMax = opCount(program) + OPS_MORE;
    const neighbour = chance(choice, 1, 4)
      ? program
      : mutate(choice, this.generator, program, program, opsMax);
    return { program: neighbour, scheduler: this.scheduler() };
  }

  private scheduler(): Scheduler {
    switch (this.choice.below(3)) {
      case 0:
        return this.random;
      case 1:
        return this.pct;
      default: {
        const schedule = perturb(this.choice, this.origin.schedule);
        return new ReplayScheduler(schedule, this.target.pointNames, 'lenient');
      }
    }
  }
}

/** The schedule with some switches missing or at another visit of their point. */
function perturb(choice: Choice, schedule: Schedule): Schedule {
  return schedule
    .filter(() => !chance(choice, 1, 6))
    .map((step) =>
      chance(choice, 1, 6) ? { ...step, nth: 1 + choice.below(step.nth + 2) } : step,
    );
}
