/**
 * P2 to P6, P8 and P12: when a call that promises durability returns success, everything that happened
 * before it started is on media, for the pages it covers. Decided at its return, for all later cuts.
 */
import type { CrashPlan, ShortUnit } from '../crash/plan.js';
import { HOLE } from '../media/layout.js';
import { NO_RECORD } from '../persistency/history.js';
import { opAt } from '../program/program.js';
import type { Op } from '../program/op.js';
import { AT, EVENT } from '../trace/event.js';
import { TASK_NUMBERS } from '../trace/trace.js';
import { afterCrash } from './mismatch.js';
import type { JudgeState } from './state.js';
import { ASTRAY, astrayBy } from './state.js';
import { isSettled, settlingOf } from './settling.js';
import { explainLostStore } from './explain.js';
import type { Mechanism } from './mechanism.js';
import type { Candidate, FileRange, PromiseId, PromiseMade } from './promise.js';
import { coveredBefore } from './frozen.js';
import { hasSucceeded, promiseOf, wholeFiles, writtenRange } from './promise.js';
import { empty } from '../support/lists.js';
import { syncStores, userFlushOf } from './user-flush.js';

/** A call that promises durability and has not returned. */
interface OpenPromise {
  readonly promise: PromiseId;
  readonly op: number;
  readonly begin: number;
  readonly ranges: FileRange[];
}

/** A change of in-core metadata: of the block of a page, or (page < 0) of the size. */
interface MetadataChange {
  readonly event: number;
  readonly page: number;
  readonly value: number;
}

const SIZE = -1;

export class DurabilityRule {
  private readonly open: (OpenPromise | null)[] = new Array<OpenPromise | null>(TASK_NUMBERS).fill(
    null,
  );
  /** Per file, what changed in its metadata and when. */
  private readonly changes: MetadataChange[][] = [];
  /** Of the call being decided: the mechanisms that it met, and how each store was lost. */
  private readonly met = new Set<Mechanism>();
  private readonly explained = new Map<number, Mechanism>();

  constructor(private readonly state: JudgeState) {}

  reset(): void {
    this.open.fill(null);
    const files = this.state.program.files.length;
    while (this.changes.length < files) this.changes.push([]);
    for (const list of this.changes) empty(list);
  }

  enter(event: number): void {
    const { trace, program, layout } = this.state;
    const op = trace.op(event);
    const promise = promiseOf(opAt(program, op) as Op);
    if (promise === null || (promise === 'P8' && syncStores(program).size === 0)) return;
    const ranges = wholeFiles(promise, trace.argument(event, AT.op_enter.ino), layout);
    this.open[trace.task(event)] = { promise, op, begin: event, ranges };
  }

  /** An msync says which pages of which files its mappings cover. */
  cover(event: number): void {
    const { trace, layout } = this.state;
    const open = this.open[trace.task(event)] ?? null;
    if (open?.promise !== 'P5') return;
    const { pageSize } = layout.geometry;
    const from = trace.argument(event, AT.sync_range.page) * pageSize;
    const to = from + trace.argument(event, AT.sync_range.pages) * pageSize;
    open.ranges.push({ ino: trace.argument(event, AT.sync_range.ino), from, to });
  }

  noteMetadata(event: number): void {
    const { trace } = this.state;
    const kind = trace.kind(event);
    if (kind === EVENT.i_size) {
      const value = trace.argument(event, AT.i_size.size);
      this.changesOf(trace.argument(event, AT.i_size.ino)).push({ event, page: SIZE, value });
      return;
    }
    const isMapped = kind !== EVENT.extent_unmap;
    const at = isMapped ? AT.extent_map : AT.extent_unmap;
    const page = trace.argument(event, at.page);
    const value = isMapped ? trace.argument(event, at.block) : HOLE;
    this.changesOf(trace.argument(event, at.ino)).push({ event, page, value });
  }

  private changesOf(ino: number): MetadataChange[] {
    return this.changes[ino] as MetadataChange[];
  }

  /** What the call promised, which is decided now; null if it promised nothing. */
  exit(event: number): PromiseMade | null {
    const { trace, verdict, program } = this.state;
    const task = trace.task(event);
    const open = this.open[task] ?? null;
    if (open === null) return null;
    this.open[task] = null;
    const result = trace.argument(event, AT.op_exit.result);
    const call = opAt(program, open.op) as Op;
    if (!hasSucceeded(open.promise, call, result, event > this.state.view.shutdownAt)) return null;
    verdict.promises++;
    if (open.promise === 'P2') {
      const file = trace.argument(open.begin, AT.op_enter.ino);
      open.ranges.push(writtenRange(call, file, result));
    }
    const { promise, op, begin } = open;
    const before = coveredBefore(program, trace, promise, begin, event);
    const flush = promise === 'P8' ? userFlushOf(program, this.state.disk, trace, op, event) : null;
    const ranges = flush === null ? open.ranges : flush.ranges;
    const made: PromiseMade = { promise, op, task, begin, end: event, before, ranges, flush };
    // Clearing an empty set is slow.
    if (this.met.size > 0) this.met.clear();
    if (this.explained.size > 0) this.explained.clear();
    this.checkUnits(open.promise, made);
    this.checkMetadata(open.promise, made);
    this.checkDoubtful(open.promise, made);
    this.state.kept.push({ promise: open.promise, made });
    return made;
  }

  /**
   * Looks at every pending unit of the covered pages. One way to lose stores does not end the search: it may
   * hide another, and what is reported must not depend on what is known.
   */
  private checkUnits(promise: PromiseId, made: PromiseMade): void {
    const { history, view, layout } = this.state;
    if (history.pendingUnits === 0) return;
    const { pageSize } = layout.geometry;
    const unitsPerBlock = pageSize >> history.unitShift;
    for (const range of made.ranges) {
      const last = Math.min(range.to / pageSize, view.filePages);
      for (let page = Math.floor(range.from / pageSize); page < last; page++) {
        const owner = view.pageIndex(range.ino, page);
        const block = view.blocks[owner] as number;
        if (block === HOLE || (history.pendingInBlock[block] as number) === 0) continue;
        const first = (layout.dataStart + block * pageSize) >> history.unitShift;
        for (let unit = first; unit < first + unitsPerBlock; unit++) {
          if ((history.visible[unit] as number) === (history.durable[unit] as number)) continue;
          const offset = page * pageSize + ((unit - first) << history.unitShift);
          if (offset >= range.to || offset + (1 << history.unitShift) <= range.from) continue;
          this.checkUnit(promise, made, range.ino, page, unit);
        }
      }
    }
  }

  private checkUnit(
    promise: PromiseId,
    made: PromiseMade,
    ino: number,
    page: number,
    unit: number,
  ): void {
    const { history, trace } = this.state;
    for (
      let record = history.firstPending(unit);
      record !== NO_RECORD;
      record = history.recordNext[record] as number
    ) {
      const store = history.recordEvent[record] as number;
      if (!this.isPromised(store, made, ino, page)) continue;
      const mechanism = this.explain(made, store);
      if (this.met.has(mechanism)) continue;
      const candidate: Candidate = {
        promise,
        mechanism,
        op: made.op,
        event: made.end,
        ino,
        offset: trace.argument(store, AT.store.offset),
        store,
        detail: '',
      };
      // The shortest survivor, and the one that keeps all but this store: what is below may not differ.
      const durable = history.durable[unit] as number;
      for (const kept of new Set([durable, history.recordBefore[record] as number])) {
        const version = history.versions.visible;
        if (this.settle(candidate, made, page, [{ unit, kept }], version)) break;
      }
    }
  }

  /** A store fills many units, and was lost in one way. */
  private explain(made: PromiseMade, store: number): Mechanism {
    let mechanism = this.explained.get(store);
    if (mechanism === undefined) {
      const { program, trace, layout } = this.state;
      mechanism = explainLostStore(program, trace, made, store, layout.geometry.pageSize);
      this.explained.set(store, mechanism);
    }
    return mechanism;
  }

  /** Had this store happened when the call started, and was it meant for this page? */
  private isPromised(store: number, made: PromiseMade, ino: number, page: number): boolean {
    const { trace, view, layout, options } = this.state;
    const { pageSize } = layout.geometry;
    const index = view.pageIndex(ino, page);
    // A copy holds bytes that are older than itself: whether it was promised, only its image tells.
    if (view.copied[index] === 1 && store < (view.placedAt[index] as number)) return true;
    const brought = view.broughtAt[index] as number;
    if (brought > store) return this.isBroughtInTime(brought, made);
    if (trace.argument(store, AT.store.ino) !== ino) return false;
    const from = trace.argument(store, AT.store.offset);
    const to = from + trace.argument(store, AT.store.length);
    if (to <= page * pageSize || from >= (page + 1) * pageSize) return false;
    const deed = {
      event: store,
      op: trace.op(store),
      task: trace.task(store),
      issued: trace.argument(store, AT.store.issued),
      settling: settlingOf(trace.argument(store, AT.store.how), options.contract),
      block: view.blocks[view.pageIndex(ino, page)] as number,
    };
    return isSettled(trace, view, deed, made);
  }

  /** The store's bytes came to the page with their block: had they when the call started? */
  private isBroughtInTime(brought: number, made: PromiseMade): boolean {
    const { trace, view } = this.state;
    const op = trace.op(brought);
    const deed = { event: brought, op, task: trace.task(brought), issued: brought, block: HOLE };
    return isSettled(trace, view, { ...deed, settling: 'exit' }, made);
  }

  /**
   * Pages whose bytes may not be what their file should hold, even if all that was written survives: blocks
   * with bytes of others, and pages of which a store went elsewhere.
   */
  private checkDoubtful(promise: PromiseId, made: PromiseMade): void {
    const { view, tainted, astray, history, layout } = this.state;
    const { pageSize } = layout.geometry;
    for (const range of made.ranges) {
      for (let page = Math.floor(range.from / pageSize); page < range.to / pageSize; page++) {
        const index = view.pageIndex(range.ino, page);
        const block = view.blocks[index] as number;
        const isTainted = block !== HOLE && tainted[block] === 1;
        if (!isTainted && astray[index] === 0) continue;
        const mechanism = isTainted ? 'stale-block-exposed' : astrayBy(astray[index] as number);
        if (this.met.has(mechanism)) continue;
        const candidate: Candidate = {
          promise,
          mechanism,
          op: made.op,
          event: made.end,
          ino: range.ino,
          offset: page * pageSize,
          store: -1,
          detail: '',
        };
        const isOver = !isTainted && astray[index] !== ASTRAY.freedBlock;
        const shorts = isOver ? this.state.survivors(block) : [[]];
        for (const short of shorts) {
          if (this.settle(candidate, made, page, short, history.versions.visible)) break;
        }
      }
    }
  }

  /** The kernel wrote over bytes of a file's page: what was promised of them before is broken from now on. */
  overwritten(event: number, owner: number, how: number): void {
    const { state } = this;
    const { history, view } = state;
    state.astray[owner] = how;
    const ino = Math.floor(owner / view.filePages);
    const page = owner % view.filePages;
    const block = view.blocks[owner] as number;
    const mechanism = astrayBy(how);
    for (const { promise, made } of state.kept) {
      const ranges = made.ranges.filter((range) => range.ino === ino);
      if (ranges.length === 0 || state.isRepeat(promise, mechanism, made.op, ino)) continue;
      for (const short of state.survivors(block)) {
        const plan: CrashPlan = { cut: event, version: history.versions.visible, short };
        const files = state.recover(plan);
        if (typeof files === 'string') return;
        const wrong = state.expectation().checkPromise(files, { ...made, ranges }, event, page);
        if (wrong === null || wrong.offset < 0) continue;
        const found = { promise, mechanism, op: made.op, event, ino, store: event } as const;
        state.report({ ...found, offset: wrong.offset, detail: afterCrash(wrong) }, plan);
        break;
      }
    }
  }

  /** Is what the oldest surviving metadata version says one of the states since the call started? */
  private checkMetadata(promise: PromiseId, made: PromiseMade): void {
    const { history, trace, layout, view } = this.state;
    if (this.state.disk.kind === 'opaque') return; // its metadata is what a mount finds (recovery.ts)
    const changed = made.ranges.some((range) => this.changesOf(range.ino).length > 0);
    if (!changed) return;
    const version = history.versions.durable;
    const durable = history.versions.metadata(version, trace);
    const { pageSize } = layout.geometry;
    for (const range of made.ranges) {
      const file = durable.files[range.ino];
      if (file === undefined) continue;
      const size = view.sizes[range.ino] as number;
      // What a program has flushed lies within every size that the file has had.
      const asksSize = made.flush === null;
      if (asksSize && !this.isCurrent(range.ino, SIZE, file.size, size, made)) {
        this.settleMetadata(promise, made, range.ino, -1, version);
      }
      for (let page = Math.floor(range.from / pageSize); page < range.to / pageSize; page++) {
        const now = view.blocks[view.pageIndex(range.ino, page)] as number;
        if (this.isCurrent(range.ino, page, file.blocks[page] as number, now, made)) continue;
        this.settleMetadata(promise, made, range.ino, page, version);
      }
    }
  }

  /** Was `value` in effect at the start of the call or set since? */
  private isCurrent(
    ino: number,
    page: number,
    value: number,
    now: number,
    made: PromiseMade,
  ): boolean {
    if (value === now) return true;
    // What a write needs is less than all that was so when it started: its image says whether it has that.
    if (made.promise === 'P2') return false;
    let atStart: number | null = null;
    for (const change of this.changesOf(ino)) {
      if (change.page !== page) continue;
      if (change.event < made.before) atStart = change.value;
      else if (change.value === value) return true;
    }
    // No change before the call: the value that mkfs left is the one in effect, and still allowed.
    return atStart === null || atStart === value;
  }

  private settleMetadata(
    promise: PromiseId,
    made: PromiseMade,
    ino: number,
    page: number,
    version: number,
  ): void {
    const mechanism = promise === 'P8' ? 'map-sync-not-committed' : 'metadata-lost';
    if (this.met.has(mechanism)) return;
    const candidate: Candidate = {
      promise,
      mechanism,
      op: made.op,
      event: made.end,
      ino,
      offset: page < 0 ? -1 : page * this.state.layout.geometry.pageSize,
      store: -1,
      detail: '',
    };
    this.settle(candidate, made, page, [], version);
  }

  /** Confirms a candidate by its image and reports it; true if so, or if its signature is known. */
  private settle(
    candidate: Candidate,
    made: PromiseMade,
    page: number,
    short: ShortUnit[],
    version: number,
  ): boolean {
    const { state } = this;
    if (state.isRepeat(candidate.promise, candidate.mechanism, candidate.op, candidate.ino)) {
      this.met.add(candidate.mechanism);
      return true;
    }
    const plan: CrashPlan = { cut: made.end, version, short };
    const only = { ...made, ranges: made.ranges.filter((range) => range.ino === candidate.ino) };
    const files = state.recover(plan);
    const mismatch =
      typeof files === 'string'
        ? null // what cannot be mounted is the recovery rule's to report
        : state.expectation().checkPromise(files, only, made.end, page);
    if (mismatch === null) {
      state.verdict.unconfirmed++;
      return false;
    }
    const offset = mismatch.offset < 0 ? candidate.offset : mismatch.offset;
    const detail = afterCrash(mismatch);
    state.report({ ...candidate, offset, detail }, plan);
    this.met.add(candidate.mechanism);
    return true;
  }
}
