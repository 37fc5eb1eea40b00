/** What bad memory (badblocks.ts) keeps from being done, and how it is mended: drivers/nvdimm/pmem.c. */
import { blockAddress, HOLE } from '../../media/layout.js';
import { EVENT } from '../../trace/event.js';
import type { Data } from '../../trace/trace.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { EIO } from '../types.js';

/** is_bad_pmem(), and poison that nobody has reported yet: a copy by the kernel meets that, and gives up. */
export function isBad(k: Kernel, block: number): boolean {
  const { errors } = k.dev;
  return errors.any && (errors.poisoned.has(block) || errors.listed.has(block));
}

/** Does dax_direct_access() of these blocks give -EHWPOISON? */
export function isListed(k: Kernel, block: number, count: number): boolean {
  const { errors } = k.dev;
  if (!errors.any) return false;
  for (let at = block; at < block + count; at++) if (errors.listed.has(at)) return true;
  return false;
}

/**
 * -EIO where zeroing from or up to a place in the middle of a page would have to write a part of a bad block.
 * Approximation: here that is found out before anything is changed.
 */
export function edgeError(k: Kernel, inode: Inode, ...edges: readonly number[]): number {
  if (!k.dev.errors.any) return 0;
  const { pageSize } = k.program.geometry;
  const isBadAt = (edge: number): boolean =>
    edge % pageSize !== 0 && isBad(k, inode.blocks[Math.floor(edge / pageSize)] ?? HOLE);
  return edges.some(isBadAt) ? EIO : 0;
}

/** Approximation: blocks of a file with a bad one are neither shared nor moved, as they are in Linux. */
export const hasBadBlock = (k: Kernel, inode: Inode): boolean =>
  k.dev.errors.any && inode.blocks.some((block) => isBad(k, block));

/** nfit_handle_mce(), and nvdimm_region_notify() to the driver: the error is listed. */
export function listError(k: Kernel, t: Task, block: number): void {
  k.dev.errors.listed.add(block);
  k.trace.append(EVENT.badblocks, t.id, t.op, block, 1);
}

/**
 * Models __pmem_clear_poison(): the block can be read again, at once and for good. Approximation: it holds
 * what was stored to it last; some platforms leave something else in it.
 */
function pmemClearPoison(k: Kernel, t: Task, block: number): void {
  if (k.dev.errors.poisoned.delete(block)) k.trace.append(EVENT.clear_poison, t.id, t.op, block);
}

/** Models pmem_clear_bb(). */
function pmemClearBb(k: Kernel, t: Task, block: number): void {
  if (k.dev.errors.listed.delete(block)) k.trace.append(EVENT.badblocks, t.id, t.op, block, 0);
}

/**
 * Models pmem_recovery_write() of a whole page: the poison is cleared, and the block leaves the list last, so
 * that nobody reads what was lost.
 *
 * Deviation: the data is on media before the poison is cleared. Linux clears first, and after a power failure
 * the lost bytes read as if nothing had happened to them (L17).
 */
export function* pmemRecoveryWrite(
  k: Kernel,
  t: Task,
  block: number,
  data: Data,
  ino: number,
  offset: number,
): Run<void> {
  const { badblockClearedFirst } = k.knobs;
  const clearsFirst = badblockClearedFirst || k.knobs.poisonClearedBeforeData; // B63, L17
  if (badblockClearedFirst) pmemClearBb(k, t, block); // B63
  if (clearsFirst) pmemClearPoison(k, t, block);
  if (k.preempt(t, POINT['pmem_recovery_write:start'])) yield;
  const { pageSize } = k.program.geometry;
  const address = blockAddress(k.layout, block);
  k.functions.memcpyFlushcache(k, t, address, pageSize, data, ino, offset);
  if (!clearsFirst) {
    k.functions.nvdimmFlush(k, t);
    pmemClearPoison(k, t, block);
  }
  if (k.preempt(t, POINT['pmem_recovery_write:copied'])) yield;
  pmemClearBb(k, t, block);
}

/**
 * What pmem_do_write() does for blocks that have been zeroed for a new owner. Deviation: as above, for a page
 * whose block was made unwritten may have it back after a power failure (L17).
 */
export function clearForOwner(k: Kernel, t: Task, first: number, count: number): void {
  for (let block = first; block < first + count; block++) {
    if (!isBad(k, block)) continue;
    k.mark(MARK['pmem_do_write:poisoned']);
    if (!k.knobs.poisonClearedBeforeData) k.functions.nvdimmFlush(k, t);
    pmemClearPoison(k, t, block);
    pmemClearBb(k, t, block);
  }
}
