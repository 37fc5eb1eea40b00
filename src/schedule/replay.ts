/**
 * Follows a recorded schedule.
 *
 * Strict: every switch happens where it was recorded, or the replay ends with what was expected and what
 * was found. That is how a reproducer is replayed on the kernel that it was recorded on.
 *
 * Lenient: a switch that cannot be followed is taken at the next opportunity or skipped. That is how a
 * schedule is carried over to another kernel (a fix changes the path through the code) or to a smaller
 * program (minimisation); whoever uses it judges the result and records the schedule anew.
 */
import { UsageError } from '../support/assert.js';
import type { Agent, Schedule, Switch } from './schedule.js';
import { NO_AGENT, NO_OP } from './schedule.js';
import type { Scheduler } from './scheduler.js';
import { isRunnable, lowestAgent } from './scheduler.js';
import { agentName, describeSwitch } from './text.js';

export class ReplayScheduler implements Scheduler {
  /** Asked at every point: the next switch may be at any. */
  horizon = 0;
  private position = 0;
  /** Switches that were taken as recorded, for lenient replays to report. */
  followed = 0;

  constructor(
    private readonly schedule: Schedule,
    private readonly pointNames: readonly string[],
    private readonly mode: 'strict' | 'lenient' = 'strict',
  ) {}

  /** Switches that are behind it, taken or skipped. */
  get taken(): number {
    return this.position;
  }

  begin(): void {
    this.position = 0;
    this.followed = 0;
  }

  passes(task: number, op: number, point: number, nth: number): boolean {
    const expected = this.schedule[this.position];
    if (expected === undefined || expected.from !== task) return true;
    if (expected.op === op && expected.point === point && expected.nth === nth) return false;
    return this.mode === 'strict' || !this.isPast(expected, op);
  }

  next(runnable: number, current: Agent, op: number, point: number, nth: number): Agent {
    if (this.mode === 'lenient') this.skipToAgent(current);
    const expected = this.schedule[this.position];
    if (expected !== undefined) {
      const asRecorded =
        expected.from === current &&
        expected.op === op &&
        expected.point === point &&
        expected.nth === nth;
      if (isRunnable(runnable, expected.to) && (asRecorded || this.mode === 'lenient')) {
        this.position++;
        if (asRecorded) this.followed++;
        return expected.to;
      }
      if (this.mode === 'strict')
        this.mismatch(expected, asRecorded, { from: current, op, point, nth, to: NO_AGENT });
      this.position++;
    } else if (this.mode === 'strict') {
      this.mismatch(null, false, { from: current, op, point, nth, to: NO_AGENT });
    }
    return isRunnable(runnable, current) ? current : lowestAgent(runnable);
  }

  /** @throws UsageError when a strict replay came to its end before the schedule did. */
  end(): void {
    const expected = this.schedule[this.position];
    if (expected === undefined || this.mode === 'lenient') return;
    this.refuse(expected, 'the end');
  }

  /** The task has left the operation in which it should have been stopped. */
  private isPast(expected: Switch, op: number): boolean {
    return expected.op !== NO_OP && op > expected.op;
  }

  private skipToAgent(current: Agent): void {
    for (let at = this.position; at < this.schedule.length; at++) {
      if ((this.schedule[at] as Switch).from === current) {
        this.position = at;
        return;
      }
    }
  }

  private mismatch(expected: Switch | null, inPlace: boolean, found: Switch): never {
    if (expected !== null && inPlace) {
      this.refuse(expected, `${agentName(expected.to)} unable to run there`);
    }
    this.refuse(expected, describeSwitch(found, this.pointNames));
  }

  private refuse(expected: Switch | null, found: string): never {
    const wanted = expected === null ? 'the end' : describeSwitch(expected, this.pointNames);
    throw new UsageError(
      `schedule step ${this.position}: expected ${wanted}, ` +
        `found ${found}; the reproducer was edited, or recorded by a version that ` +
        'behaves differently: "daxfuzz minimize" records it anew',
    );
  }
}
