/**
 * How a store came to be lost: which step of the kernel, between the store and the call that should have
 * made it durable, let it slip.
 */
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import { OP } from '../program/op.js';
import { AT, EVENT, STORE } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { coversPage, flushesLineOf } from './covers.js';
import type { Loss, WritableMapping } from './entry-history.js';
import { EntryHistory } from './entry-history.js';
import type { Mechanism } from './mechanism.js';
import type { PromiseMade } from './promise.js';

/** Names how the store at event `store` escaped the promise `made`. */
export function explainLostStore(
  program: Program,
  trace: Trace,
  made: PromiseMade,
  store: number,
  pageSize: number,
): Mechanism {
  const how = trace.argument(store, AT.store.how);
  if ((how & STORE.untracked) !== 0) return 'dma-after-clean';
  if ((how & STORE.kernel) !== 0) return 'kernel-write-not-fenced';
  if (made.promise === 'P8') return 'store-lost'; // no step of the kernel was needed
  const ino = trace.argument(store, AT.store.ino);
  const page = Math.floor(trace.argument(store, AT.store.offset) / pageSize);
  if (!isAnnotated(trace, made.end)) return 'store-lost';
  const address = trace.argument(store, AT.store.address);
  const window = surveyWindow(trace, made, ino, page, address);
  if (isMadeWritableLate(trace, made, ino, page, store)) return 'write-fault-while-frozen';
  if (window.writtenBack) {
    const late = store > made.begin && flushOf(trace, store, made.end, address, made.op) < 0;
    if (window.lineFlushed && late) return 'stored-after-write-back';
    return window.lineFlushed ? 'write-back-not-fenced' : 'lines-not-written-back';
  }
  const history = new EntryHistory(trace, ino, page);
  history.readTo(store);
  const writable = [...history.writable.values()];
  const tracked = history.present || history.loss.kind !== 'never';
  const taken = (start: number): Mechanism => explainTaken(trace, made, store, start, writable);
  if (!history.dirty) return explainUntracked(history, tracked, taken);
  // The entry was DIRTY when the store was made. Was it still, when the call looked? What undid it first
  // is to blame, whatever happened to a later entry of the page.
  history.readWhileDirty(window.called ? window.scan : made.begin);
  if (history.dirty && !window.called) return explainNotCalled(program, made, window);
  if (!history.dirty) return explainLoss(history.loss, taken);
  history.readWhileDirty(made.end);
  if (!history.dirty && history.loss.kind !== 'cleaned') return explainLoss(history.loss, taken);
  const taker = unfinishedWriteback(trace, made, ino, page);
  return taker < 0 ? 'dirty-entry-skipped' : taken(taker);
}

/** Did the page become writable after the last write-back of a freeze, before the store and its return? */
function isMadeWritableLate(
  trace: Trace,
  made: PromiseMade,
  ino: number,
  page: number,
  store: number,
): boolean {
  if (made.before === made.begin || store < made.begin) return false;
  let last = store;
  while (last > made.begin && !isWriteBack(trace, last, made.op)) last--;
  if (last === made.begin) return false;
  const history = new EntryHistory(trace, ino, page);
  history.readTo(store);
  return [...history.writable.values()].some(({ since }) => since > last);
}

function isWriteBack(trace: Trace, event: number, op: number): boolean {
  const kind = trace.kind(event);
  const isOne = kind === EVENT.dax_writeback_range || kind === EVENT.dax_writeback_one_done;
  return isOne && trace.op(event) === op;
}

/**
 * The writeback that began at `start` cleared the entry's tags. If it flushed before the store
 * was made, the store should have faulted; if not, it had not finished when the call returned.
 */
function explainTaken(
  trace: Trace,
  made: PromiseMade,
  store: number,
  start: number,
  writable: readonly WritableMapping[],
): Mechanism {
  const address = trace.argument(store, AT.store.address);
  const flush = flushOf(trace, start, made.end, address, trace.op(start));
  if (flush < 0 && start > store && finishedBefore(trace, start, made.begin)) {
    return 'lines-not-written-back'; // it was complete, and these lines were not in it
  }
  if (flush < 0 || flush > store) return 'towrite-taken';
  return explainMapping(writable, start);
}

/** The entry was not DIRTY when the store was made. */
function explainUntracked(
  history: EntryHistory,
  tracked: boolean,
  taken: (start: number) => Mechanism,
): Mechanism {
  if (!tracked) return 'no-entry';
  // A clean entry that is there is no excuse by itself: something should have tagged it.
  if (history.present && history.loss.kind === 'dropped-clean') return 'never-tagged';
  return explainLoss(history.loss, taken);
}

/** Does the trace say what the DAX layer did, up to event `end`? Without that only the loss is certain. */
function isAnnotated(trace: Trace, end: number): boolean {
  for (let event = 0; event < end; event++) {
    const kind = trace.kind(event);
    if (kind === EVENT.dax_insert_entry) return true;
    if (kind === EVENT.dax_writeback_range || kind === EVENT.fault) return true;
  }
  return false;
}

interface Window {
  /** dax_writeback_mapping_range was called for the page, and at which event. */
  called: boolean;
  scan: number;
  writtenBack: boolean;
  lineFlushed: boolean;
  visited: boolean;
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
  };
  for (let event = made.begin; event <= made.end; event++) {
    if (trace.op(event) !== made.op) continue;
    switch (trace.kind(event)) {
      case EVENT.dax_writeback_range:
        if (!window.called && coversPage(trace, event, AT.dax_writeback_range, ino, page)) {
          window.called = true;
          window.scan = event;
        }
        break;
      case EVENT.dax_writeback_one:
        window.writtenBack ||= coversPage(trace, event, AT.dax_writeback_one, ino, page);
        break;
      case EVENT.flush:
        window.lineFlushed ||= flushesLineOf(trace, event, address);
        break;
      case EVENT.writeback_single_inode:
        window.visited ||= trace.argument(event, AT.writeback_single_inode.ino) === ino;
        break;
      default:
        break;
    }
  }
  return window;
}

function explainNotCalled(program: Program, made: PromiseMade, window: Window): Mechanism {
  const code = opAt(program, made.op)?.code;
  if (code !== OP.sync && code !== OP.syncfs && code !== OP.freeze) return 'writeback-not-called';
  return window.visited ? 'sync-without-dax-writeback' : 'inode-not-listed';
}

/** A writeback of the page by another call that had not finished when this one started; -1 if none. */
function unfinishedWriteback(trace: Trace, made: PromiseMade, ino: number, page: number): number {
  for (let event = made.end - 1; event >= 0; event--) {
    if (trace.kind(event) !== EVENT.dax_writeback_one || trace.op(event) === made.op) continue;
    const covers = coversPage(trace, event, AT.dax_writeback_one, ino, page);
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
      trace.argument(event, AT.dax_writeback_one_done.page) ===
        trace.argument(start, AT.dax_writeback_one.page)
    ) {
      return true;
    }
  }
  return false;
}

/** When operation `op` flushed the line of `address` between two events; -1 if it did not. */
function flushOf(trace: Trace, start: number, end: number, address: number, op: number): number {
  for (let event = start + 1; event < end; event++) {
    if (trace.kind(event) !== EVENT.flush || trace.op(event) !== op) continue;
    if (flushesLineOf(trace, event, address)) return event;
  }
  return -1;
}

/** Which mapping let a store through although the writeback that began at `start` cleaned the entry. */
function explainMapping(writable: readonly WritableMapping[], start: number): Mechanism {
  if (writable.some((mapping) => mapping.since > start)) return 'writable-while-cleaned';
  return writable.some((mapping) => mapping.huge) ? 'pmd-left-writable' : 'pte-left-writable';
}

/** Where the dirty state went. */
function explainLoss(loss: Loss, taken: (start: number) => Mechanism): Mechanism {
  switch (loss.kind) {
    case 'replaced':
      return 'tags-lost-on-replacement';
    case 'moved':
      return 'moved-behind-write-back';
    case 'invalidated':
      return 'dirty-entry-invalidated';
    case 'truncated':
      return 'dirty-entry-truncated';
    case 'dropped-clean':
      return 'clean-entry-dropped';
    case 'cleaned':
      return taken(loss.start);
    case 'never':
      return 'never-tagged';
  }
}
