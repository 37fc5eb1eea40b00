/**
 * Taking pages of a file away from their users: mm/memory-failure.c as far as removal needs it.
 */
import { entryPages, isMapped, NO_ENTRY, slotOf } from '../dax/entry.js';
import { getUnlockedEntry, lockEntry, tryUnlockedEntry, unlockEntry } from '../dax/mapping.js';
import type { Kernel } from '../kernel.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';

/**
 * Models mf_dax_kill_procs() with MF_MEM_PRE_REMOVE for pages [index, index + count): each is unmapped while
 * its entry is locked, so that a fault is over before that or comes after it. The signal that goes to those
 * who have it mapped is the SIGBUS of their next access; here a program survives that.
 */
export function* mfDaxKillProcs(
  k: Kernel,
  t: Task,
  inode: Inode,
  index: number,
  count: number,
): Run<void> {
  for (let page = index; page < index + count; page++) {
    const entry =
      tryUnlockedEntry(k, t, inode, page) ?? (yield* getUnlockedEntry(k, t, inode, page));
    if (entry === NO_ENTRY) continue;
    const slot = slotOf(k, inode, page);
    lockEntry(k, inode, page); // dax_lock_mapping_entry()
    if (isMapped(entry)) {
      yield* k.functions.unmapMappingPages(k, t, inode, slot, entryPages(k, entry), false);
    }
    unlockEntry(k, t, inode, page);
    if (k.preempt(t, POINT['mf_dax_kill_procs:page_done'])) yield;
  }
}
