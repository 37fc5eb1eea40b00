/**
 * Probabilistic concurrency testing: random priorities, and a few points where the running task's priority
 * drops below all others. The highest priority that can run always runs.
 *
 * Burckhardt, Kothari, Musuvathi, Nagarakatte, "A randomized scheduler with probabilistic guarantees of
 * finding bugs", ASPLOS 2010: with d-1 change points among k steps and n tasks, a bug of depth d is hit with
 * probability at least 1/(n k^(d-1)). k is known for a program that has been executed before. Deviation: for
 * others it is drawn from a few magnitudes; change points past the end of the execution do nothing.
 *
 * Store buffers have the lowest priority of all: a held store stays held until its task has to drain it.
 */
import type { Choice } from '../support/choice.js';
import { empty } from '../support/lists.js';
import type { Agent } from './schedule.js';
import { TASKS_MAX } from './schedule.js';
import type { Scheduler } from './scheduler.js';
import { isRunnable } from './scheduler.js';

const STEPS = [32, 96, 256, 768];
const CHANGE_POINTS_MAX = 3;

export class PctScheduler implements Scheduler {
  horizon = 0;
  private readonly priority = new Int32Array(TASKS_MAX * 2);
  private readonly changes: number[] = [];
  private lowest = 0;

  /** How many points the execution is going to pass, where that is known; 0 where it is not. */
  expected = 0;

  constructor(private readonly choice: Choice) {}

  begin(taskCount: number): void {
    this.priority.fill(-1_000_000);
    for (let task = 0; task < taskCount; task++) this.priority[task] = task;
    for (let task = taskCount - 1; task > 0; task--) {
      const other = this.choice.below(task + 1);
      const swapped = this.priority[other] as number;
      this.priority[other] = this.priority[task] as number;
      this.priority[task] = swapped;
    }
    const steps =
      this.expected > 0 ? this.expected : (STEPS[this.choice.below(STEPS.length)] as number);
    empty(this.changes);
    const count = taskCount === 1 ? 0 : this.choice.below(CHANGE_POINTS_MAX + 1);
    for (let i = 0; i < count; i++) this.changes.push(1 + this.choice.below(steps));
    if (count > 1) this.changes.sort((a, b) => b - a);
    this.lowest = -1;
    this.horizon = this.changes.pop() ?? Number.MAX_SAFE_INTEGER;
  }

  passes(task: number): boolean {
    this.horizon = this.changes.pop() ?? Number.MAX_SAFE_INTEGER;
    this.priority[task] = this.lowest--;
    return false;
  }

  next(runnable: number): Agent {
    let best = -1;
    for (let agent = 0; agent < this.priority.length; agent++) {
      if (!isRunnable(runnable, agent)) continue;
      if (best < 0 || (this.priority[agent] as number) > (this.priority[best] as number))
        best = agent;
    }
    return best;
  }
}
