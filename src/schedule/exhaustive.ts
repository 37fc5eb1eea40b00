/**
 * Every schedule of a program with at most so many preemptions, one after the other.
 *
 * A preemption is a switch away from a thread that could go on. Where the running thread blocks or ends, the
 * choice of the next costs nothing, and all are taken. A store that is held in its buffer, though nothing
 * asked for that, counts like a preemption; it stays held until its CPU has to drain it (a locked
 * instruction, a fence, an interrupt). That it becomes visible at some moment in between is not enumerated.
 * Thread 0, which sets up what the others use, runs to its end undisturbed.
 *
 * Qadeer and Rehof, "Context-bounded model checking of concurrent software", TACAS 2005, and Musuvathi and
 * Qadeer, "Iterative context bounding for systematic testing of multithreaded programs", PLDI 2007, for why
 * a small bound finds most races. The search is depth first (decisions.ts): the first alternative of each
 * decision is to run on.
 */
import { Decisions } from './decisions.js';
import type { Agent } from './schedule.js';
import { NO_AGENT, TASKS_MAX } from './schedule.js';
import type { Scheduler } from './scheduler.js';
import { countAgents, nthAgent } from './scheduler.js';

/** The tasks among the agents of a mask: store buffers are never chosen here. */
const TASKS = (1 << TASKS_MAX) - 1;

export class ExhaustiveScheduler implements Scheduler {
  horizon = 0;
  private readonly decisions = new Decisions();
  private left = 0;
  /** Where the task that was just stopped is to be followed by; NO_AGENT if it was not stopped by us. */
  private to: Agent = NO_AGENT;
  private runnable: () => number = () => 0;

  /** `holdPoint` is the preemption point at which a store is in its buffer and nowhere else. */
  constructor(
    private readonly preemptionsMax: number,
    private readonly holdPoint: number,
  ) {}

  /** Another program: all of its schedules are still to come. */
  restart(): void {
    this.decisions.restart();
  }

  begin(_taskCount: number, runnable: () => number): void {
    this.runnable = runnable;
    this.decisions.begin();
    this.left = this.preemptionsMax;
    this.to = NO_AGENT;
    this.horizon = this.left === 0 ? Number.MAX_SAFE_INTEGER : 0;
  }

  passes(task: number, _op: number, point: number): boolean {
    if (task === 0) return true;
    const isHeld = point === this.holdPoint;
    const others = this.runnable() & TASKS & ~(1 << task);
    // To run on; to hold the store and run on; to switch, which holds it, too.
    const holds = isHeld ? 1 : 0;
    const switches = this.left > holds ? countAgents(others) : 0;
    const taken = this.decisions.decide(1 + holds + switches);
    if (taken === 0) return true;
    const isSwitch = taken > holds;
    this.to = isSwitch ? nthAgent(others, taken - 1 - holds) : task;
    this.left -= isSwitch ? 1 + holds : 1;
    if (this.left === 0) this.horizon = Number.MAX_SAFE_INTEGER;
    return false;
  }

  next(runnable: number): Agent {
    const { to } = this;
    this.to = NO_AGENT;
    if (to !== NO_AGENT) return to;
    const tasks = runnable & TASKS;
    return nthAgent(tasks, this.decisions.decide(countAgents(tasks)));
  }

  /** Moves on to the next schedule of the program; false after the last one. */
  advance(): boolean {
    return this.decisions.advance();
  }
}
