/**
 * System calls on files that change or read contents and layout: pwrite, pread, ftruncate, fallocate,
 * fadvise, after ext4's DAX paths.
 */
import { HOLE } from '../../media/layout.js';
import { EVENT } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { copyFromIter, copyToIter } from '../mm/uaccess.js';
import { edgeError } from '../nvdimm/media-errors.js';
import { POINT } from '../points.js';
import type { Inode, IovIter, Run, Task } from '../types.js';
import { EFAULT, EIO } from '../types.js';
import { cancelCow, clearReflinkFlag } from './cow-fork.js';
import { journalStart, journalStop, markInodeJournaled, tryJournalStart } from './journal.js';
import { markTimesDirty, setTimes } from './times.js';

export const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

/** i_size_write(): from now on faults and reads see the new size. */
export function setSize(k: Kernel, t: Task, inode: Inode, size: number): void {
  inode.size = size;
  k.trace.append(EVENT.i_size, t.id, t.op, inode.ino, size);
}

/** The file grows: i_size and i_disksize change in one transaction. */
export function* extendTo(k: Kernel, t: Task, inode: Inode, size: number): Run<void> {
  if (!tryJournalStart(k, t)) yield* journalStart(k, t);
  inode.diskSize = size;
  setSize(k, t, inode, size);
  markInodeJournaled(k, inode);
  journalStop(k, t);
}

/** Bytes beyond the end of the file in its last page become part of it: they must be zero. */
export function zeroTail(k: Kernel, t: Task, inode: Inode, from: number, to: number): void {
  const end = Math.min(to, roundUp(from, k.program.geometry.pageSize));
  if (from < end) k.functions.daxZeroRange(k, t, inode, from, end);
}

/**
 * Pages of which bytes [from, to) are to be zeroed get blocks of their own. Approximation: XFS copies and
 * zeroes in one CoW; here it is a copy, and then zeroing in place.
 */
export function* unshareForZero(
  k: Kernel,
  t: Task,
  inode: Inode,
  from: number,
  to: number,
): Run<number> {
  if (from >= to) return 0;
  const { pageSize } = k.program.geometry;
  const end = Math.min(Math.ceil(to / pageSize), inode.blocks.length);
  return yield* k.functions.daxUnsharePages(k, t, inode, Math.floor(from / pageSize), end);
}

/** The same for a write beyond the end of the file, which holds i_rwsem only. */
function* unshareTail(k: Kernel, t: Task, inode: Inode, from: number, to: number): Run<number> {
  const end = Math.min(to, roundUp(from, k.program.geometry.pageSize));
  const lock = inode.invalidateLock;
  if (!lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
  const error = yield* unshareForZero(k, t, inode, from, end);
  lock.upWrite(k, t);
  return error;
}

/** Models ext4_dax_write_iter(), with generic_write_sync() if `dsync` is set. */
export function* pwrite(
  k: Kernel,
  t: Task,
  inode: Inode,
  offset: number,
  from: IovIter,
  dsync: boolean,
): Run<number> {
  const { pageSize } = k.program.geometry;
  const { length } = from;
  if (!inode.iRwsem.tryWrite(k, t)) yield* inode.iRwsem.waitWrite(k, t);
  yield* k.functions.fileUpdateTime(k, t, inode); // file_modified()
  const oldSize = inode.size;
  let done = 0;
  let error = 0;
  if (offset > oldSize) {
    error = edgeError(k, inode, oldSize);
    if (error === 0 && inode.reflinked) error = yield* unshareTail(k, t, inode, oldSize, offset);
    if (error === 0) zeroTail(k, t, inode, oldSize, offset);
  }
  while (done < length && error === 0) {
    const at = offset + done;
    const part = Math.min(length - done, pageSize - (at % pageSize));
    const copied = yield* copyFromIter(k, t, from, done, part);
    // A block is allocated before anything is copied, but nothing is remapped for nothing.
    const begins = copied.length > 0 || !inode.reflinked;
    if (k.sb.isShutdown) error = EIO;
    else if (begins)
      error = yield* k.functions.daxWritePage(k, t, inode, at, copied.length, copied.data);
    if (error !== 0 && done > 0) k.mark(MARK['ext4_dax_write_iter:short']);
    if (error !== 0) break;
    done += copied.length;
    if (copied.length < part) error = EFAULT;
  }
  const early = dsync && k.knobs.dsyncBeforeSize; // B34
  let unsynced = 0;
  if (early && done > 0) unsynced = yield* genericWriteSync(k, t, inode, offset, done);
  if (offset + done > inode.size && done > 0) {
    yield* extendTo(k, t, inode, offset + done);
  }
  if (done < length) yield* freeBeyondEof(k, t, inode);
  inode.iRwsem.upWrite(k, t);
  if (dsync && !early && done > 0) unsynced = yield* genericWriteSync(k, t, inode, offset, done);
  if (unsynced !== 0) return unsynced;
  return done > 0 ? done : error;
}

/** Models generic_write_sync(): what was written, and what reading it needs, before the call returns. */
function* genericWriteSync(
  k: Kernel,
  t: Task,
  inode: Inode,
  offset: number,
  written: number,
): Run<number> {
  const { pageSize } = k.program.geometry;
  const first = Math.floor(offset / pageSize);
  const end = Math.ceil((offset + written) / pageSize);
  return yield* k.functions.vfsFsyncRange(k, t, inode, first, end, true);
}

/**
 * The end of ext4_handle_inode_extension(): a write that came to less than it has allocated for. XFS keeps
 * such blocks for a later write.
 */
function* freeBeyondEof(k: Kernel, t: Task, inode: Inode): Run<void> {
  if (k.sb.type !== 'ext4') return;
  const first = Math.ceil(inode.size / k.program.geometry.pageSize);
  if (!inode.blocks.some((block, page) => page >= first && block !== HOLE)) return;
  k.mark(MARK['ext4_handle_inode_extension:truncates']);
  if (!tryJournalStart(k, t)) yield* journalStart(k, t);
  k.functions.freeBlocks(k, t, inode, first, inode.blocks.length);
  journalStop(k, t);
}

/** Models ext4_dax_read_iter(). */
export function* pread(k: Kernel, t: Task, inode: Inode, offset: number, to: IovIter): Run<number> {
  const { pageSize } = k.program.geometry;
  if (!inode.iRwsem.tryRead(k, t)) yield* inode.iRwsem.waitRead(k, t);
  const wanted = Math.max(0, Math.min(to.length, inode.size - offset));
  if (wanted < to.length) k.mark(MARK['ext4_dax_read_iter:short']);
  let done = 0;
  let error = 0;
  while (done < wanted && error === 0) {
    const at = offset + done;
    const part = Math.min(wanted - done, pageSize - (at % pageSize));
    const isHole = inode.blocks[Math.floor(at / pageSize)] === HOLE;
    const data = yield* k.functions.daxReadPage(k, t, inode, at, part);
    if (data === null) {
      error = EIO;
      break;
    }
    const copied = yield* copyToIter(k, t, to, done, part, data);
    done += copied;
    if (copied === part) continue;
    if (isHole) break; // iov_iter_zero() does not say why it came to less
    error = EFAULT;
  }
  inode.iRwsem.upRead(k, t);
  return done > 0 ? done : error;
}

/** Models ext4_setattr() of the size, both ways. */
export function* ftruncate(k: Kernel, t: Task, inode: Inode, size: number): Run<number> {
  if (!inode.iRwsem.tryWrite(k, t)) yield* inode.iRwsem.waitWrite(k, t);
  let error = edgeError(k, inode, Math.min(size, inode.size));
  if (error !== 0) k.mark(MARK['dax_truncate_page:poisoned']);
  else if (size < inode.size) error = yield* truncateDown(k, t, inode, size);
  else if (size > inode.size) error = yield* truncateUp(k, t, inode, size);
  else yield* setattrCopy(k, t, inode);
  inode.iRwsem.upWrite(k, t);
  return error;
}

/** The size stays. XFS logs all of the inode for that, so that fdatasync(2) forces the log. */
function* setattrCopy(k: Kernel, t: Task, inode: Inode): Run<void> {
  yield* k.functions.fileUpdateTime(k, t, inode);
  if (k.sb.type === 'ext4') return;
  if (!tryJournalStart(k, t)) yield* journalStart(k, t);
  markInodeJournaled(k, inode);
  clearReflinkFlag(inode);
  journalStop(k, t);
}

/** Frees nothing, but the layout is broken for every change of the size. */
function* truncateUp(k: Kernel, t: Task, inode: Inode, size: number): Run<number> {
  const lock = inode.invalidateLock;
  if (!lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
  yield* k.functions.daxBreakLayout(k, t, inode);
  const error = inode.reflinked ? yield* unshareForZero(k, t, inode, inode.size, size) : 0;
  if (error === 0) {
    zeroTail(k, t, inode, inode.size, size);
    if (k.preempt(t, POINT['ext4_setattr:tail_zeroed'])) yield;
    yield* k.functions.fileUpdateTime(k, t, inode);
    yield* extendTo(k, t, inode, size);
  }
  lock.upWrite(k, t);
  return error;
}

/** XFS writes the page of the new end back before it zeroes the rest of it (xfs_setattr_size). */
function* truncateDown(k: Kernel, t: Task, inode: Inode, size: number): Run<number> {
  const { pageSize } = k.program.geometry;
  const pages = inode.blocks.length;
  const firstGone = Math.ceil(size / pageSize);
  const lock = inode.invalidateLock;
  if (!lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
  yield* k.functions.daxBreakLayout(k, t, inode);
  const edge = Math.floor(size / pageSize);
  if (k.sb.type !== 'ext4')
    yield* k.functions.daxWritebackMappingRange(k, t, inode, edge, edge + 1);
  const tail = roundUp(size, pageSize);
  const error = inode.reflinked ? yield* unshareForZero(k, t, inode, size, tail) : 0;
  if (error !== 0) {
    lock.upWrite(k, t);
    return error;
  }
  setSize(k, t, inode, size);
  if (k.preempt(t, POINT['ext4_setattr:size_written'])) yield;
  yield* k.functions.unmapMappingPages(k, t, inode, firstGone, pages - firstGone, true);
  yield* k.functions.truncateInodePagesRange(k, t, inode, firstGone, pages);
  if (k.preempt(t, POINT['ext4_setattr:pagecache_truncated'])) yield;
  zeroTail(k, t, inode, size, roundUp(size, pageSize));
  if (k.preempt(t, POINT['ext4_setattr:tail_zeroed'])) yield;
  if (!tryJournalStart(k, t)) yield* journalStart(k, t);
  inode.diskSize = size;
  setTimes(k, t, inode);
  markInodeJournaled(k, inode);
  k.functions.freeBlocks(k, t, inode, firstGone, pages);
  cancelCow(k, inode, firstGone);
  clearReflinkFlag(inode);
  journalStop(k, t);
  markTimesDirty(k, t, inode);
  lock.upWrite(k, t);
  return 0;
}

/** Models ext4_punch_hole(). */
export function* punchHole(
  k: Kernel,
  t: Task,
  inode: Inode,
  offset: number,
  length: number,
): Run<number> {
  const { pageSize } = k.program.geometry;
  if (!inode.iRwsem.tryWrite(k, t)) yield* inode.iRwsem.waitWrite(k, t);
  yield* k.functions.fileUpdateTime(k, t, inode); // file_modified()
  const end = Math.min(offset + length, roundUp(inode.size, pageSize));
  let error = edgeError(k, inode, offset, end);
  if (offset < end && error === 0) {
    const firstWhole = Math.ceil(offset / pageSize);
    const endWhole = Math.max(firstWhole, Math.floor(end / pageSize));
    const lastTouched = Math.ceil(end / pageSize);
    yield* k.functions.daxWritebackMappingRange(
      k,
      t,
      inode,
      Math.floor(offset / pageSize),
      lastTouched,
    );
    if (k.preempt(t, POINT['ext4_punch_hole:flushed'])) yield;
    const lock = inode.invalidateLock;
    if (!lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
    yield* k.functions.daxBreakLayout(k, t, inode);
    const wholeFrom = Math.min(firstWhole * pageSize, end);
    const wholeTo = Math.max(endWhole * pageSize, wholeFrom);
    if (inode.reflinked) {
      error = yield* unshareForZero(k, t, inode, offset, wholeFrom);
      if (error === 0) error = yield* unshareForZero(k, t, inode, wholeTo, end);
    }
    if (error === 0) {
      yield* k.functions.unmapMappingPages(k, t, inode, firstWhole, endWhole - firstWhole, false);
      yield* k.functions.truncateInodePagesRange(k, t, inode, firstWhole, endWhole);
      if (k.preempt(t, POINT['ext4_punch_hole:pagecache_truncated'])) yield;
      zeroEdges(k, t, inode, offset, end, firstWhole * pageSize, endWhole * pageSize);
      if (k.preempt(t, POINT['ext4_punch_hole:edges_zeroed'])) yield;
      if (!tryJournalStart(k, t)) yield* journalStart(k, t);
      k.functions.freeBlocks(k, t, inode, firstWhole, endWhole);
      journalStop(k, t);
    }
    lock.upWrite(k, t);
  }
  inode.iRwsem.upWrite(k, t);
  return error;
}

/** Zeroes what [from, to) has outside whole pages [wholeFrom, wholeTo). */
export function zeroEdges(
  k: Kernel,
  t: Task,
  inode: Inode,
  from: number,
  to: number,
  wholeFrom: number,
  wholeTo: number,
): void {
  if (wholeFrom >= wholeTo) {
    k.mark(MARK['ext4_zero_partial_blocks:no_whole_page']);
    k.functions.daxZeroRange(k, t, inode, from, to);
    return;
  }
  k.functions.daxZeroRange(k, t, inode, from, wholeFrom);
  k.functions.daxZeroRange(k, t, inode, wholeTo, to);
}

/** posix_fadvise(POSIX_FADV_DONTNEED): what reclaim does, at the user's wish. */
export function* fadviseDontneed(
  k: Kernel,
  t: Task,
  inode: Inode,
  start: number,
  end: number,
): Run<number> {
  yield* k.functions.invalidateMappingPages(k, t, inode, start, end);
  return 0;
}
