/**
 * P10: what times.ts says is due, at the return of each call that makes pages durable: by what the running
 * file system shows, and after fsync, sync and freeze by what a power failure leaves.
 *
 * A target whose times are in no trace and in no recovered file is asked nothing.
 */
import type { CrashPlan } from '../crash/plan.js';
import { empty } from '../support/lists.js';
import { afterCrash, OF_TIMES } from './mismatch.js';
import type { PromiseMade } from './promise.js';
import type { JudgeState } from './state.js';
import { makesTimesDurable, makesTimesVisible, TimeBounds } from './times.js';

interface Due {
  readonly made: PromiseMade;
  readonly ino: number;
  readonly tick: number;
}

export class TimeRule {
  private readonly bounds = new TimeBounds();
  /** Times that have to be on media from now on, and who says so. */
  private readonly due: Due[] = [];
  private asks = false;

  constructor(private readonly state: JudgeState) {}

  reset(): void {
    const { program, disk, trace } = this.state;
    this.asks = disk.kind === 'fresh';
    empty(this.due);
    if (this.asks) this.bounds.reset(program, disk, trace);
  }

  apply(event: number): void {
    if (this.asks) this.bounds.apply(event);
  }

  /** A call that makes a promise has returned success. */
  exit(made: PromiseMade): void {
    if (!this.asks || !makesTimesVisible(made.promise)) return;
    for (const { ino } of made.ranges) {
      const bound = this.bounds.of(made, ino);
      if (bound === 0) continue;
      const shown = this.state.view.times[ino] as number;
      if (shown < bound) this.reportShown(made, ino, shown, bound);
      if (!makesTimesDurable(made.promise)) continue;
      this.due.push({ made, ino, tick: bound });
      this.checkVersion(made, ino, bound, made.end, this.state.history.versions.durable);
    }
  }

  /** A commit: no version that can survive may be older than what has been promised. */
  commit(event: number): void {
    const { visible } = this.state.history.versions;
    for (const { made, ino, tick } of this.due) this.checkVersion(made, ino, tick, event, visible);
  }

  private reportShown(made: PromiseMade, ino: number, shown: number, bound: number): void {
    const { state } = this;
    const mechanism = 'time-not-updated';
    if (makesTimesDurable(made.promise) || state.isRepeat('P10', mechanism, made.op, ino)) return;
    const detail = `are ${shown}, expected at least ${bound}`;
    const where = { op: made.op, event: made.end, ino, offset: OF_TIMES, store: -1 };
    state.report({ promise: 'P10', mechanism, ...where, detail }, null);
  }

  private checkVersion(
    made: PromiseMade,
    ino: number,
    bound: number,
    cut: number,
    version: number,
  ): void {
    const { state } = this;
    const file = state.history.versions.metadata(version, state.trace).files[ino];
    if (file === undefined || Math.min(file.mtime, file.ctime) >= bound) return;
    const shown = state.view.times[ino] as number;
    const mechanism = shown < bound ? 'time-not-updated' : 'time-not-committed';
    if (state.isRepeat('P10', mechanism, made.op, ino)) return;
    const plan: CrashPlan = { cut, version, short: [] };
    const files = state.recover(plan);
    const only = { ...made, ranges: made.ranges.filter((range) => range.ino === ino) };
    const wrong = typeof files === 'string' ? null : state.expectation().checkTimes(files, only);
    if (wrong === null) {
      state.verdict.unconfirmed++;
      return;
    }
    const where = { op: made.op, event: cut, ino, offset: OF_TIMES, store: -1 };
    state.report({ promise: 'P10', mechanism, ...where, detail: afterCrash(wrong) }, plan);
  }
}
