/**
 * Block mapping for the DAX layer (ext4_iomap_begin): looks up, and allocates where a write needs blocks.
 *
 * New blocks are zeroed before anything can see them, with cache-bypassing stores whose fence is the
 * transaction's: a block map on media never shows what a block held before.
 */
import { HOLE, blockAddress } from '../../media/layout.js';
import { EVENT, STORE } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { NO_BLOCK } from './allocator.js';
import { markInodeJournaled } from './journal.js';

/**
 * Makes sure that `count` pages from `index` have blocks if `allocate` is set; the caller then holds a
 * handle. More than one page is all or nothing: one aligned run, as a PMD needs. False means ENOSPC.
 */
export function* iomapBegin(
  k: Kernel,
  t: Task,
  inode: Inode,
  index: number,
  count: number,
  allocate: boolean,
): Run<boolean> {
  if (!allocate) return true;
  for (let page = index; page < index + count; page++) {
    if (inode.blocks[page] !== HOLE) return true; // mapped, or mixed: the caller looks
  }
  const { allocator } = k.sb;
  const first = count === 1 ? allocator.allocate() : allocator.allocateAligned(count);
  if (first === NO_BLOCK) return count > 1; // a PMD falls back, a page is out of space
  mapBlocks(k, t, inode, index, count, first);
  if (k.preempt(t, POINT['ext4_iomap_begin:allocated'])) yield;
  return true;
}

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
  markInodeJournaled(k, inode);
  for (let page = 0; page < count; page++) {
    inode.blocks[index + page] = first + page;
    k.trace.append(EVENT.extent_map, t.id, t.op, inode.ino, index + page, first + page);
  }
}

/** Unmaps pages [index, end) inside a handle; their blocks are free once the transaction has committed. */
export function freeBlocks(k: Kernel, t: Task, inode: Inode, index: number, end: number): void {
  for (let page = index; page < end; page++) {
    const block = inode.blocks[page] as number;
    if (block === HOLE) continue;
    inode.blocks[page] = HOLE;
    k.trace.append(EVENT.extent_unmap, t.id, t.op, inode.ino, page, block);
    const { journal, allocator } = k.sb;
    markInodeJournaled(k, inode);
    if (k.sb.refcounts?.drop(block, journal.runningTid) === true) continue; // another page has it, too
    // Tests break this rule to show that the oracle sees it (reuseBeforeCommit).
    allocator.release(block, k.knobs.reuseBeforeCommit ? 0 : journal.runningTid);
    if (k.knobs.reuseBeforeCommit) allocator.committed(0);
  }
}
