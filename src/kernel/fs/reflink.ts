/**
 * FICLONE, FICLONERANGE and FALLOC_FL_UNSHARE_RANGE, after fs/xfs/xfs_file.c xfs_file_remap_range(),
 * xfs_reflink.c and fs/remap_range.c.
 */
import { blockAddress, HOLE } from '../../media/layout.js';
import { EVENT } from '../../trace/event.js';
import { poolData } from '../../trace/trace.js';
import { isPmd, loadEntry } from '../dax/entry.js';
import type { Kernel } from '../kernel.js';
import { sleepOn } from '../lock.js';
import { MARK } from '../marks.js';
import { hasBadBlock } from '../nvdimm/media-errors.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { EINVAL, EIO } from '../types.js';
import { NO_BLOCK } from './allocator.js';
import { cancelStaged } from './cow-fork.js';
import { extendTo, roundUp, setSize, unshareForZero, zeroTail } from './file-ops.js';
import { allocFileBlocks } from './iomap.js';
import { journalStart, journalStop, markInodeJournaled, tryJournalStart } from './journal.js';

/** What is shared: pages of the source from `from` on, and where they come to in the target, in bytes. */
interface Clone {
  readonly source: Inode;
  readonly target: Inode;
  readonly from: number;
  readonly to: number;
  readonly length: number;
}

/** Models FICLONE: the whole source, from the start of the target on. */
export function* reflink(k: Kernel, t: Task, target: Inode, source: Inode): Run<number> {
  return yield* remapFileRange(k, t, { source, target, from: 0, to: 0, length: 0 });
}

/** Models FICLONERANGE. */
export function* reflinkRange(
  k: Kernel,
  t: Task,
  target: Inode,
  to: number,
  source: Inode,
  from: number,
  length: number,
): Run<number> {
  return yield* remapFileRange(k, t, { source, target, from, to, length });
}

/** Models xfs_file_remap_range(). */
function* remapFileRange(k: Kernel, t: Task, wanted: Clone): Run<number> {
  const { source, target } = wanted;
  const both = source.ino < target.ino ? [source, target] : [target, source];
  const inodes = source === target ? [source] : both;
  for (const { iRwsem } of inodes) if (!iRwsem.tryWrite(k, t)) yield* iRwsem.waitWrite(k, t);
  yield* lockMappings(k, t, inodes);
  // Length 0 is all there is.
  const length = wanted.length === 0 ? source.size - wanted.from : wanted.length;
  const clone = { ...wanted, length };
  let error = inodes.some((inode) => hasBadBlock(k, inode)) ? EIO : remapChecks(k, clone);
  if (error === 0 && length > 0) error = yield* remapPrep(k, t, clone);
  if (error === 0 && length > 0) yield* remapBlocks(k, t, clone);
  for (const inode of inodes) inode.invalidateLock.upWrite(k, t);
  for (const inode of inodes) inode.iRwsem.upWrite(k, t);
  return error;
}

/**
 * Models xfs_mmaplock_two_inodes_and_break_dax_layout(): the invalidate locks of both files, once no page of
 * them is pinned. Whoever waits holds neither.
 */
function* lockMappings(k: Kernel, t: Task, inodes: readonly Inode[]): Run<void> {
  for (;;) {
    for (const { invalidateLock: lock } of inodes) {
      if (!lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
    }
    let busy = NO_BLOCK;
    for (const inode of k.knobs.layoutNotBroken ? [] : inodes) {
      if (busy === NO_BLOCK) busy = yield* k.functions.daxLayoutBusyPage(k, t, inode);
      if (busy === NO_BLOCK || !k.knobs.secondLayoutNotRepeated || inode !== inodes[1]) continue;
      if (k.preempt(t, POINT['ext4_break_layouts:page_found'])) yield;
      if (k.mm.pinCounts[busy] === 0) busy = NO_BLOCK; // N06
    }
    if (busy === NO_BLOCK) break;
    k.mark(MARK['xfs_mmaplock_two_inodes:busy']);
    for (const inode of inodes) inode.invalidateLock.upWrite(k, t);
    yield* sleepOn(k, t, k.pageIdle);
  }
  if (!k.knobs.layoutBreakDropsEntries) return; // L05
  for (const inode of inodes)
    yield* k.functions.daxDeleteMappingRange(k, t, inode, 0, inode.blocks.length, false);
}

/**
 * Models generic_remap_checks() and generic_remap_check_len(): whole blocks, but for the end of the source if
 * that becomes the end of the target. Linux first shortens a range that reaches beyond the source, and
 * reports that when it is done; here such a call does nothing.
 */
function remapChecks(k: Kernel, { source, target, from, to, length }: Clone): number {
  const { pageSize } = k.program.geometry;
  const blocks = k.program.geometry.filePagesMax * pageSize;
  if (from % pageSize !== 0 || to % pageSize !== 0) return EINVAL;
  if (length < 0 || from + length > source.size || to + length > blocks) return EINVAL;
  const isEnd = from + length === source.size && to + length >= target.size;
  if (length % pageSize !== 0 && !isEnd) return EINVAL;
  const overlaps = from < to + length && to < from + length;
  return source === target && overlaps ? EINVAL : 0;
}

/**
 * Models xfs_reflink_remap_prep(): what is dirty in both ranges is written back, so that shared blocks are
 * on media before another file has them, and nothing maps or tracks the target's any more.
 *
 * Deviation: PMD entries of the source go, too; one with a shared page in it is not modelled. Blocks that a
 * device wrote after they were cleaned are flushed (A11).
 */
function* remapPrep(k: Kernel, t: Task, clone: Clone): Run<number> {
  const { source, target, from, to, length } = clone;
  const { pageSize } = k.program.geometry;
  yield* k.functions.fileUpdateTime(k, t, target); // file_modified()
  if (to > target.size) {
    const tail = Math.min(to, roundUp(target.size, pageSize));
    const error = yield* unshareForZero(k, t, target, target.size, tail);
    if (error !== 0) return error;
    zeroTail(k, t, target, target.size, to);
  }
  const pages = Math.ceil(length / pageSize);
  for (const [inode, start] of [
    [source, from],
    [target, to],
  ] as const) {
    const first = start / pageSize;
    yield* k.functions.daxWritebackMappingRange(k, t, inode, first, first + pages);
    if (k.preempt(t, POINT['xfs_file_remap_range:flushed'])) yield;
    if (inode === source && start === from && !hasPmdEntry(k, inode, first, pages)) continue;
    yield* k.functions.unmapMappingPages(k, t, inode, first, pages, false);
    yield* k.functions.truncateInodePagesRange(k, t, inode, first, first + pages);
  }
  for (let page = from / pageSize; page < from / pageSize + pages; page++) {
    const block = source.blocks[page] as number;
    if (block === HOLE || k.mm.cleanedUnderPin[block] === 0) continue;
    k.mark(MARK['xfs_reflink_remap_prep:written_by_device']);
    yield* k.functions.daxFlush(k, t, blockAddress(k.layout, block), pageSize);
  }
  if (k.preempt(t, POINT['xfs_file_remap_range:unmapped'])) yield;
  return 0;
}

function hasPmdEntry(k: Kernel, inode: Inode, first: number, pages: number): boolean {
  for (let page = first; page < first + pages; page++) {
    if (isPmd(loadEntry(k, inode, page))) return true;
  }
  return false;
}

/**
 * Models xfs_reflink_remap_blocks() and xfs_reflink_update_dest(). Approximation: one transaction for all
 * extents and the size, where XFS has one for each.
 */
function* remapBlocks(k: Kernel, t: Task, clone: Clone): Run<void> {
  const { source, target, from, to, length } = clone;
  const { pageSize } = k.program.geometry;
  if (!tryJournalStart(k, t)) yield* journalStart(k, t);
  if (!source.reflinked) markInodeJournaled(k, source); // xfs_reflink_set_inode_flag()
  source.reflinked = true;
  target.reflinked = true;
  for (let done = 0; done < length; done += pageSize) {
    const block = source.blocks[(from + done) / pageSize] as number;
    remapPage(k, t, target, (to + done) / pageSize, block);
  }
  if (to + length > target.size) {
    target.diskSize = to + length;
    setSize(k, t, target, to + length);
  }
  markInodeJournaled(k, target);
  journalStop(k, t);
}

/** Models xfs_reflink_remap_extent() for one page: it lets go of its block and shares another. */
function remapPage(k: Kernel, t: Task, target: Inode, page: number, block: number): void {
  const { pageSize } = k.program.geometry;
  const old = target.blocks[page] as number;
  if (old === block) {
    k.mark(MARK['xfs_reflink_remap_extent:same_block']);
    return;
  }
  cancelStaged(k, target, page);
  k.functions.freeBlocks(k, t, target, page, page + 1);
  if (block === HOLE) {
    k.mark(MARK['xfs_reflink_remap_extent:hole']);
    return;
  }
  target.blocks[page] = block;
  k.sb.refcounts?.share(block);
  k.trace.append(EVENT.extent_map, t.id, t.op, target.ino, page, block);
  const from = blockAddress(k.layout, block);
  const data = poolData(k.trace, k.cpus.memory.subarray(from, from + pageSize), pageSize);
  k.trace.append(EVENT.content, t.id, t.op, target.ino, pageSize, data, page * pageSize);
}

/** Models xfs_falloc_unshare_range(): the pages of the range have blocks of their own; the file may grow. */
export function* unshareRange(
  k: Kernel,
  t: Task,
  inode: Inode,
  offset: number,
  length: number,
): Run<number> {
  const { pageSize } = k.program.geometry;
  const to = offset + length;
  if (!inode.iRwsem.tryWrite(k, t)) yield* inode.iRwsem.waitWrite(k, t);
  yield* k.functions.fileUpdateTime(k, t, inode); // file_modified()
  const lock = inode.invalidateLock;
  if (!lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
  yield* k.functions.daxBreakLayout(k, t, inode);
  const end = Math.ceil(Math.min(to, inode.size) / pageSize);
  const first = Math.floor(Math.min(offset, inode.size) / pageSize);
  const last = to > inode.size ? Math.max(end, Math.ceil(inode.size / pageSize)) : end;
  let error = yield* k.functions.daxUnsharePages(k, t, inode, first, last, { from: offset, to });
  // The inode is logged in any case, even if nothing is allocated.
  if (error === 0) error = yield* allocFileBlocks(k, t, inode, offset, to);
  if (error === 0 && to > inode.size) {
    zeroTail(k, t, inode, inode.size, roundUp(to, pageSize));
    yield* extendTo(k, t, inode, to);
  }
  lock.upWrite(k, t);
  inode.iRwsem.upWrite(k, t);
  return error;
}
