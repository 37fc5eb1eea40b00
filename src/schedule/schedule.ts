/**
 * A schedule: the order in which the threads of one execution ran, as the list of its context switches.
 *
 * A switch is named by where it happened (which task, in which operation, at which preemption point, the
 * how-manyeth time that this operation came by there) and not by a count of steps, so that it survives the
 * removal of unrelated operations and reads like the arrow in a kernel developer's interleaving.
 *
 * Agents are the tasks (numbered as the program's threads) and the store buffer of each task's CPU: to run
 * the agent `bufferOf(task)` is to let the oldest held store of that task become visible.
 */

/** Tasks are agents 0..3; their store buffers are agents 4..7. */
export const TASKS_MAX = 4;
/** Before the first task ran. */
export const NO_AGENT = -1;

export type Agent = number;

export const bufferOf = (task: number): Agent => task + TASKS_MAX;
export const isBuffer = (agent: Agent): boolean => agent >= TASKS_MAX;

/** Operation number of a task that is between operations or has ended. */
export const NO_OP = -1;

export interface Switch {
  /** The agent that stopped; NO_AGENT for the choice of the first one. */
  readonly from: Agent;
  /** Number of the operation that it was in, in thread order over the program; NO_OP outside. */
  readonly op: number;
  /** The preemption point where it stopped, as the target numbers them. */
  readonly point: number;
  /**
   * How many times this operation had reached that point, 1 for the first; 0 at the start, at the end of a
   * task, and for store buffers.
   */
  readonly nth: number;
  /** The agent that ran next. */
  readonly to: Agent;
}

export type Schedule = readonly Switch[];

/** Switches from one thread to another: what a reader has to keep in mind. */
export function contextSwitches(schedule: Schedule): number {
  let count = 0;
  let running = NO_AGENT;
  for (const step of schedule) {
    if (isBuffer(step.to)) continue;
    if (running !== NO_AGENT && step.to !== running) count++;
    running = step.to;
  }
  return count;
}
