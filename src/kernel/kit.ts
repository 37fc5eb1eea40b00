/**
 * What the functions of a kernel variant may use besides the table: the helpers that the model's own are made
 * of. They are handed over, so that a user's module imports nothing when it runs.
 */
import { blockAddress, blockOf, HOLE } from '../media/layout.js';
import {
  MAP_PRIVATE,
  MAP_READ_ONLY,
  MAP_SYNC,
  MS_ASYNC,
  O_DSYNC,
  PROTECT_READ_ONLY,
} from '../program/op.js';
import { EVENT, FENCE, LOAD, NO_INO, PTE, STORE, TAG, WHY } from '../trace/event.js';
import * as entry from './dax/entry.js';
import {
  ENTRY_CONFLICT,
  getUnlockedEntry,
  lockEntry,
  putUnlockedEntry,
  tryUnlockedEntry,
  unlockEntry,
  xaLock,
} from './dax/mapping.js';
import { noteCleanedPins } from './dax/writeback.js';
import { cancelCow, needsCow } from './fs/cow-fork.js';
import { isShared } from './fs/shared.js';
import { extendTo, roundUp, setSize, zeroTail } from './fs/file-ops.js';
import { sbEnd, sbStart, trySbStart } from './fs/freeze.js';
import {
  isCommitted,
  journalStart,
  journalStop,
  markInodeJournaled,
  tryJournalStart,
} from './fs/journal.js';
import { FREEZE } from './fs/sb-writers.js';
import { RwSemaphore, sleepOn, WaitQueue } from './lock.js';
import { insertAnonymous, setPte } from './mm/insert.js';
import {
  makePte,
  PMD_HUGE,
  PMD_TABLE,
  PTE_ANONYMOUS,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_WRITE,
  PTE_ZERO,
  pteBlock,
} from './mm/memory-manager.js';
import { mappedRange } from './mm/mmap.js';
import { flushTlbRange, freePageTables, traceSetPte, waitPtl } from './mm/rmap.js';
import { POINT } from './points.js';
import { EBADF, EBUSY, EFAULT, EINVAL, ENOMEM, ENOSPC, EOPNOTSUPP, FAULT } from './types.js';

const kit = {
  // Preemption points, by name; the variant: ones are for steps that the model does not have.
  POINT,
  // Entries and their locks.
  ...entry,
  ENTRY_CONFLICT,
  getUnlockedEntry,
  lockEntry,
  putUnlockedEntry,
  tryUnlockedEntry,
  unlockEntry,
  xaLock,
  noteCleanedPins,
  // Page tables.
  PMD_HUGE,
  PMD_TABLE,
  PTE_ANONYMOUS,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_WRITE,
  PTE_ZERO,
  makePte,
  pteBlock,
  flushTlbRange,
  freePageTables,
  insertAnonymous,
  mappedRange,
  setPte,
  traceSetPte,
  waitPtl,
  // The file system: journal handles, freeze levels, blocks, sizes.
  FREEZE,
  HOLE,
  blockAddress,
  blockOf,
  cancelCow,
  extendTo,
  isCommitted,
  isShared,
  journalStart,
  journalStop,
  markInodeJournaled,
  needsCow,
  roundUp,
  sbEnd,
  sbStart,
  setSize,
  tryJournalStart,
  trySbStart,
  zeroTail,
  // Sleeping. What a variant keeps goes into k.variant, not into the module: that outlives the execution.
  RwSemaphore,
  WaitQueue,
  sleepOn,
  // Flags of calls, errno values and results of faults.
  MAP_PRIVATE,
  MAP_READ_ONLY,
  MAP_SYNC,
  MS_ASYNC,
  O_DSYNC,
  PROTECT_READ_ONLY,
  EBADF,
  EBUSY,
  EFAULT,
  EINVAL,
  ENOMEM,
  ENOSPC,
  EOPNOTSUPP,
  FAULT,
  // The trace: k.trace.append(EVENT.dax_tag, t.id, t.op, ...).
  EVENT,
  FENCE,
  LOAD,
  NO_INO,
  PTE,
  STORE,
  TAG,
  WHY,
};

export type Kit = Readonly<typeof kit>;

export const KIT: Kit = Object.freeze(kit);
