/** One thread after the other, each to its end or until it sleeps. */
import type { Agent } from './schedule.js';
import type { Scheduler } from './scheduler.js';
import { isRunnable, lowestAgent } from './scheduler.js';

export class StraightScheduler implements Scheduler {
  horizon = Number.MAX_SAFE_INTEGER;

  begin(): void {
    // Nothing is kept.
  }

  passes(): boolean {
    return true;
  }

  next(runnable: number, current: Agent): Agent {
    return isRunnable(runnable, current) ? current : lowestAgent(runnable);
  }
}
