/**
 * How a store came to be lost: the history of the page's DAX entry, its tags and its mappings, read back
 * from the trace.
 *
 * The name found here is half of a finding's signature, so it speaks only of what happened in the trace
 * and never of which bug was switched on; `titles` says it in words and points at the catalogue rows that
 * look like it. A trace without DAX annotations gives the plain `store-lost`.
 */
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import { OP } from '../program/op.js';
import { EVENT, PTE, STORE, TAG, WHY } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import type { PromiseMade } from './promise.js';

/** Every mechanism: its sentence, and the catalogue rows with the same one. */
export const MECHANISMS = {
  'store-lost': { text: 'a store that the call promised is not on media', rows: [] },
  'metadata-lost': {
    text: 'the block map or size that the call promised is not on media',
    rows: [],
  },
  'writeback-not-called': {
    text: 'the call did not write back the file at all',
    rows: ['A28'],
  },
  'inode-not-listed': {
    text: 'sync did not visit the inode: it was on no dirty list',
    rows: ['A21'],
  },
  'sync-without-dax-writeback': {
    text: 'sync visited the inode, but its writepages has no DAX branch',
    rows: ['B02'],
  },
  'never-tagged': {
    text: 'the page was written through a mapping, but its entry was never tagged DIRTY',
    rows: ['B01'],
  },
  'no-entry': {
    text: 'the page was written through a mapping, but no DAX entry was ever made for it',
    rows: ['B01'],
  },
  'clean-entry-dropped': {
    text: 'the clean entry was dropped under a live mapping, and the next store found none to tag',
    rows: ['A5'],
  },
  'dirty-entry-invalidated': {
    text: 'invalidation dropped an entry that was still DIRTY',
    rows: ['B09'],
  },
  'dirty-entry-truncated': {
    text: 'truncation dropped the dirty state of pages outside its range',
    rows: ['L04', 'L05'],
  },
  'tags-lost-on-replacement': {
    text: 'a DIRTY entry was replaced by another one without taking over its tags',
    rows: ['A1', 'B06'],
  },
  'pte-left-writable': {
    text: 'writeback cleaned the entry and left a PTE writable: later stores do not fault',
    rows: ['A3'],
  },
  'pmd-left-writable': {
    text: 'writeback cleaned the entry and left a PMD writable: later stores do not fault',
    rows: ['B07', 'A3'],
  },
  'writable-while-cleaned': {
    text: 'the page became writable while its entry was being cleaned: a writable mapping, a clean entry',
    rows: ['A4', 'B03'],
  },
  'towrite-taken': {
    text: 'another writeback had taken the TOWRITE tag and had not flushed yet: the call skipped the page',
    rows: ['A2', 'B04', 'L01'],
  },
  'dirty-entry-skipped': {
    text: 'the entry was DIRTY and the call did not write it back',
    rows: [],
  },
  'lines-not-written-back': {
    text: 'the entry was written back, but not the cache lines of the store',
    rows: [],
  },
  'write-back-not-fenced': {
    text: 'the lines were written back, but no fence completed that before the call returned',
    rows: [],
  },
  'kernel-write-not-fenced': {
    text: 'data that a system call wrote was not fenced before the call returned',
    rows: [],
  },
  'dma-after-clean': {
    text: 'a device wrote to a pinned page after it was cleaned, and nothing marked it dirty again',
    rows: ['A11', 'B51'],
  },
  'stale-zero-page': {
    text: 'a page table still maps the zero page although the file has a block there',
    rows: [],
  },
  'stale-block': {
    text: 'a page table still maps a block that the file no longer has there',
    rows: [],
  },
  'wrong-bytes-read': {
    text: 'the block is the right one, but its bytes are not what was last written',
    rows: [],
  },
  'block-reused-while-pinned': {
    text: 'a pinned block was freed and given to another page',
    rows: ['A9', 'B37'],
  },
  'pinned-block-freed': {
    text: 'a device read through a pin from a block that its file no longer has',
    rows: ['A9', 'B37'],
  },
  'device-reached-reused-block': {
    text: 'a device wrote through an old pin into a block that belongs to another page now',
    rows: ['A9', 'B37'],
  },
  'store-reached-reused-block': {
    text: 'a store through an old mapping went into a block that belongs to another page now',
    rows: [],
  },
  'reused-before-commit': {
    text: 'a freed block was written by its new owner before the free was committed',
    rows: [],
  },
  'stale-block-exposed': {
    text: 'the block map reached media before the zeros of the new block did',
    rows: [],
  },
} as const satisfies Record<string, { text: string; rows: readonly string[] }>;

export type Mechanism = keyof typeof MECHANISMS;

/** Why the entry of a page is not DIRTY, as far as the trace has been read. */
type Loss =
  | { kind: 'never' }
  | { kind: 'dropped-clean' | 'invalidated' | 'truncated' | 'replaced' }
  | { kind: 'cleaned'; start: number };

/** The life of one page's entry and mappings up to some event. */
class EntryHistory {
  present = false;
  dirty = false;
  loss: Loss = { kind: 'never' };
  /** Writable mappings of the page: by virtual page, when it became so and whether by a PMD. */
  readonly writable = new Map<number, { since: number; huge: boolean }>();
  /** The latest dax_writeback_one of each operation, by operation number. */
  private readonly writebacks = new Map<number, number>();
  /** Slot and size of the entry that covers the page: tags sit on the head slot. */
  private head = -1;
  private headPages = 1;
  private position = 0;

  constructor(
    private readonly trace: Trace,
    private readonly ino: number,
    private readonly page: number,
  ) {}

  /** Reads the trace on, up to but not including event `end`. */
  readTo(end: number): void {
    for (; this.position < end; this.position++) this.apply(this.position);
  }

  /** Reads on to where the entry stops being DIRTY, or to `end`. */
  readWhileDirty(end: number): void {
    while (this.dirty && this.position < end) this.readTo(this.position + 1);
  }

  private covers(event: number, pageArgument: number, pagesArgument: number): boolean {
    const page = this.trace.argument(event, pageArgument);
    return page <= this.page && this.page < page + this.trace.argument(event, pagesArgument);
  }

  private apply(event: number): void {
    const { trace } = this;
    const kind = trace.kind(event);
    if (kind === EVENT.set_pte) {
      if (trace.argument(event, 3) === this.ino && this.covers(event, 4, 1)) this.setPte(event);
      return;
    }
    if (trace.argument(event, 0) !== this.ino) return;
    if (kind === EVENT.dax_insert_entry && this.covers(event, 1, 2)) {
      this.present = true;
      this.head = trace.argument(event, 1);
      this.headPages = trace.argument(event, 2);
      this.dirty = (trace.argument(event, 5) & TAG.dirty) !== 0;
    } else if (kind === EVENT.dax_delete_entry && this.covers(event, 1, 2)) {
      this.drop(trace.argument(event, 3), trace.argument(event, 4));
    } else if (kind === EVENT.dax_tag && this.isHead(event)) {
      this.tag(event);
    } else if (kind === EVENT.dax_writeback_one && this.covers(event, 1, 2)) {
      this.writebacks.set(trace.op(event), event);
    }
  }

  private isHead(event: number): boolean {
    const page = this.trace.argument(event, 1);
    return page === this.head && this.page < page + this.headPages;
  }

  private tag(event: number): void {
    if (this.trace.argument(event, 2) !== TAG.dirty) return;
    this.dirty = this.trace.argument(event, 3) === 1;
    if (this.dirty) return;
    this.loss = { kind: 'cleaned', start: this.writebacks.get(this.trace.op(event)) ?? event };
  }

  private drop(why: number, tags: number): void {
    if ((tags & TAG.dirty) !== 0) {
      const kind =
        why === WHY.replaced ? 'replaced' : why === WHY.truncate ? 'truncated' : 'invalidated';
      this.loss = { kind };
    } else {
      this.loss = { kind: 'dropped-clean' };
    }
    this.present = false;
    this.dirty = false;
    this.head = -1;
  }

  private setPte(event: number): void {
    const { trace } = this;
    const vpage = trace.argument(event, 0);
    if (trace.argument(event, 2) === PTE.writable) {
      this.writable.set(vpage, { since: event, huge: trace.argument(event, 1) > 1 });
    } else {
      this.writable.delete(vpage);
    }
  }
}

/** Names how the store at event `store` escaped the promise `made`. */
export function explainLostStore(
  program: Program,
  trace: Trace,
  made: PromiseMade,
  store: number,
  pageSize: number,
): Mechanism {
  const how = trace.argument(store, 3);
  if ((how & STORE.untracked) !== 0) return 'dma-after-clean';
  if ((how & STORE.kernel) !== 0) return 'kernel-write-not-fenced';
  const ino = trace.argument(store, 4);
  const page = Math.floor(trace.argument(store, 5) / pageSize);
  const window = surveyWindow(trace, made, ino, page, trace.argument(store, 0));
  if (!window.annotated) return 'store-lost';
  if (window.writtenBack) {
    return window.lineFlushed ? 'write-back-not-fenced' : 'lines-not-written-back';
  }
  const history = new EntryHistory(trace, ino, page);
  history.readTo(store);
  const writable = [...history.writable.values()];
  const tracked = history.present || history.loss.kind !== 'never';
  if (!history.dirty) return explainUntracked(history, tracked, writable);
  // The entry was DIRTY when the store was made. Was it still, when the call looked?
  history.readTo(window.called ? window.scan : made.begin);
  if (history.dirty && !window.called) return explainNotCalled(program, made, window);
  if (!history.dirty) return explainLoss(history.loss, writable);
  history.readWhileDirty(made.end);
  if (!history.dirty && history.loss.kind !== 'cleaned') return explainLoss(history.loss, writable);
  const taker = unfinishedWriteback(trace, made, ino, page);
  if (taker < 0) return 'dirty-entry-skipped';
  // Another writeback had the entry. If it had flushed before the store, the store should have faulted.
  const flush = flushOf(trace, taker, made.end, trace.argument(store, 0));
  return flush >= 0 && flush < store ? explainMapping(writable, taker) : 'towrite-taken';
}

/** The entry was not DIRTY when the store was made. */
function explainUntracked(history: EntryHistory, tracked: boolean, writable: Writable): Mechanism {
  if (!tracked) return 'no-entry';
  // A clean entry that is there is no excuse by itself: something should have tagged it.
  if (history.present && history.loss.kind === 'dropped-clean') return 'never-tagged';
  return explainLoss(history.loss, writable);
}

interface Window {
  /** dax_writeback_mapping_range was called for the page, and at which event. */
  called: boolean;
  scan: number;
  writtenBack: boolean;
  lineFlushed: boolean;
  visited: boolean;
  annotated: boolean;
}

/** What the call itself did about the page. */
function surveyWindow(
  trace: Trace,
  made: PromiseMade,
  ino: number,
  page: number,
  address: number,
): Window {
  const window: Window = {
    called: false,
    scan: made.end,
    writtenBack: false,
    lineFlushed: false,
    visited: false,
    annotated: false,
  };
  for (let event = made.begin; event <= made.end; event++) {
    if (trace.op(event) !== made.op) continue;
    const first = trace.argument(event, 0);
    const covers =
      first === ino &&
      trace.argument(event, 1) <= page &&
      page < trace.argument(event, 1) + trace.argument(event, 2);
    switch (trace.kind(event)) {
      case EVENT.dax_writeback_range:
        if (covers && !window.called) {
          window.called = true;
          window.scan = event;
        }
        break;
      case EVENT.dax_writeback_one:
        if (covers) window.writtenBack = true;
        break;
      case EVENT.flush:
        if (first <= address && address < first + trace.argument(event, 1))
          window.lineFlushed = true;
        break;
      case EVENT.writeback_single_inode:
        if (first === ino) window.visited = true;
        break;
      default:
        break;
    }
  }
  for (let event = 0; event < made.end && !window.annotated; event++) {
    const kind = trace.kind(event);
    window.annotated =
      kind === EVENT.dax_insert_entry || kind === EVENT.dax_writeback_range || kind === EVENT.fault;
  }
  return window;
}

function explainNotCalled(program: Program, made: PromiseMade, window: Window): Mechanism {
  if (!window.annotated) return 'store-lost';
  if (opAt(program, made.op)?.code !== OP.sync) return 'writeback-not-called';
  return window.visited ? 'sync-without-dax-writeback' : 'inode-not-listed';
}

/** A writeback of the page by another call that had not finished when this one started; -1 if none. */
function unfinishedWriteback(trace: Trace, made: PromiseMade, ino: number, page: number): number {
  for (let event = made.end - 1; event >= 0; event--) {
    if (trace.kind(event) !== EVENT.dax_writeback_one || trace.op(event) === made.op) continue;
    const first = trace.argument(event, 1);
    const covers =
      trace.argument(event, 0) === ino && first <= page && page < first + trace.argument(event, 2);
    if (covers && !finishedBefore(trace, event, made.begin)) return event;
  }
  return -1;
}

/** Did the writeback that started at `start` finish before event `before`? */
function finishedBefore(trace: Trace, start: number, before: number): boolean {
  for (let event = start + 1; event < before; event++) {
    if (
      trace.kind(event) === EVENT.dax_writeback_one_done &&
      trace.op(event) === trace.op(start) &&
      trace.argument(event, 1) === trace.argument(start, 1)
    ) {
      return true;
    }
  }
  return false;
}

/** When the writeback that started at `start` flushed the line of `address`; -1 if not before `end`. */
function flushOf(trace: Trace, start: number, end: number, address: number): number {
  for (let event = start + 1; event < end; event++) {
    if (trace.kind(event) !== EVENT.flush || trace.op(event) !== trace.op(start)) continue;
    const first = trace.argument(event, 0);
    if (first <= address && address < first + trace.argument(event, 1)) return event;
  }
  return -1;
}

type Writable = readonly { readonly since: number; readonly huge: boolean }[];

/** Which mapping let a store through although the entry was cleaned by the writeback that began at `start`. */
function explainMapping(writable: Writable, start: number): Mechanism {
  if (writable.some((mapping) => mapping.since > start)) return 'writable-while-cleaned';
  return writable.some((mapping) => mapping.huge) ? 'pmd-left-writable' : 'pte-left-writable';
}

/** Where the dirty state went. */
function explainLoss(loss: Loss, writable: Writable): Mechanism {
  switch (loss.kind) {
    case 'replaced':
      return 'tags-lost-on-replacement';
    case 'invalidated':
      return 'dirty-entry-invalidated';
    case 'truncated':
      return 'dirty-entry-truncated';
    case 'dropped-clean':
      return 'clean-entry-dropped';
    case 'cleaned':
      return explainMapping(writable, loss.start);
    case 'never':
      return 'never-tagged';
  }
}
