/**
 * The modes of fallocate(2) that allocate, zero or shift, after fs/ext4/extents.c: ext4_fallocate(),
 * ext4_zero_range(), ext4_collapse_range(), ext4_insert_range(). Punching holes is in file-ops.ts.
 *
 * Approximation: each is one transaction, where ext4 may need several.
 */
import { blockAddress, HOLE } from '../../media/layout.js';
import { EVENT } from '../../trace/event.js';
import { poolData } from '../../trace/trace.js';
import type { Kernel } from '../kernel.js';
import { edgeError, hasBadBlock } from '../nvdimm/media-errors.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { EFBIG, EINVAL, EIO, ENOSPC } from '../types.js';
import { cancelCow } from './cow-fork.js';
import { extendTo, setSize, unshareForZero, zeroEdges, zeroTail } from './file-ops.js';
import { allocFileBlocks, emptyBlocks, reserveBlocks } from './iomap.js';
import { journalStart, journalStop, markInodeJournaled, tryJournalStart } from './journal.js';

/** Models ext4_fallocate() without a mode, or with KEEP_SIZE: blocks that read as zeros. */
export function* allocateRange(
  k: Kernel,
  t: Task,
  inode: Inode,
  offset: number,
  length: number,
  keepSize: boolean,
): Run<number> {
  const end = offset + length;
  if (!inode.iRwsem.tryWrite(k, t)) yield* inode.iRwsem.waitWrite(k, t);
  yield* k.functions.fileUpdateTime(k, t, inode); // file_modified()
  const lock = inode.invalidateLock;
  if (!lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
  yield* k.functions.daxBreakLayout(k, t, inode);
  let error = yield* allocFileBlocks(k, t, inode, offset, end);
  if (k.preempt(t, POINT['ext4_fallocate:allocated'])) yield;
  if (error === 0 && !keepSize && end > inode.size) error = yield* growTo(k, t, inode, end);
  lock.upWrite(k, t);
  inode.iRwsem.upWrite(k, t);
  return error;
}

/** What is beyond the end of the file in its last page becomes part of it, as zeros. */
function* growTo(k: Kernel, t: Task, inode: Inode, size: number): Run<number> {
  if (edgeError(k, inode, inode.size) !== 0) return EIO;
  const error = inode.reflinked ? yield* unshareForZero(k, t, inode, inode.size, size) : 0;
  if (error !== 0) return error;
  zeroTail(k, t, inode, inode.size, size);
  yield* extendTo(k, t, inode, size);
  return 0;
}

/** Models ext4_zero_range(): whole blocks become unwritten, the edges are zeroed in place. */
export function* zeroRange(
  k: Kernel,
  t: Task,
  inode: Inode,
  offset: number,
  length: number,
): Run<number> {
  const { pageSize } = k.program.geometry;
  const end = offset + length;
  const first = Math.ceil(offset / pageSize);
  const last = Math.max(first, Math.floor(end / pageSize));
  if (!inode.iRwsem.tryWrite(k, t)) yield* inode.iRwsem.waitWrite(k, t);
  yield* k.functions.fileUpdateTime(k, t, inode); // file_modified()
  const lock = inode.invalidateLock;
  if (!lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
  yield* k.functions.daxBreakLayout(k, t, inode);
  let error = edgeError(k, inode, offset, end);
  if (error === 0 && inode.reflinked) {
    error = yield* unshareForZero(k, t, inode, offset, Math.min(first * pageSize, end));
    if (error === 0)
      error = yield* unshareForZero(k, t, inode, Math.max(offset, last * pageSize), end);
  }
  if (error === 0) {
    yield* k.functions.unmapMappingPages(k, t, inode, first, last - first, false);
    yield* k.functions.truncateInodePagesRange(k, t, inode, first, last);
    if (k.preempt(t, POINT['ext4_zero_range:pagecache_truncated'])) yield;
    if (!tryJournalStart(k, t)) yield* journalStart(k, t);
    const emptied = emptyBlocks(k, t, inode, first, last);
    const edges = reserveBlocks(k, inode, Math.floor(offset / pageSize), Math.ceil(end / pageSize));
    journalStop(k, t);
    if (!emptied || !edges) error = ENOSPC;
  }
  if (error === 0) {
    zeroEdges(k, t, inode, offset, end, first * pageSize, last * pageSize);
    if (k.preempt(t, POINT['ext4_zero_range:zeroed'])) yield;
    if (end > inode.size) error = yield* growTo(k, t, inode, end);
  }
  lock.upWrite(k, t);
  inode.iRwsem.upWrite(k, t);
  return error;
}

/** Models ext4_collapse_range(): the range goes, and what is behind it moves up. */
export function* collapseRange(
  k: Kernel,
  t: Task,
  inode: Inode,
  offset: number,
  length: number,
): Run<number> {
  const { pageSize } = k.program.geometry;
  if (offset % pageSize !== 0 || length % pageSize !== 0) return EINVAL;
  const first = offset / pageSize;
  const end = (offset + length) / pageSize;
  if (!inode.iRwsem.tryWrite(k, t)) yield* inode.iRwsem.waitWrite(k, t);
  yield* k.functions.fileUpdateTime(k, t, inode); // file_modified()
  let error = 0;
  if (hasBadBlock(k, inode)) {
    error = EIO;
  } else if (offset + length >= inode.size) {
    error = EINVAL;
  } else {
    yield* beginShift(k, t, inode, first, end);
    if (!tryJournalStart(k, t)) yield* journalStart(k, t);
    k.functions.freeBlocks(k, t, inode, first, end);
    shiftBlocks(k, t, inode, end, first - end);
    inode.diskSize = inode.size - length;
    setSize(k, t, inode, inode.size - length);
    journalStop(k, t);
    inode.invalidateLock.upWrite(k, t);
  }
  inode.iRwsem.upWrite(k, t);
  return error;
}

/** Models ext4_insert_range(): a hole opens, and what was there moves down. */
export function* insertRange(
  k: Kernel,
  t: Task,
  inode: Inode,
  offset: number,
  length: number,
): Run<number> {
  const { pageSize, filePagesMax } = k.program.geometry;
  if (offset % pageSize !== 0 || length % pageSize !== 0) return EINVAL;
  if (!inode.iRwsem.tryWrite(k, t)) yield* inode.iRwsem.waitWrite(k, t);
  yield* k.functions.fileUpdateTime(k, t, inode); // file_modified()
  let error = 0;
  if (hasBadBlock(k, inode)) {
    error = EIO;
  } else if (inode.size + length > filePagesMax * pageSize) {
    error = EFBIG; // the model's s_maxbytes
  } else if (offset >= inode.size) {
    error = EINVAL;
  } else {
    const first = offset / pageSize;
    yield* beginShift(k, t, inode, first, first);
    if (!tryJournalStart(k, t)) yield* journalStart(k, t);
    inode.diskSize = inode.size + length;
    setSize(k, t, inode, inode.size + length);
    shiftBlocks(k, t, inode, first, length / pageSize);
    journalStop(k, t);
    inode.invalidateLock.upWrite(k, t);
  }
  inode.iRwsem.upWrite(k, t);
  return error;
}

/**
 * Takes the invalidate lock. Pages from `kept` on are written back, and from `first` on nothing is mapped or
 * tracked any more: private copies, too, are taken away. XFS (xfs_prepare_shift) begins one page earlier and
 * leaves private copies alone.
 */
function* beginShift(k: Kernel, t: Task, inode: Inode, first: number, kept: number): Run<void> {
  const lock = inode.invalidateLock;
  const pages = inode.blocks.length;
  if (!lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
  yield* k.functions.daxBreakLayout(k, t, inode);
  const isExt4 = k.sb.type === 'ext4';
  const from = isExt4 ? first : Math.max(0, first - 1);
  yield* k.functions.daxWritebackMappingRange(k, t, inode, isExt4 ? kept : from, pages);
  if (k.preempt(t, POINT['ext4_shift_range:flushed'])) yield;
  yield* k.functions.unmapMappingPages(k, t, inode, from, pages - from, isExt4);
  yield* k.functions.truncateInodePagesRange(k, t, inode, from, pages);
  if (k.preempt(t, POINT['ext4_shift_range:pagecache_truncated'])) yield;
  cancelCow(k, inode, first);
}

/** Models ext4_ext_shift_extents(): pages from `start` on are `by` pages further, inside a handle. */
function shiftBlocks(k: Kernel, t: Task, inode: Inode, start: number, by: number): void {
  const { pageSize } = k.program.geometry;
  const { blocks, unwritten } = inode;
  const moved = [...blocks.subarray(start)];
  const reserved = [...unwritten.subarray(start)];
  markInodeJournaled(k, inode);
  for (let page = start; page < blocks.length; page++) {
    const block = blocks[page] as number;
    if (block !== HOLE) k.trace.append(EVENT.extent_unmap, t.id, t.op, inode.ino, page, block);
    blocks[page] = HOLE;
    unwritten[page] = HOLE;
  }
  moved.forEach((block, index) => {
    const page = start + index + by;
    if (page >= blocks.length) return releaseBeyond(k, reserved[index] as number);
    unwritten[page] = reserved[index] as number;
    blocks[page] = block;
    if (block === HOLE) return;
    k.trace.append(EVENT.extent_map, t.id, t.op, inode.ino, page, block);
    const from = blockAddress(k.layout, block);
    const data = poolData(k.trace, k.cpus.memory.subarray(from, from + pageSize), pageSize);
    k.trace.append(EVENT.content, t.id, t.op, inode.ino, pageSize, data, page * pageSize);
  });
}

/** Beyond the largest size there are only blocks in reserve. */
function releaseBeyond(k: Kernel, block: number): void {
  if (block !== HOLE) k.sb.allocator.release(block, k.sb.journal.runningTid);
}
