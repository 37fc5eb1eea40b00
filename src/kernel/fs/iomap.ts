/**
 * Block mapping for the DAX layer (ext4_iomap_begin): looks up, and allocates where a write needs blocks.
 *
 * New blocks are zeroed before anything can see them, with cache-bypassing stores whose fence is the
 * transaction's: a block map on media never shows what a block held before.
 *
 * A page with an unwritten block is a hole to everybody else; it only has a block in reserve. Zeroing a range
 * makes its blocks unwritten where they are. Media and trace say of such a page that it has none.
 */
import { HOLE, blockAddress } from '../../media/layout.js';
import { EVENT, STORE } from '../../trace/event.js';
import { fillData } from '../../trace/trace.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { clearForOwner } from '../nvdimm/media-errors.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { EIO, ENOSPC } from '../types.js';
import { NO_BLOCK } from './allocator.js';
import { journalStart, journalStop, markInodeJournaled, tryJournalStart } from './journal.js';
import { isShared } from './shared.js';

/**
 * Makes sure that `count` pages from `index` have blocks if `allocate` is set. More than one page is all or
 * nothing: one aligned run, as a PMD needs. False means ENOSPC or EIO.
 */
export function* iomapBegin(
  k: Kernel,
  t: Task,
  inode: Inode,
  index: number,
  count: number,
  allocate: boolean,
): Run<boolean> {
  if (k.sb.isShutdown) return false; // -EIO
  if (!allocate) return true;
  for (let page = index; page < index + count; page++) {
    if (inode.blocks[page] !== HOLE) return true; // mapped, or mixed: the caller looks
  }
  if (!tryJournalStart(k, t)) yield* journalStart(k, t);
  const begun = yield* allocateBlocks(k, t, inode, index, count);
  journalStop(k, t);
  return begun;
}

function* allocateBlocks(
  k: Kernel,
  t: Task,
  inode: Inode,
  index: number,
  count: number,
): Run<boolean> {
  for (let page = index; page < index + count; page++) {
    if (inode.blocks[page] !== HOLE) return true; // while this one waited for the journal
  }
  const first = takeBlocks(k, inode, index, count);
  if (first === NO_BLOCK) {
    if (k.sb.allocator.hasFreed) k.mark(MARK['ext4_mb_new_blocks:not_committed']);
    return count > 1; // a PMD falls back, a page is out of space
  }
  mapBlocks(k, t, inode, index, count, first);
  if (k.preempt(t, POINT['ext4_iomap_begin:allocated'])) yield;
  return true;
}

/** The blocks that the pages have unwritten, or free ones; NO_BLOCK if neither will do. */
function takeBlocks(k: Kernel, inode: Inode, index: number, count: number): number {
  const { allocator } = k.sb;
  const first = inode.unwritten[index] as number;
  if (first !== HOLE) k.mark(MARK['ext4_map_blocks:unwritten']);
  if (count === 1) return first === HOLE ? allocator.allocate() : first;
  if (first !== HOLE && first % count !== 0) return NO_BLOCK;
  for (let page = 0; page < count; page++) {
    const expected = first === HOLE ? HOLE : first + page;
    if (inode.unwritten[index + page] !== expected) {
      k.mark(MARK['ext4_map_blocks:partly_unwritten']);
      return NO_BLOCK;
    }
  }
  return first === HOLE ? allocator.allocateAligned(count) : first;
}

/** Why there is no block. */
export const iomapError = (k: Kernel): number => (k.sb.isShutdown ? EIO : ENOSPC);

function mapBlocks(
  k: Kernel,
  t: Task,
  inode: Inode,
  index: number,
  count: number,
  first: number,
): void {
  const { pageSize } = k.program.geometry;
  if (!k.knobs.allocateWithoutZeroing) {
    const address = blockAddress(k.layout, first);
    const how = STORE.kernel | STORE.nonTemporal;
    k.cpus.storeNow(t.id, t.op, address, count * pageSize, 0, how, inode.ino, index * pageSize);
  }
  if (k.dev.errors.any) clearForOwner(k, t, first, count);
  markInodeJournaled(k, inode);
  for (let page = index; page < index + count; page++) {
    const block = first + page - index;
    inode.blocks[page] = block;
    inode.unwritten[page] = HOLE;
    k.trace.append(EVENT.extent_map, t.id, t.op, inode.ino, page, block);
    if (!k.sb.emptied.delete(block)) continue;
    // Nobody had freed it: a crash may show the page with it as it was before.
    k.trace.append(EVENT.content, t.id, t.op, inode.ino, pageSize, fillData(0), page * pageSize);
  }
}

/**
 * Pages [index, end) get blocks that are not written, inside a handle; false means ENOSPC. Models
 * ext4_map_blocks() with CREATE_UNWRIT_EXT.
 */
export function reserveBlocks(k: Kernel, inode: Inode, index: number, end: number): boolean {
  const { pmdPages } = k.program.geometry;
  const isEmpty = (page: number): boolean =>
    inode.blocks[page] === HOLE && inode.unwritten[page] === HOLE;
  markInodeJournaled(k, inode);
  for (let page = index; page < end;) {
    let count = 0;
    while (count < pmdPages && page + count < end && isEmpty(page + count)) count++;
    const { allocator } = k.sb;
    // Aligned to PMDs where that can be; as many as there are otherwise.
    const isRun = page % pmdPages === 0 && count === pmdPages;
    const run = isRun ? allocator.allocateAligned(pmdPages) : NO_BLOCK;
    for (let near = page; near < page + count; near++) {
      const block = run === NO_BLOCK ? allocator.allocate() : run + near - page;
      if (block === NO_BLOCK) {
        k.mark(MARK['ext4_alloc_file_blocks:no_space']);
        return false;
      }
      inode.unwritten[near] = block;
    }
    page += Math.max(1, count);
  }
  return true;
}

/** Models ext4_alloc_file_blocks() and xfs_alloc_file_space() for bytes [from, to), as one transaction. */
export function* allocFileBlocks(
  k: Kernel,
  t: Task,
  inode: Inode,
  from: number,
  to: number,
): Run<number> {
  const { pageSize } = k.program.geometry;
  if (!tryJournalStart(k, t)) yield* journalStart(k, t);
  const reserved = reserveBlocks(k, inode, Math.floor(from / pageSize), Math.ceil(to / pageSize));
  journalStop(k, t);
  return reserved ? 0 : ENOSPC;
}

/**
 * Pages [index, end) keep their blocks, inside a handle, but what is in those is no longer theirs. Models
 * CONVERT_UNWRITTEN. A block that another page has, or has again after a crash (L13), is exchanged; false
 * means ENOSPC.
 */
export function emptyBlocks(k: Kernel, t: Task, inode: Inode, index: number, end: number): boolean {
  const { emptied } = k.sb;
  for (let page = index; page < end; page++) {
    const block = inode.blocks[page] as number;
    if (block === HOLE) continue;
    if (isShared(k, block)) {
      k.mark(MARK['xfs_alloc_file_space:exchanged']);
      k.functions.freeBlocks(k, t, inode, page, page + 1);
      continue;
    }
    inode.blocks[page] = HOLE;
    inode.unwritten[page] = block;
    emptied.add(block);
    k.trace.append(EVENT.extent_unmap, t.id, t.op, inode.ino, page, block);
  }
  return reserveBlocks(k, inode, index, end);
}

/** Unmaps pages [index, end) inside a handle; their blocks are free once the transaction has committed. */
export function freeBlocks(k: Kernel, t: Task, inode: Inode, index: number, end: number): void {
  for (let page = index; page < end; page++) {
    freeUnwritten(k, inode, page);
    const block = inode.blocks[page] as number;
    if (block === HOLE) continue;
    inode.blocks[page] = HOLE;
    if (k.knobs.filesystemKeepsBuffers) k.sb.buffers.drop(inode, page, page + 1); // A15
    k.trace.append(EVENT.extent_unmap, t.id, t.op, inode.ino, page, block);
    const { journal, allocator } = k.sb;
    markInodeJournaled(k, inode);
    if (k.sb.refcounts?.drop(block, journal.runningTid) === true) {
      k.mark(MARK['xfs_refcount_decrease_extent:still_shared']);
      continue; // another page has it, too
    }
    // Tests break this rule to show that the oracle sees it (reuseBeforeCommit).
    allocator.release(block, k.knobs.reuseBeforeCommit ? 0 : journal.runningTid);
    if (k.knobs.reuseBeforeCommit) allocator.committed(0);
  }
}

/** The block that a page has in reserve, inside a handle. */
export function freeUnwritten(k: Kernel, inode: Inode, page: number): void {
  const block = inode.unwritten[page] as number;
  if (block === HOLE) return;
  inode.unwritten[page] = HOLE;
  k.sb.emptied.delete(block);
  markInodeJournaled(k, inode);
  k.sb.allocator.release(block, k.sb.journal.runningTid);
}
