/**
 * Freezing: sb_start_write and its like, freeze_super() and thaw_super() of fs/super.c.
 *
 * A freeze closes the file system from the outside in: first calls that write, then faults that make a page
 * writable. What sync_filesystem() cleans between that and the end stays clean, for to write to it again
 * takes a fault, and that waits for the thaw.
 */
import { assert } from '../../support/assert.js';
import type { Kernel } from '../kernel.js';
import { sleepOn } from '../lock.js';
import { POINT } from '../points.js';
import type { Run, Task } from '../types.js';
import { EBUSY, EINVAL } from '../types.js';
import type { FreezeLevel } from './sb-writers.js';
import { FREEZE } from './sb-writers.js';

/** Lets the caller into the level unless a freeze has closed that. A per-CPU count: no locked instruction. */
export function trySbStart(k: Kernel, level: FreezeLevel): boolean {
  const { writers } = k.sb;
  if (writers.frozen >= level) return false;
  (writers.holders[level] as number)++;
  return true;
}

/** Models sb_start_write() and sb_start_pagefault(), which differ in their level. */
export function* sbStart(k: Kernel, t: Task, level: FreezeLevel): Run<void> {
  while (!trySbStart(k, level)) yield* sleepOn(k, t, k.sb.writers.thawed);
}

/** Models sb_end_write() and sb_end_pagefault(). */
export function sbEnd(k: Kernel, level: FreezeLevel): void {
  const { writers } = k.sb;
  assert((writers.holders[level] as number) > 0, 'left a freeze level that nobody was inside');
  (writers.holders[level] as number)--;
  if (writers.frozen >= level) writers.drained.wakeAll();
}

/** Models sb_wait_write(). */
function* sbWaitWrite(k: Kernel, t: Task, level: FreezeLevel): Run<void> {
  const { writers } = k.sb;
  while ((writers.holders[level] as number) > 0) yield* sleepOn(k, t, writers.drained);
}

/** Models freeze_super(). */
export function* freezeSuper(k: Kernel, t: Task): Run<number> {
  const { writers, sUmount } = k.sb;
  if (!sUmount.tryWrite(k, t)) yield* sUmount.waitWrite(k, t);
  if (writers.frozen !== FREEZE.none) {
    sUmount.upWrite(k, t);
    return EBUSY;
  }
  writers.frozen = FREEZE.write;
  // s_umount ranks below sb_start_write, so that writers cannot be waited for while it is held.
  sUmount.upWrite(k, t);
  yield* sbWaitWrite(k, t, FREEZE.write);
  if (k.preempt(t, POINT['freeze_super:writers_gone'])) yield;
  if (!sUmount.tryWrite(k, t)) yield* sUmount.waitWrite(k, t);
  writers.frozen = FREEZE.pagefault;
  yield* sbWaitWrite(k, t, FREEZE.pagefault);
  if (k.preempt(t, POINT['freeze_super:faults_gone'])) yield;
  if (k.knobs.freezeUnmapsBeforeSync) yield* daxPrepareFreeze(k, t);
  yield* k.functions.syncFilesystem(k, t);
  if (k.preempt(t, POINT['freeze_super:synced'])) yield;
  if (k.knobs.freezeUnmapsAfterSync) yield* daxPrepareFreeze(k, t); // A27
  writers.frozen = FREEZE.fs;
  yield* k.functions.ext4SyncFs(k, t); // ext4_freeze() flushes the journal
  writers.frozen = FREEZE.complete;
  sUmount.upWrite(k, t);
  return 0;
}

/** Models thaw_super(). */
export function* thawSuper(k: Kernel, t: Task): Run<number> {
  const { writers, sUmount } = k.sb;
  if (!sUmount.tryWrite(k, t)) yield* sUmount.waitWrite(k, t);
  const isFrozen = writers.frozen === FREEZE.complete;
  if (isFrozen) {
    writers.frozen = FREEZE.none;
    writers.thawed.wakeAll();
  }
  sUmount.upWrite(k, t);
  return isFrozen ? 0 : EINVAL;
}

/** The dax_prepare_freeze() that was proposed in 2015: every file is unmapped, private copies are not. */
function* daxPrepareFreeze(k: Kernel, t: Task): Run<void> {
  for (const inode of k.sb.inodes) {
    yield* k.functions.unmapMappingPages(k, t, inode, 0, inode.blocks.length, false);
  }
}
