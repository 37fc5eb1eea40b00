/**
 * P9: whatever metadata version survives, no file shows bytes that were never its own.
 *
 * A version can be the survivor from its commit until a later one is durable; a store, from when it is
 * visible until something over it is durable. Both intervals begin at an event, so it is enough to look at
 * each store (against the versions alive then) and at each commit (against the chains of the blocks that it
 * maps anew).
 */
import { assert } from '../support/assert.js';
import type { CrashPlan, ShortUnit } from '../crash/plan.js';
import type { RecoveredFiles } from '../media/disk.js';
import { blockOf, HOLE } from '../media/layout.js';
import { NO_RECORD } from '../persistency/history.js';
import { hex, WORD_SHIFT } from '../support/units.js';
import { AT, STORE } from '../trace/event.js';
import { afterCrash } from './mismatch.js';
import type { JudgeState } from './state.js';
import type { Mechanism } from './mechanism.js';
import { NOBODY } from './view.js';

export class ExposureRule {
  /** For each metadata version, the owner of each block (page index over all files, or NOBODY). */
  private readonly owners: Int32Array[] = [];

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
      if (owner === NOBODY || owner === page) continue;
      this.state.tainted[block] = 1;
      this.settle(event, event, owner, version, [], this.explainStray(event, page, block));
    }
  }

  /** A commit: are the blocks that it maps anew free of old bytes, in every survivor? */
  commit(event: number): void {
    const { history, layout, view } = this.state;
    const version = history.versions.visible;
    const owners = this.ownersOf(version);
    const before = this.owners[version - 1] as Int32Array;
    const lastCommit = history.versions.events[version - 1] as number;
    const { pageSize } = layout.geometry;
    const unitsPerBlock = pageSize >> history.unitShift;
    for (let block = 0; block < owners.length; block++) {
      const owner = owners[block] as number;
      if (owner === NOBODY) continue;
      // The same owner as before is no news, unless the block came back to it, or was not clean then (the
      // file may have grown over those bytes since).
      const known = owner === before[block] && (view.mappedAt[block] as number) <= lastCommit;
      if (known && this.state.tainted[block] === 0) continue;
      const first = (layout.dataStart + block * pageSize) >> history.unitShift;
      for (let unit = first; unit < first + unitsPerBlock; unit++) {
        this.checkUnit(event, unit, owner, version, block);
      }
    }
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
    if (repeat && !state.options.everyInstance) return;
    const page = owner % state.view.filePages;
    const plan: CrashPlan = { cut, version, short };
    const files = state.recover(plan);
    assert(typeof files !== 'string', 'a disk with commit records can always be recovered');
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
    const metadata = history.versions.metadata(version, trace);
    metadata.files.forEach((file, ino) => {
      for (let page = 0; page < file.blocks.length; page++) {
        const block = file.blocks[page] as number;
        if (block !== HOLE) owners[block] = view.pageIndex(ino, page);
      }
    });
    return owners;
  }
}
