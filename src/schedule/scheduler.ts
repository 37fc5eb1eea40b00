/**
 * What the engine asks of a scheduling strategy. Strategies are one file each, named after the published
 * algorithm where there is one.
 *
 * The engine passes thousands of preemption points a millisecond, so it does not ask at each: a strategy
 * sets `horizon`, the number of points that may pass before it wants to be asked again.
 */
import type { Agent } from './schedule.js';

export interface Scheduler {
  /** The engine asks `passes` only once the count of points since `begin` has reached this. */
  horizon: number;

  /** Called before each execution; `runnable` gives the agents that could run at the time it is called. */
  begin(taskCount: number, runnable: () => number): void;

  /** May the task run on past this point? If not, it stops there and `next` is asked. */
  passes(task: number, op: number, point: number, nth: number): boolean;

  /**
   * The agent to run next; `runnable` has bit n set for agent n and is never 0. Asked when the current
   * agent stopped, blocked or ended, and for the first agent (current is NO_AGENT).
   */
  next(runnable: number, current: Agent, op: number, point: number, nth: number): Agent;
}

export function isRunnable(runnable: number, agent: Agent): boolean {
  return agent >= 0 && ((runnable >>> agent) & 1) !== 0;
}

export function lowestAgent(runnable: number): Agent {
  return 31 - Math.clz32(runnable & -runnable);
}

export function countAgents(runnable: number): number {
  let count = 0;
  for (let rest = runnable; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** The `index`-th set bit of `runnable`, counting from 0. */
export function nthAgent(runnable: number, index: number): Agent {
  let rest = runnable;
  for (let i = 0; i < index; i++) rest &= rest - 1;
  return lowestAgent(rest);
}
