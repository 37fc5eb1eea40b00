/**
 * The CoW fork, after fs/xfs/xfs_reflink.c: a block that is to replace a shared one is staged, filled, and
 * then remapped into the file.
 *
 * Staged blocks are not in the block map and not zeroed: a crash gives them back, and whoever remaps one has
 * written all of it. As XFS does with its CoW extent size hint, staging a page stages its neighbours, too, so
 * the next write to one of them copies whether it is shared or not, and whether it is a hole or not.
 */
import { HOLE } from '../../media/layout.js';
import { EVENT } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { clearForOwner } from '../nvdimm/media-errors.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { LARGE_DEVICE, NO_BLOCK } from './allocator.js';
import { freeUnwritten } from './iomap.js';
import { markInodeJournaled } from './journal.js';
import { isShared } from './shared.js';

/** Pages that are staged together, a power of two: XFS_DEFAULT_COWEXTSZ_HINT, and fewer on a small device. */
const COW_EXTENT_PAGES = 32;
const SMALL_COW_EXTENT_PAGES = 2;

/**
 * Models imap_needs_cow() and xfs_reflink_allocate_cow()'s look at the CoW fork: does a write to the page
 * have to go to another block?
 *
 * Deviation: a page that is not shared stays where it is while it is pinned. XFS looks at the CoW fork only.
 */
export function needsCow(k: Kernel, inode: Inode, page: number): boolean {
  if (!inode.reflinked) return false;
  const block = inode.blocks[page] as number;
  if (isShared(k, block)) return true;
  if (inode.cowBlocks[page] === HOLE) return false;
  if (block === HOLE || k.mm.pinCounts[block] === 0) {
    k.mark(MARK['imap_needs_cow:staged_by_neighbour']);
    return true;
  }
  k.mark(MARK['imap_needs_cow:pinned']);
  return false;
}

/**
 * The same for a write fault. Deviation: a fault leaves a page that is not shared where it is, whatever is
 * staged: it could not keep somebody from pinning the page meanwhile.
 */
export function faultNeedsCow(k: Kernel, inode: Inode, page: number): boolean {
  if (!inode.reflinked) return false;
  const block = inode.blocks[page] as number;
  return block === HOLE ? inode.cowBlocks[page] !== HOLE : isShared(k, block);
}

/** May a write to some page of [index, index + count) have to go to another block, now or later? */
export function rangeNeedsCow(k: Kernel, inode: Inode, index: number, count: number): boolean {
  if (!inode.reflinked) return false;
  for (let page = index; page < index + count; page++) {
    const staged = inode.cowBlocks[page] !== HOLE;
    if (staged || isShared(k, inode.blocks[page] as number)) return true;
  }
  return false;
}

/**
 * Models xfs_reflink_allocate_cow(): the block that is staged for the page, whatever becomes of it by the
 * time the caller uses it; NO_BLOCK means ENOSPC or EIO.
 */
export function* allocateCow(k: Kernel, t: Task, inode: Inode, page: number): Run<number> {
  if (k.sb.isShutdown) return NO_BLOCK;
  const staged = inode.cowBlocks;
  if (staged[page] !== HOLE) {
    k.mark(MARK['xfs_reflink_allocate_cow:staged_before']);
    return staged[page] as number; // left by the write to a neighbour, or by one under way
  }
  const block = k.sb.allocator.allocate();
  if (block === NO_BLOCK) return NO_BLOCK;
  staged[page] = block;
  if (k.dev.errors.any) clearForOwner(k, t, block, 1);
  const isLarge = k.program.geometry.blockCount >= LARGE_DEVICE;
  const extent = isLarge ? COW_EXTENT_PAGES : SMALL_COW_EXTENT_PAGES;
  const first = page & -extent;
  const end = Math.min(first + extent, staged.length);
  for (let near = first; near < end; near++) {
    if (staged[near] !== HOLE) continue;
    const spare = k.sb.allocator.allocate();
    if (spare !== NO_BLOCK) {
      staged[near] = spare;
      if (k.dev.errors.any) clearForOwner(k, t, spare, 1);
    } else k.mark(MARK['xfs_reflink_allocate_cow:no_spare']);
  }
  if (k.preempt(t, POINT['xfs_reflink_allocate_cow:staged'])) yield;
  return block;
}

/**
 * Models xfs_reflink_end_cow() for one page, inside a handle: the staged block takes the place of the old
 * one, which is the last step of every CoW. True if there was one staged.
 */
export function endCow(k: Kernel, t: Task, inode: Inode, page: number): boolean {
  const staged = inode.cowBlocks[page] as number;
  if (staged === HOLE) return false;
  inode.cowBlocks[page] = HOLE;
  const old = inode.blocks[page] as number;
  inode.blocks[page] = staged;
  freeUnwritten(k, inode, page);
  k.trace.append(EVENT.extent_remap, t.id, t.op, inode.ino, page, staged);
  markInodeJournaled(k, inode);
  const { journal, allocator, refcounts } = k.sb;
  if (old !== HOLE && refcounts?.drop(old, journal.runningTid) !== true) {
    allocator.release(old, journal.runningTid);
  }
  return true;
}

/** Models xfs_reflink_cancel_cow_range(): what was staged from `page` on was never in the file. */
export function cancelCow(k: Kernel, inode: Inode, page: number): void {
  if (!inode.reflinked) return;
  for (let index = page; index < inode.cowBlocks.length; index++) cancelStaged(k, inode, index);
}

/** The same for one page. */
export function cancelStaged(k: Kernel, inode: Inode, page: number): void {
  const staged = inode.cowBlocks[page] as number;
  if (staged === HOLE) return;
  k.mark(MARK['xfs_reflink_cancel_cow_range:given_back']);
  inode.cowBlocks[page] = HOLE;
  const { allocator, journal } = k.sb;
  allocator.release(staged, journal.committedTid);
  allocator.committed(journal.committedTid);
}

/** Models xfs_itruncate_clear_reflink_flags(): a file without blocks has none to share. */
export function clearReflinkFlag(inode: Inode): void {
  if (!inode.reflinked) return;
  const forks = [inode.blocks, inode.unwritten, inode.cowBlocks];
  if (forks.every((fork) => fork.every((block) => block === HOLE))) inode.reflinked = false;
}
