/**
 * P9: whatever metadata version survives, no file shows bytes that were never its own.
 *
 * A version can be the survivor from its commit until a later one is durable; a store, from when it is
 * visible until something over it is durable. Both intervals begin at an event, so it is enough to look at
 * each store (against the versions alive then) and at each commit (against the chains of the blocks that it
 * maps anew).
 */
import type { CrashPlan, ShortUnit } from '../crash/plan.js';
import type { RecoveredFiles } from '../media/disk.js';
import { blockOf, HOLE } from '../media/layout.js';
import { NO_RECORD } from '../persistency/history.js';
import { empty } from '../support/lists.js';
import { hex, WORD_SHIFT } from '../support/units.js';
import { AT, STORE } from '../trace/event.js';
import { afterCrash } from './mismatch.js';
import type { JudgeState } from './state.js';
import { ASTRAY, astrayBy } from './state.js';
import type { Mechanism } from './mechanism.js';
import { NOBODY } from './view.js';

/** A page that has a block which another page has, too. */
interface SharedPage {
  readonly block: number;
  readonly page: number;
}

export class ExposureRule {
  /** For each metadata version, the owner of each block (page index over all files, or NOBODY). */
  private readonly owners: Int32Array[] = [];
  /** For each version, the pages that share a block with the one in `owners`; empty where none do. */
  private readonly others: SharedPage[][] = [];

  constructor(private readonly state: JudgeState) {}

  reset(): void {
    this.ownersOf(0);
  }

  /** A store: are the blocks that it hits mapped to other pages in a version that can survive? */
  store(event: number): void {
    const { trace, layout, disk } = this.state;
    const ino = trace.argument(event, AT.store.ino);
    // What an opaque disk shows after a crash is tried out (recovery.ts): there are no versions to ask.
    if (ino < 0 || disk.kind === 'opaque') return;
    const first = blockOf(layout, trace.argument(event, AT.store.address));
    const last = blockOf(
      layout,
      trace.argument(event, AT.store.address) + trace.argument(event, AT.store.length) - 1,
    );
    const page = this.state.view.pageAt(ino, trace.argument(event, AT.store.offset));
    for (let block = first; block <= last; block++) {
      this.storeToBlock(event, page + block - first, block);
    }
  }

  private storeToBlock(event: number, page: number, block: number): void {
    const { durable, visible } = this.state.history.versions;
    for (let version = durable; version <= visible; version++) {
      const owner = (this.owners[version] as Int32Array)[block] as number;
      if (owner === NOBODY) continue;
      this.storeUnder(event, page, block, version, owner);
      for (const other of this.others[version] as SharedPage[]) {
        if (other.block === block) this.storeUnder(event, page, block, version, other.page);
      }
    }
  }

  private storeUnder(
    event: number,
    page: number,
    block: number,
    version: number,
    owner: number,
  ): void {
    if (owner === page) return;
    this.state.tainted[block] = 1;
    this.settle(event, event, owner, version, [], this.explainStray(event, page, block));
  }

  /** A commit: are the blocks that it maps anew free of old bytes, in every survivor? */
  commit(event: number): void {
    const { history, view, tainted } = this.state;
    const version = history.versions.visible;
    const owners = this.ownersOf(version);
    const before = this.owners[version - 1] as Int32Array;
    const lastCommit = history.versions.events[version - 1] as number;
    for (let block = 0; block < owners.length; block++) {
      const owner = owners[block] as number;
      if (owner === NOBODY) continue;
      // The same owner as before is no news, unless the block came back to it, or was not clean then (the
      // file may have grown over those bytes since).
      const at = (view.shared[block] === 1 ? view.placedAt[owner] : view.mappedAt[block]) as number;
      if (owner === before[block] && at <= lastCommit && tainted[block] === 0) continue;
      this.checkBlock(event, owner, version, block);
    }
    for (const { block, page } of this.others[version] as SharedPage[]) {
      const known = (view.placedAt[page] as number) <= lastCommit && tainted[block] === 0;
      if (!known) this.checkBlock(event, page, version, block);
    }
  }

  private checkBlock(event: number, owner: number, version: number, block: number): void {
    const { history, layout, view } = this.state;
    const { pageSize } = layout.geometry;
    const unitsPerBlock = pageSize >> history.unitShift;
    const first = (layout.dataStart + block * pageSize) >> history.unitShift;
    const isCopy = view.copied[owner] === 1 && view.blocks[owner] === block;
    const brought = (view.broughtAt[owner] as number) > (view.placedAt[owner] as number);
    const cameWithBytes = isCopy || brought;
    for (let unit = first; unit < first + unitsPerBlock; unit++) {
      if (cameWithBytes) this.checkBrought(event, unit, owner, version, block);
      else this.checkUnit(event, unit, owner, version, block);
    }
    if (this.state.astray[owner] !== ASTRAY.copied) return;
    for (const short of this.state.survivors(block)) {
      this.settle(event, -1, owner, version, short, astrayBy(ASTRAY.copied));
    }
  }

  /**
   * The same for a block that came to its owner with bytes in it: those of another page, or a copy of its
   * own. What was there when it came is right; every shorter survivor, and every later store for another
   * page, is a candidate. So is all of a copy that left something out.
   */
  private checkBrought(
    event: number,
    unit: number,
    owner: number,
    version: number,
    block: number,
  ): void {
    const { history, view } = this.state;
    const placedAt = view.placedAt[owner] as number;
    const durable = history.durable[unit] as number;
    let before = 0;
    let clean = 0;
    for (
      let record = history.firstRecord(unit);
      record !== NO_RECORD;
      record = history.recordNext[record] as number
    ) {
      const store = history.recordEvent[record] as number;
      before += history.recordWords[record] as number;
      if (store < placedAt) {
        clean = before;
      } else if (this.pageOfStore(store, unit) !== owner && before > durable) {
        this.candidateAt(event, unit, before, owner, version, store);
      }
    }
    const complete = view.copied[owner] === 0 || this.isFilled(unit, block, placedAt);
    // What was left out of a copy stays so, whatever else is on media by now.
    const end = complete ? clean - 1 : Math.max(clean, durable);
    for (let kept = durable; kept <= end; kept++) {
      this.candidateAt(event, unit, kept, owner, version, -1);
    }
  }

  /** Was every byte of the unit stored between the block's last owner and the event at which it came? */
  private isFilled(unit: number, block: number, placedAt: number): boolean {
    const { history, view, trace } = this.state;
    const bytes = 1 << history.unitShift;
    const start = unit << history.unitShift;
    const filled = new Uint8Array(bytes);
    for (
      let record = history.firstRecord(unit);
      record !== NO_RECORD;
      record = history.recordNext[record] as number
    ) {
      const store = history.recordEvent[record] as number;
      if (store >= placedAt || store <= (view.freedAt[block] as number)) continue;
      const from = trace.argument(store, AT.store.address) - start;
      filled.fill(1, Math.max(0, from), from + trace.argument(store, AT.store.length));
    }
    return !filled.includes(0);
  }

  /** Walks the chain of a unit of a newly mapped block; every prefix that is not clean is a candidate. */
  private checkUnit(
    event: number,
    unit: number,
    owner: number,
    version: number,
    block: number,
  ): void {
    const { history, view } = this.state;
    const mappedAt = view.mappedAt[block] as number;
    const freedAt = view.freedAt[block] as number;
    const durable = history.durable[unit] as number;
    const wordsPerUnit = 1 << (history.unitShift - WORD_SHIFT);
    /** The prefix that ends here shows only the owner's bytes. */
    let clean = false;
    /** The stray store that made it unclean, if one did. */
    let culprit = -1;
    let before = 0;
    for (
      let record = history.firstRecord(unit);
      record !== NO_RECORD;
      record = history.recordNext[record] as number
    ) {
      if (before >= durable && !clean) {
        this.candidateAt(event, unit, before, owner, version, culprit);
      }
      const store = history.recordEvent[record] as number;
      const words = history.recordWords[record] as number;
      if (this.pageOfStore(store, unit) !== owner) {
        clean = false;
        culprit = store > mappedAt ? store : -1;
        if (store > mappedAt && before + words > durable) {
          this.candidateAt(event, unit, before + words, owner, version, store);
        }
      } else if (words === wordsPerUnit && store > freedAt && store < mappedAt) {
        // Zeroing at allocation: all words of the unit, as whole words.
        if (before + words > durable) {
          for (let kept = Math.max(before, durable); kept < before + words; kept++) {
            this.candidateAt(event, unit, kept, owner, version, -1);
          }
        }
        clean = true;
      }
      before += words;
    }
    if (!clean) this.candidateAt(event, unit, before, owner, version, culprit);
  }

  private candidateAt(
    event: number,
    unit: number,
    kept: number,
    owner: number,
    version: number,
    store: number,
  ): void {
    const { history, tainted } = this.state;
    const durable = history.durable[unit] as number;
    tainted[history.blockOfUnit(unit)] = 1;
    const mechanism: Mechanism =
      store < 0
        ? 'stale-block-exposed'
        : this.explainStray(store, this.pageOfStore(store, unit), history.blockOfUnit(unit));
    this.settle(event, store, owner, version, [{ unit, kept: Math.max(kept, durable) }], mechanism);
  }

  /** The page (as an index over all files) that a store meant by what it did to a unit. */
  private pageOfStore(store: number, unit: number): number {
    const { trace, view, history } = this.state;
    const ino = trace.argument(store, AT.store.ino);
    if (ino < 0) return NOBODY;
    const before = Math.max(
      0,
      (unit << history.unitShift) - trace.argument(store, AT.store.address),
    );
    const offset = trace.argument(store, AT.store.offset) + before;
    return view.pageAt(ino, offset);
  }

  /** Why a store meant for `page` hit a block that another page has in some version. */
  private explainStray(store: number, page: number, block: number): Mechanism {
    const { trace, view } = this.state;
    const how = trace.argument(store, AT.store.how);
    if ((how & STORE.dma) !== 0) return 'device-reached-reused-block';
    // The new owner's own store (or the zeroing before it gets the block): the old owner's version is alive.
    const ownsBlock = view.owner[block] === page || (how & STORE.kernel) !== 0;
    return ownsBlock ? 'reused-before-commit' : 'store-reached-reused-block';
  }

  private settle(
    cut: number,
    store: number,
    owner: number,
    version: number,
    short: ShortUnit[],
    mechanism: Mechanism,
  ): void {
    const { state } = this;
    const ino = Math.floor(owner / state.view.filePages);
    const repeat = state.isRepeat('P9', mechanism, -1, ino);
    if (repeat && !state.options.everyInstance && !this.mayBreakMore(mechanism)) return;
    const page = owner % state.view.filePages;
    const plan: CrashPlan = { cut, version, short };
    const files = state.recover(plan);
    if (typeof files === 'string') return; // the log's rule reports it
    const foreign = state.expectation().checkExposure(files, cut, ino, page);
    if (foreign !== null && !repeat) {
      const detail = `reads ${hex(foreign.found)} after the crash, which was never written there`;
      const op = store < 0 ? -1 : state.trace.op(store);
      const { offset } = foreign;
      state.report({ promise: 'P9', mechanism, op, event: cut, ino, offset, store, detail }, plan);
    }
    const broken = this.breaksPromise(files, plan, ino, page, store, mechanism);
    if (foreign === null && !broken) state.verdict.unconfirmed++;
  }

  /** Could it break a promise that is not known to break in this way? */
  private mayBreakMore(mechanism: Mechanism): boolean {
    const { kept, options } = this.state;
    return kept.some(({ promise }) => !options.isKnown(promise, mechanism, ''));
  }

  /** Old bytes of the file itself are not foreign, but a promise may have been that they are gone. */
  private breaksPromise(
    files: RecoveredFiles,
    plan: CrashPlan,
    ino: number,
    page: number,
    store: number,
    mechanism: Mechanism,
  ): boolean {
    const { state } = this;
    let broken = false;
    for (const { promise, made } of state.kept) {
      const ranges = made.ranges.filter((range) => range.ino === ino);
      if (ranges.length === 0) continue;
      const mismatch = state.expectation().checkPromise(files, { ...made, ranges }, plan.cut, page);
      if (mismatch === null || mismatch.offset < 0) continue;
      broken = true;
      if (state.isRepeat(promise, mechanism, made.op, ino)) continue;
      const detail = afterCrash(mismatch);
      const { offset } = mismatch;
      state.report(
        { promise, mechanism, op: made.op, event: plan.cut, ino, offset, store, detail },
        plan,
      );
    }
    return broken;
  }

  private ownersOf(version: number): Int32Array {
    const { history, layout, trace, view } = this.state;
    const { blockCount } = layout.geometry;
    let owners = this.owners[version];
    if (owners?.length !== blockCount) {
      owners = new Int32Array(blockCount);
      this.owners[version] = owners;
    }
    owners.fill(NOBODY);
    const others = (this.others[version] ??= []);
    empty(others);
    const metadata = history.versions.metadata(version, trace);
    metadata.files.forEach((file, ino) => {
      for (let page = 0; page < file.blocks.length; page++) {
        const block = file.blocks[page] as number;
        if (block === HOLE) continue;
        const index = view.pageIndex(ino, page);
        if (owners[block] === NOBODY) owners[block] = index;
        else others.push({ block, page: index });
      }
    });
    return owners;
  }
}
