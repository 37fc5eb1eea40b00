/**
 * I4: an inode with a DIRTY entry is on the dirty list, where sync(2) looks for it. A fault tags and lists
 * while it holds the entry, so a locked one is not asked for.
 */
import { TAG } from '../../trace/event.js';
import { isLocked, isTagged } from '../dax/entry.js';
import type { Kernel } from '../kernel.js';
import type { Report } from './condition.js';

export function inspectInodes(k: Kernel, report: Report): void {
  for (const inode of k.sb.inodes) {
    if (inode.listed) continue;
    const { entries } = inode;
    for (let slot = 0; slot < entries.length; slot++) {
      if (!isTagged(inode, slot, TAG.dirty) || isLocked(entries[slot] as number)) continue;
      report('I4', inode.ino, slot, 'has a DIRTY entry, and its inode is on no dirty list');
      break;
    }
  }
}
