/**
 * What a file system does when the device below it says that it goes: fs/xfs/xfs_notify_failure.c.
 */
import type { Kernel } from '../kernel.js';
import { sleepOn } from '../lock.js';
import { POINT } from '../points.js';
import type { Run, Task } from '../types.js';
import { EBUSY } from '../types.js';
import { FREEZE_HOLDER } from './sb-writers.js';
import { forceShutdown } from './shutdown.js';

/**
 * Models xfs_dax_notify_failure() with MF_MEM_PRE_REMOVE: frozen, so that nobody writes and what was written
 * is on media; shut down, so that nobody maps a page again; and all pages taken away from their users.
 *
 * Deviation: Linux shuts down when it has been through all pages. A freeze does not stop read faults, and one
 * that comes behind the walk leaves its page mapped (L16).
 *
 * Approximation: inode by inode; XFS goes by blocks, through its reverse map.
 */
export function* daxNotifyFailure(k: Kernel, t: Task): Run<void> {
  const isFrozen = (yield* freezeForRemoval(k, t)) === 0;
  if (k.preempt(t, POINT['xfs_dax_notify_failure:frozen'])) yield;
  if (!k.knobs.shutdownAfterUnmapping) forceShutdown(k, t);
  for (const inode of k.sb.inodes) {
    yield* k.functions.mfDaxKillProcs(k, t, inode, 0, inode.blocks.length);
    yield* k.functions.invalidateInodePages2(k, t, inode, 0, inode.blocks.length);
    if (k.preempt(t, POINT['xfs_dax_notify_failure:inode_done'])) yield;
  }
  forceShutdown(k, t);
  if (isFrozen) yield* k.functions.thawSuper(k, t, FREEZE_HOLDER.kernel);
}

/** Models xfs_dax_notify_failure_freeze(): who is freezing or thawing at the moment is waited for. */
function* freezeForRemoval(k: Kernel, t: Task): Run<number> {
  for (;;) {
    const error = yield* k.functions.freezeSuper(k, t, FREEZE_HOLDER.kernel);
    if (error !== EBUSY) return error;
    yield* sleepOn(k, t, k.sb.writers.settled);
  }
}
