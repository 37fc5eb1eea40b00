/**
 * Power that fails again while the file system recovers: what had been promised before the first failure has
 * to be there after the second, wherever that comes and whatever it leaves, and recovery has to get to the
 * same end from there.
 *
 * At every promise, recovery is run on the metadata of each version that can be the survivor then (nothing
 * else of it is pending, or log-rule.ts says so), and each cut of its trace is decided: metadata that are the
 * same as before need no second look, and others are held against all that has been promised. Of what
 * recovery stores, each unit is cut short by itself, and all of them together: an inode is in units of its
 * own, and reading it does not depend on the others. Then recovery is run again on each of the states
 * that it has been interrupted in, and has to end with the same files once more.
 *
 * Metadata from which recovery always came to the files that they mean are remembered until the execution
 * ends: where nothing changes no promise can be broken, neither an older nor a newer one.
 */
import type { CrashPlan, ShortUnit } from '../crash/plan.js';
import { buildImage, buildMetadata } from '../crash/plan.js';
import { RecordedFiles } from '../crash/recover.js';
import { Image } from '../media/image.js';
import type { Metadata } from '../media/log.js';
import { headOf, readMetadata, sameFiles, tailOf } from '../media/log.js';
import { PersistHistory } from '../persistency/history.js';
import { empty } from '../support/lists.js';
import type { Recovered } from '../target/target.js';
import { EVENT_NAMES } from '../trace/event.js';
import type { PromiseId } from './promise.js';
import type { JudgeState } from './state.js';
import { wrongIn } from './wrong.js';

const MECHANISM = 'lost-in-recovery';

/** Where power failed first, and what recovery had to read then. */
interface FirstFailure {
  readonly plan: CrashPlan;
  readonly metadata: Metadata;
}

/** What a second failure can leave, and when that was. */
interface Interrupted {
  readonly state: Uint8Array;
  readonly how: string;
}

export class RecoveryCuts {
  /** Of a trace of recovery; only the metadata of its media mean anything. */
  private readonly history = new PersistHistory(new Image());
  /** From these recovery came to the same files wherever it was interrupted. */
  private readonly settled: Uint8Array[] = [];
  /** Of the recovery being looked at: has it shown other files, and in which states can it be interrupted? */
  private hasChanged = false;
  private readonly interrupted: Interrupted[] = [];

  constructor(private readonly state: JudgeState) {}

  reset(): void {
    empty(this.settled);
  }

  /** A call has returned, and what it promised is on the list. */
  exit(event: number): void {
    const { recover } = this.state.options;
    if (recover === undefined) return;
    const { durable, visible } = this.state.history.versions;
    for (let version = durable; version <= visible; version++) {
      this.interrupt({ cut: event, version, short: [] }, recover);
    }
  }

  private interrupt(plan: CrashPlan, recover: (metadata: Uint8Array) => Recovered): void {
    const { layout, history } = this.state;
    const record = buildMetadata(history, plan);
    const metadata = readMetadata(layout, record);
    // An empty log asks for nothing, and one that cannot be read is another rule's to report.
    if (typeof metadata === 'string' || !hasLog(record)) return;
    if (this.settled.some((other) => isSame(other, record))) return;
    const first = { plan, metadata };
    this.hasChanged = false;
    empty(this.interrupted);
    if (!this.follow(first, record, recover(record), '')) return;
    for (let event = 0; event < this.history.trace.length; event++) {
      this.history.apply(event);
      this.decide(first, `power fails again in recovery, after its ${this.nameOf(event)}`);
    }
    for (const { state, how } of this.interrupted) {
      if (!this.follow(first, state, recover(state), `, ${how}`)) continue;
      for (let event = 0; event < this.history.trace.length; event++) this.history.apply(event);
      this.decide(first, `${how}, and what recovers then is done`);
    }
    if (!this.hasChanged) this.settled.push(record);
  }

  /** Begins to fold a recovery of `record`; false if it failed. */
  private follow(
    first: FirstFailure,
    record: Uint8Array,
    { trace, result }: Recovered,
    how: string,
  ): boolean {
    const { layout, verdict, options } = this.state;
    verdict.recoveries++;
    if (result !== 0) {
      this.hasChanged = true;
      this.report('P0', first, -1, -1, -1, `is not recovered: mount fails with ${result}${how}`);
      return false;
    }
    const { metadata } = first;
    this.history.reset({ kind: 'fresh', layout, metadata, record }, trace, options);
    return true;
  }

  private nameOf(event: number): string {
    return EVENT_NAMES[this.history.trace.kind(event)] ?? '';
  }

  /** All that the second failure may leave at this point of recovery. */
  private decide(first: FirstFailure, how: string): void {
    this.state.verdict.recoveryCuts++;
    const { history } = this;
    const pending = history.pending();
    const nothing = pending.map((unit) => ({ unit, kept: history.durable[unit] as number }));
    const { durable, visible } = history.versions;
    for (let version = durable; version <= visible; version++) {
      this.look(first, version, [], how);
      if (pending.length === 0) continue;
      this.look(first, version, nothing, how);
      for (const unit of pending) {
        for (
          let kept = history.durable[unit] as number;
          kept < (history.visible[unit] as number);
          kept++
        ) {
          this.look(first, version, [{ unit, kept }], how);
        }
      }
    }
  }

  private look(first: FirstFailure, version: number, short: ShortUnit[], how: string): void {
    const { layout, history } = this.state;
    const record = buildMetadata(this.history, { cut: 0, version, short });
    const metadata = readMetadata(layout, record);
    if (typeof metadata !== 'string' && sameFiles(metadata, first.metadata)) {
      const isNew = hasLog(record) && !this.interrupted.some(({ state }) => isSame(state, record));
      if (isNew) this.interrupted.push({ state: record, how });
      return;
    }
    this.hasChanged = true;
    if (typeof metadata === 'string') {
      this.report('P0', first, -1, -1, -1, `is not recovered: ${metadata}; ${how}`);
      return;
    }
    const image = buildImage(history, first.plan);
    image.set(record, 0);
    this.judge(first, new RecordedFiles(layout, image, metadata), how);
  }

  private judge(first: FirstFailure, files: RecordedFiles, how: string): void {
    const { state } = this;
    for (const { promise, op, ino, offset, detail } of wrongIn(state, files, first.plan.cut)) {
      this.report(promise, first, op, ino, offset, `${detail}; ${how}`);
    }
  }

  private report(
    promise: PromiseId,
    { plan }: FirstFailure,
    op: number,
    ino: number,
    offset: number,
    detail: string,
  ): void {
    const { state } = this;
    if (state.isRepeat(promise, MECHANISM, op, ino)) return;
    const event = plan.cut;
    state.report(
      { promise, mechanism: MECHANISM, op, event, ino, offset, store: -1, detail },
      plan,
    );
  }
}

const hasLog = (record: Uint8Array): boolean => tailOf(record) !== headOf(record);

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
