/**
 * Uniform random scheduling: at random distances, any runnable agent.
 *
 * The mean distance between decisions is drawn once an execution, from switching at almost every point to
 * a few switches a program: which of them finds a race depends on how long its window is.
 */
import type { Choice } from '../support/choice.js';
import type { Agent } from './schedule.js';
import type { Scheduler } from './scheduler.js';
import { countAgents, nthAgent } from './scheduler.js';

const MEAN_DISTANCES = [2, 4, 8, 16, 40];

export class RandomScheduler implements Scheduler {
  horizon = 0;
  private span = 1;

  constructor(private readonly choice: Choice) {}

  begin(taskCount: number): void {
    if (taskCount === 1) {
      this.horizon = Number.MAX_SAFE_INTEGER; // nobody to switch to
      return;
    }
    const mean = MEAN_DISTANCES[this.choice.below(MEAN_DISTANCES.length)] as number;
    this.span = 2 * mean - 1;
    this.horizon = this.distance();
  }

  passes(): boolean {
    this.horizon += this.distance();
    return false;
  }

  next(runnable: number): Agent {
    return nthAgent(runnable, this.choice.below(countAgents(runnable)));
  }

  private distance(): number {
    return 1 + this.choice.below(this.span);
  }
}
