/**
 * Inodes that come and go: fs/inode.c. An inode that nobody has open may leave memory; what it is stays in
 * the journal and on the device, and the next open reads it in again.
 */
import type { Kernel } from '../kernel.js';
import { sleepOn } from '../lock.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';

/** Models __wait_on_freeing_inode(). */
export function* waitOnFreeing(k: Kernel, t: Task, inode: Inode): Run<void> {
  while (inode.isFreeing) yield* sleepOn(k, t, k.inodeFreed);
}

/** Models ext4_iget(), of an inode that is not leaving. */
export function iget(k: Kernel, inode: Inode): void {
  if (inode.isInCore) return;
  inode.isInCore = true;
  k.sb.sInodes.push(inode);
}

/** Has somebody the inode open or mapped, or is a call working on it? */
export function isInUse(k: Kernel, inode: Inode): boolean {
  return inode.users > 0 || inode.vmas.length > 0 || k.mm.fds.includes(inode);
}

/** Models ext4_evict_inode(): nobody uses the inode any more, but devices may still hold pages of it. */
export function* evictInode(k: Kernel, t: Task, inode: Inode): Run<void> {
  inode.isFreeing = true;
  yield* k.functions.daxBreakLayoutFinal(k, t, inode);
  // truncate_inode_pages_final()
  yield* k.functions.daxDeleteMappingRange(k, t, inode, 0, inode.blocks.length, false);
  inode.isInCore = false;
  k.sb.sInodes.splice(k.sb.sInodes.indexOf(inode), 1);
  inode.isFreeing = false;
  k.inodeFreed.wakeAll();
  if (k.preempt(t, POINT['evict:done'])) yield;
}

/**
 * Models drop_caches: entries of DAX files stay (invalidate_mapping_pages() has nothing to do), and inodes go
 * that are clean, unused, and have none (prune_icache_sb() and mapping_shrinkable()).
 *
 * Approximation: the shrinker does not try s_umount, as other ways in which an inode leaves do not.
 */
export function* dropCaches(k: Kernel, t: Task): Run<number> {
  for (const inode of [...k.sb.sInodes]) {
    if (inode.isFreeing) continue;
    const keeps = inode.listed || inode.state !== 0 || inode.entries.some((entry) => entry !== 0);
    if (keeps || !inode.isInCore || isInUse(k, inode)) continue;
    yield* k.functions.evictInode(k, t, inode);
  }
  return 0;
}
