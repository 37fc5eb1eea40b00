/**
 * Disks whose metadata only a mount can read: what a file system makes of a crash is no comparison of
 * counts, so it is tried out. At a few cuts, drawn from the trace, an image is mounted that kept nothing but
 * what is durable for certain, or something more, drawn as well. All promises made until then are asked
 * about, and no file may show bytes that were never its own.
 *
 * This is a sample, and the verdict says how large it was. What each call promised about the bytes of files
 * is decided for all survivors by the durability rule beside it.
 */
import type { CrashPlan, ShortUnit } from '../crash/plan.js';
import type { RecoveredFiles } from '../media/disk.js';
import { NO_RECORD } from '../persistency/history.js';
import { pick } from '../support/choice.js';
import { Prng } from '../support/prng.js';
import { hex, WORD_SIZE } from '../support/units.js';
import { AT, EVENT, STORE } from '../trace/event.js';
import { afterCrash } from './mismatch.js';
import type { Mechanism } from './mechanism.js';
import type { PromiseId } from './promise.js';
import type { JudgeState } from './state.js';

type Survival = 'none' | 'all' | 'some';

export class RecoveryRule {
  private choice = new Prng(0, 0);
  private readonly cuts = new Set<number>();
  /** What each image was found to hold, or why it was not recovered. */
  private readonly mounted = new Map<string, RecoveredFiles | string>();

  constructor(private readonly state: JudgeState) {}

  reset(): void {
    const { trace, options, disk } = this.state;
    this.cuts.clear();
    this.mounted.clear();
    if (disk.kind === 'fresh' || trace.length === 0) return;
    this.choice = Prng.fromSeed(BigInt(`0x${trace.hash()}`));
    const returns: number[] = [];
    for (let event = 0; event < trace.length; event++) {
      if (trace.kind(event) === EVENT.op_exit) returns.push(event);
    }
    for (let i = 0; i < options.images; i++) {
      // Half of them where a call returns: that is where promises begin.
      const atReturn = this.choice.below(2) === 0 && returns.length > 0;
      this.cuts.add(atReturn ? pick(this.choice, returns) : this.choice.below(trace.length));
    }
  }

  /** Whatever event it was. */
  after(event: number): void {
    // An execution that has failed has failed: mounting is what costs most.
    if (!this.cuts.has(event) || this.state.verdict.violations.length > 0) return;
    // Nothing more than what is certain is the worst for promises; something of the rest for journals.
    const draw = this.choice.below(8);
    this.tryImage(event, draw < 4 ? 'none' : draw === 4 ? 'all' : 'some');
  }

  private tryImage(cut: number, survival: Survival): void {
    const { state } = this;
    const short = this.drawShort(survival);
    state.verdict.images++;
    const key = state.history.survivorKey(new Map(short.map(({ unit, kept }) => [unit, kept])));
    const plan: CrashPlan = { cut, version: 0, short };
    // The same image as before, but by now more may have been promised of it.
    let files = this.mounted.get(key);
    if (files === undefined) {
      state.verdict.imagesMounted++;
      files = state.recover(plan);
      this.mounted.set(key, files);
    }
    if (typeof files === 'string') {
      this.report('P0', 'not-recovered', -1, -1, -1, `is not recovered: ${files}`, plan);
      return;
    }
    this.checkPromises(files, plan);
    const foreign = state.expectation().checkExposure(files, cut);
    if (foreign === null) return;
    const { ino, offset, found } = foreign;
    const detail = `reads ${hex(found)} after the crash, which was never written there`;
    this.report('P9', 'stale-block-exposed', -1, ino, offset, detail, plan);
  }

  private checkPromises(files: RecoveredFiles, plan: CrashPlan): void {
    const { state } = this;
    for (const { promise, made } of state.kept) {
      const mismatch = state.expectation().checkPromise(files, made, plan.cut);
      if (mismatch === null) continue;
      const mechanism = mismatch.offset < 0 ? 'metadata-lost' : 'content-lost';
      const { ino, offset } = mismatch;
      this.report(promise, mechanism, made.op, ino, offset, afterCrash(mismatch), plan);
    }
  }

  private report(
    promise: PromiseId,
    mechanism: Mechanism,
    op: number,
    ino: number,
    offset: number,
    detail: string,
    plan: CrashPlan,
  ): void {
    const { state } = this;
    if (state.isRepeat(promise, mechanism, op, ino)) return;
    const event = plan.cut;
    state.report({ promise, mechanism, op, event, ino, offset, store: -1, detail }, plan);
  }

  /** What each pending unit keeps. */
  private drawShort(survival: Survival): ShortUnit[] {
    const { history, disk } = this.state;
    // What a block device writes at a time; a journal may take it to be written whole or not at all.
    const atomic = disk.kind === 'opaque' ? disk.atomicBytes : WORD_SIZE;
    const sectors = new Map<number, number>();
    return history.pending().map((unit) => {
      const durable = history.durable[unit] as number;
      const visible = history.visible[unit] as number;
      const draw = (from: number, to: number): number =>
        survival === 'none'
          ? from
          : survival === 'all'
            ? to
            : from + this.choice.below(to - from + 1);
      if (atomic === WORD_SIZE || !this.isBlockWrite(unit))
        return { unit, kept: draw(durable, visible) };
      const sector = Math.floor((unit << history.unitShift) / atomic);
      let writes = sectors.get(sector);
      if (writes === undefined) {
        const [from, to] = this.wholeWrites(sector, atomic);
        writes = draw(from, Math.max(from, to));
        sectors.set(sector, writes);
      }
      const kept = writes * this.wordsPerUnit();
      return { unit, kept: Math.min(visible, Math.max(durable, kept)) };
    });
  }

  /** Is the unit's next store one of a block device: metadata that bypasses the cache? */
  private isBlockWrite(unit: number): boolean {
    const { history, trace } = this.state;
    const record = history.firstPending(unit);
    if (record === NO_RECORD) return false;
    const event = history.recordEvent[record] as number;
    const bypasses = (trace.argument(event, AT.store.how) & STORE.nonTemporal) !== 0;
    return bypasses && trace.argument(event, AT.store.ino) < 0;
  }

  private wordsPerUnit(): number {
    return (1 << this.state.history.unitShift) / WORD_SIZE;
  }

  /** Whole writes of a sector: those certainly on media, and those that have ended. */
  private wholeWrites(sector: number, atomic: number): [number, number] {
    const { history } = this.state;
    const words = this.wordsPerUnit();
    const first = (sector * atomic) >> history.unitShift;
    const last = ((sector + 1) * atomic - 1) >> history.unitShift;
    let durable = 0;
    let ended = Number.MAX_SAFE_INTEGER;
    for (let unit = first; unit <= last; unit++) {
      durable = Math.max(durable, Math.ceil((history.durable[unit] as number) / words));
      ended = Math.min(ended, Math.floor((history.visible[unit] as number) / words));
    }
    return [durable, ended];
  }
}
