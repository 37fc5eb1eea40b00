/**
 * i_mtime and i_ctime: file_update_time() and its like, of ext4 and XFS without lazytime.
 */
import { EVENT } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { journalStart, journalStop, markInodeJournaled, tryJournalStart } from './journal.js';
import { I_DIRTY_SYNC } from './writeback.js';

/** Both times become those of now; the caller is in a transaction that logs the inode. */
export function setTimes(k: Kernel, t: Task, inode: Inode): void {
  const { now } = k;
  inode.mtime = now;
  inode.ctime = now;
  k.trace.append(EVENT.inode_time, t.id, t.op, inode.ino, now, now);
}

/**
 * Models file_update_time(): a file is about to be written. Within a tick of the clock the second call finds
 * nothing to do.
 *
 * Deviation: the times change inside the transaction that logs them. Linux sets them first, and who finds
 * them set takes them for logged (L14).
 */
export function* fileUpdateTime(k: Kernel, t: Task, inode: Inode): Run<void> {
  if (inode.mtime === k.now && inode.ctime === k.now) return; // inode_needs_update_time()
  const early = k.knobs.timesSetBeforeHandle; // L14
  if (early) {
    setTimes(k, t, inode);
    if (k.preempt(t, POINT['file_update_time:set'])) yield;
  }
  if (!tryJournalStart(k, t)) yield* journalStart(k, t);
  if (!early) setTimes(k, t, inode);
  markInodeJournaled(k, inode, false);
  journalStop(k, t);
  markTimesDirty(k, t, inode);
}

/** generic_update_time() lists the inode for sync(2); xfs_vn_update_time() only logs it. */
export function markTimesDirty(k: Kernel, t: Task, inode: Inode): void {
  if (k.sb.type === 'ext4') k.functions.markInodeDirty(k, t, inode, I_DIRTY_SYNC);
}
