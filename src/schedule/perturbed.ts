/**
 * A recorded schedule with one change: what mutation is to programs. An execution that showed something new
 * got into a state that few others do; its neighbours among the schedules are likely to go on from there.
 *
 *     cut       its first switches, and at random from there on
 *     drop      one switch less, or the two of an excursion
 *     redirect  one switch to another agent
 *     earlier   one switch at an earlier visit of its point
 *     add       one more, at any of the points that the execution passed
 *
 * The record is followed as far as it goes, as ReplayScheduler does it leniently, so that it may be of a
 * program that differs a little. Where it ends, the running task goes on, or after `cut` whichever.
 */
import type { Choice } from '../support/choice.js';
import { chance } from '../support/choice.js';
import { ReplayScheduler } from './replay.js';
import type { Agent, Schedule } from './schedule.js';
import type { Scheduler } from './scheduler.js';
import { countAgents, nthAgent } from './scheduler.js';

const CHANGES = ['cut', 'drop', 'redirect', 'earlier', 'add'] as const;

const MEAN_DISTANCES = [2, 6, 16, 40];
const NEVER = Number.MAX_SAFE_INTEGER;

export class PerturbedScheduler implements Scheduler {
  horizon = 0;
  private schedule: Schedule = [];
  private replay: ReplayScheduler;
  /** Points passed since the start. */
  private points = 0;
  /** The point at which there is one switch more. */
  private added = NEVER;
  private isAdding = false;
  /** After the last switch of a record that was cut: the distance of random ones; 0 for none. */
  private span = 0;
  private nextStop = NEVER;
  private left = 0;

  constructor(
    private readonly choice: Choice,
    private readonly pointNames: readonly string[],
  ) {
    this.replay = new ReplayScheduler([], pointNames, 'lenient');
  }

  /** What to follow next: a record, and how many points its execution passed. */
  follow(recorded: Schedule, pointCount: number): void {
    this.added = NEVER;
    this.span = 0;
    this.schedule = this.changed(recorded, pointCount);
    this.replay = new ReplayScheduler(this.schedule, this.pointNames, 'lenient');
  }

  begin(): void {
    this.horizon = 0;
    this.points = 0;
    this.isAdding = false;
    this.left = this.schedule.length;
    this.nextStop = this.left === 0 ? this.stopAfter(0) : NEVER;
    this.replay.begin();
  }

  passes(task: number, op: number, point: number, nth: number): boolean {
    this.points++;
    if (this.points === this.added) {
      this.isAdding = true;
      return false;
    }
    if (this.left === 0) {
      if (this.points < this.nextStop) return true;
      this.nextStop = this.stopAfter(this.points);
      return false;
    }
    return this.replay.passes(task, op, point, nth);
  }

  next(runnable: number, current: Agent, op: number, point: number, nth: number): Agent {
    const others = current < 0 ? runnable : runnable & ~(1 << current);
    if (this.isAdding) {
      this.isAdding = false;
      if (others !== 0) return this.any(others);
    }
    if (this.left === 0) {
      if (this.span > 0 || others === runnable) return this.any(runnable);
      return current;
    }
    const to = this.replay.next(runnable, current, op, point, nth);
    this.left = this.schedule.length - this.replay.taken;
    if (this.left === 0) this.nextStop = this.stopAfter(this.points);
    return to;
  }

  private any(agents: number): Agent {
    return nthAgent(agents, this.choice.below(countAgents(agents)));
  }

  private stopAfter(points: number): number {
    return this.span === 0 ? NEVER : points + 1 + this.choice.below(this.span);
  }

  private changed(recorded: Schedule, pointCount: number): Schedule {
    const { choice } = this;
    const at = choice.below(Math.max(1, recorded.length));
    const step = recorded[at];
    if (step === undefined) {
      this.added = 1 + choice.below(Math.max(1, pointCount));
      return recorded;
    }
    switch (CHANGES[choice.below(CHANGES.length)]) {
      case 'cut':
        this.span = 2 * (MEAN_DISTANCES[choice.below(MEAN_DISTANCES.length)] as number) - 1;
        return recorded.slice(0, at);
      case 'drop':
        return [...recorded.slice(0, at), ...recorded.slice(at + (chance(choice, 1, 2) ? 1 : 2))];
      case 'redirect':
        return recorded.map((same, i) => (i === at ? { ...same, to: choice.below(4) } : same));
      case 'earlier': {
        const nth = 1 + choice.below(Math.max(1, step.nth));
        return recorded.map((same, i) => (i === at ? { ...same, nth } : same));
      }
      default:
        this.added = 1 + choice.below(Math.max(1, pointCount));
        return recorded;
    }
  }
}
