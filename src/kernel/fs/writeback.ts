/**
 * Dirty inodes and sync(2): fs/fs-writeback.c as far as DAX needs it.
 */
import { EVENT, TAG } from '../../trace/event.js';
import { mappingTagged } from '../dax/entry.js';
import type { Kernel } from '../kernel.js';
import type { Inode, Task } from '../types.js';

/** Models __mark_inode_dirty(I_DIRTY_PAGES): sync(2) will visit the inode. */
export function markInodeDirty(k: Kernel, t: Task, inode: Inode): void {
  if (k.knobs.inodeNotMarkedDirty || k.knobs.noDirtyTracking) return; // A21, B01
  k.cpus.locked(t.id, t.op);
  if (inode.dirtyPages) return;
  inode.dirtyPages = true;
  k.sb.dirtyInodes.push(inode);
  k.trace.append(EVENT.mark_inode_dirty, t.id, t.op, inode.ino, 1);
}

/** After its pages were written: off the list, unless something was tagged meanwhile. */
export function clearInodeDirty(k: Kernel, t: Task, inode: Inode): void {
  k.cpus.locked(t.id, t.op);
  if (!inode.dirtyPages || mappingTagged(inode, TAG.dirty)) return;
  inode.dirtyPages = false;
  k.sb.dirtyInodes.splice(k.sb.dirtyInodes.indexOf(inode), 1);
  k.trace.append(EVENT.mark_inode_dirty, t.id, t.op, inode.ino, 0);
}
