/**
 * Taking pages of a file away from their users, after mm/memory-failure.c: because the device goes, or
 * because the memory has gone bad.
 */
import { entryPages, isMapped, NO_ENTRY, slotOf } from '../dax/entry.js';
import { daxLockPage } from '../dax/lock-page.js';
import { getUnlockedEntry, lockEntry, tryUnlockedEntry, unlockEntry } from '../dax/mapping.js';
import type { Kernel } from '../kernel.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { EBUSY, ENXIO } from '../types.js';

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

/**
 * Models memory_failure() of a page of the device and memory_failure_dev_pagemap(): nobody has the page
 * mapped any more. An error means that nothing could be done about it; who met the poison then gets a signal
 * that does not tell why.
 */
export function* memoryFailure(k: Kernel, t: Task, block: number): Run<number> {
  if (k.knobs.memoryFailureSkipsDevice) return ENXIO; // B66
  if (!k.dev.tryGetPagemap()) return ENXIO;
  if (k.preempt(t, POINT['memory_failure:start'])) yield;
  // XFS with a reverse map knows all files that have the block: xfs_dax_notify_failure().
  const error =
    k.sb.refcounts === null
      ? yield* mfGenericKillProcs(k, t, block)
      : yield* notifyOwners(k, t, block);
  k.dev.putPagemap();
  return error;
}

/** Models mf_generic_kill_procs(): the one file that the page knows. */
function* mfGenericKillProcs(k: Kernel, t: Task, block: number): Run<number> {
  const locked = yield* daxLockPage(k, t, block);
  if (locked === null) return EBUSY;
  const { inode, slot, entry } = locked;
  if (k.preempt(t, POINT['mf_generic_kill_procs:locked'])) yield;
  yield* k.functions.unmapMappingPages(k, t, inode, slot, entryPages(k, entry), false);
  unlockEntry(k, t, inode, slot);
  return 0;
}

function* notifyOwners(k: Kernel, t: Task, block: number): Run<number> {
  for (const inode of k.sb.inodes) {
    for (let page = 0; page < inode.blocks.length; page++) {
      if (inode.blocks[page] === block) yield* k.functions.mfDaxKillProcs(k, t, inode, page, 1);
    }
  }
  return 0;
}
