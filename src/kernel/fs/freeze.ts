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
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Run, Task } from '../types.js';
import { EBUSY, EINVAL } from '../types.js';
import type { FreezeHolder, FreezeLevel } from './sb-writers.js';
import { FREEZE, FREEZE_HOLDER } from './sb-writers.js';

/** Lets the caller into the level unless a freeze has closed that. A per-CPU count: no locked instruction. */
export function trySbStart(k: Kernel, level: FreezeLevel): boolean {
  const { writers } = k.sb;
  if (writers.frozen >= level) return false;
  (writers.holders[level] as number)++;
  return true;
}

/** Models sb_start_write() and sb_start_pagefault(), which differ in their level. */
export function* sbStart(k: Kernel, t: Task, level: FreezeLevel): Run<void> {
  for (let slept = false; !trySbStart(k, level); slept = true) {
    if (slept) k.mark(MARK['sb_start_write:frozen_again']);
    yield* sleepOn(k, t, k.sb.writers.thawed);
  }
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

/** Models freeze_super(): who finds it frozen by another kind of holder holds it, too. */
export function* freezeSuper(
  k: Kernel,
  t: Task,
  holder: FreezeHolder = FREEZE_HOLDER.user,
): Run<number> {
  const { writers, sUmount } = k.sb;
  if (!sUmount.tryWrite(k, t)) yield* sUmount.waitWrite(k, t);
  if (!k.sb.isMounted) {
    sUmount.upWrite(k, t);
    return EINVAL;
  }
  if (writers.frozen !== FREEZE.none) {
    const shares = writers.frozen === FREEZE.complete && (writers.heldBy & holder) === 0;
    if (shares) writers.heldBy |= holder;
    else k.mark(MARK['freeze_super:busy']);
    sUmount.upWrite(k, t);
    return shares ? 0 : EBUSY;
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
  let error = yield* k.functions.syncFilesystem(k, t);
  if (k.preempt(t, POINT['freeze_super:synced'])) yield;
  if (k.knobs.freezeUnmapsAfterSync) yield* daxPrepareFreeze(k, t); // A27
  writers.frozen = FREEZE.fs;
  if (error === 0) error = yield* k.functions.ext4SyncFs(k, t); // ext4_freeze() flushes the journal
  if (error === 0) {
    writers.frozen = FREEZE.complete;
    writers.heldBy = holder;
  } else {
    unfreeze(k);
  }
  writers.settled.wakeAll();
  sUmount.upWrite(k, t);
  return error;
}

function unfreeze(k: Kernel): void {
  const { writers } = k.sb;
  writers.frozen = FREEZE.none;
  writers.thawed.wakeAll();
}

/** Models thaw_super(): the last holder thaws. */
export function* thawSuper(
  k: Kernel,
  t: Task,
  holder: FreezeHolder = FREEZE_HOLDER.user,
): Run<number> {
  const { writers, sUmount } = k.sb;
  if (!sUmount.tryWrite(k, t)) yield* sUmount.waitWrite(k, t);
  const isHeld = writers.frozen === FREEZE.complete && (writers.heldBy & holder) !== 0;
  if (isHeld) {
    writers.heldBy &= ~holder;
    if (writers.heldBy === 0) unfreeze(k);
  } else {
    k.mark(MARK['thaw_super:not_frozen']);
  }
  sUmount.upWrite(k, t);
  return isHeld ? 0 : EINVAL;
}

/**
 * The dax_prepare_freeze() that was proposed in 2015: every file is unmapped, private copies are not. As
 * posted it walked s_inodes without a lock or a reference (A22).
 */
function* daxPrepareFreeze(k: Kernel, t: Task): Run<void> {
  const holds = !k.knobs.freezeWalksUnlocked; // A22
  for (const inode of [...k.sb.sInodes]) {
    if (!inode.isInCore) continue; // evicted before this came to it
    if (holds) inode.users++;
    yield* k.functions.unmapMappingPages(k, t, inode, 0, inode.blocks.length, false);
    if (k.preempt(t, POINT['dax_prepare_freeze:unmapped'])) yield;
    if (!inode.isInCore) k.warn('dax_prepare_freeze: goes on from an inode that has been freed');
    if (holds) inode.users--;
  }
}
