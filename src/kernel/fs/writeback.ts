/**
 * Dirty inodes, what sync(2) and the flusher do with them: fs/fs-writeback.c as far as DAX needs it.
 */
import { EVENT, TAG } from '../../trace/event.js';
import { mappingTagged } from '../dax/entry.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';

/** Bits of i_state. */
export const I_DIRTY_SYNC = 1;
export const I_DIRTY_PAGES = 2;
/** The flusher works on the inode, and lists it again, or not, when it has done so. */
const I_SYNC_QUEUED = 4;

const I_DIRTY = I_DIRTY_SYNC | I_DIRTY_PAGES;

/** Models __mark_inode_dirty(): sync(2) and the flusher will visit the inode. */
export function markInodeDirty(k: Kernel, t: Task, inode: Inode, flags = I_DIRTY_PAGES): void {
  if (k.knobs.inodeNotMarkedDirty) return; // A21
  if (k.knobs.noDirtyTracking && flags === I_DIRTY_PAGES) return; // B01
  k.cpus.locked(t.id, t.op);
  inode.state |= flags;
  if (!inode.listed && (inode.state & I_SYNC_QUEUED) === 0) list(k, t, inode);
}

function list(k: Kernel, t: Task, inode: Inode): void {
  inode.listed = true;
  k.sb.dirtyInodes.push(inode);
  k.trace.append(EVENT.mark_inode_dirty, t.id, t.op, inode.ino, 1);
}

/**
 * Models writeback_sb_inodes() and __writeback_single_inode(): of one inode, by WB_SYNC_ALL if `wait` is set.
 * WB_SYNC_NONE does nothing about DAX pages.
 */
export function* writebackSingleInode(k: Kernel, t: Task, inode: Inode, wait: boolean): Run<void> {
  const reachesDax = wait && !k.knobs.syncSkipsDax; // B02
  inode.state |= I_SYNC_QUEUED;
  k.trace.append(EVENT.writeback_single_inode, t.id, t.op, inode.ino, reachesDax ? 1 : 0);
  if (reachesDax) yield* k.functions.daxWritebackMappingRange(k, t, inode, 0, inode.blocks.length);
  if (k.preempt(t, POINT['sync:pages_written'])) yield;
  k.cpus.locked(t.id, t.op);
  inode.state &= ~I_DIRTY;
  // Somebody may have tagged an entry meanwhile, and found the inode dirty.
  if (mappingTagged(inode, TAG.dirty)) inode.state |= I_DIRTY_PAGES;
  if (k.preempt(t, POINT['writeback_single_inode:flags_cleared'])) yield;
  k.functions.requeueInode(k, t, inode);
}

/** A round of the flusher, wb_workfn(): every dirty inode, without waiting. */
export function* wbWorkfn(k: Kernel, t: Task): Run<number> {
  const { sb } = k;
  if (!sb.sUmount.tryRead(k, t)) return 0; // super_trylock_shared()
  if (!sb.flusher.tryWrite(k, t)) yield* sb.flusher.waitWrite(k, t);
  for (const inode of [...sb.dirtyInodes]) {
    if (k.preempt(t, POINT['sync:inode_start'])) yield;
    yield* k.functions.writebackSingleInode(k, t, inode, false);
  }
  sb.flusher.upWrite(k, t);
  sb.sUmount.upRead(k, t);
  return 0;
}

/** Models requeue_inode(): off the list, unless there is something left to do. */
export function requeueInode(k: Kernel, t: Task, inode: Inode): void {
  k.cpus.locked(t.id, t.op);
  inode.state &= ~I_SYNC_QUEUED;
  if (mappingTagged(inode, TAG.dirty) || (inode.state & I_DIRTY) !== 0) {
    k.mark(MARK['writeback_single_inode:dirtied_again']);
    return;
  }
  inode.listed = false;
  k.sb.dirtyInodes.splice(k.sb.dirtyInodes.indexOf(inode), 1);
  k.trace.append(EVENT.mark_inode_dirty, t.id, t.op, inode.ino, 0);
}
