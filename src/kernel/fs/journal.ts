/**
 * The journal, after jbd2: handles join the running transaction; a commit locks it, waits for its handles,
 * fences the data, writes one record that replaces the metadata atomically, and fences that.
 *
 * Approximation: the caller commits, on its own CPU, where Linux has the kjournald thread do it. Whoever
 * only waited for somebody else's commit must flush for itself, as ext4_sync_file does.
 * Approximation: all inodes are in every record; a real journal logs the changed blocks.
 */
import { assert } from '../../support/assert.js';
import { encodeMetadata } from '../../media/layout.js';
import { EVENT, FENCE } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { sleepOn } from '../lock.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';

/** The caller joins the running transaction, unless that is locked. */
export function tryJournalStart(k: Kernel, t: Task): boolean {
  const journal = k.sb.journal;
  if (journal.locked) return false;
  journal.handles++;
  k.cpus.locked(t.id, t.op);
  return true;
}

/** Models jbd2_journal_start(): the caller joins the running transaction. */
export function* journalStart(k: Kernel, t: Task): Run<void> {
  while (!tryJournalStart(k, t)) yield* sleepOn(k, t, k.sb.journal.waitUnlocked);
}

/** Models jbd2_journal_stop(). */
export function journalStop(k: Kernel, t: Task): void {
  const journal = k.sb.journal;
  assert(journal.handles > 0, 'journal_stop without a handle');
  journal.handles--;
  k.cpus.locked(t.id, t.op);
  if (journal.handles === 0 && journal.locked) journal.waitHandles.wakeAll();
}

/**
 * The inode changed in the running transaction. Block maps and sizes are all the metadata there is, and
 * reading the data needs both: i_sync_tid and i_datasync_tid are one.
 */
export function markInodeJournaled(k: Kernel, inode: Inode): void {
  const journal = k.sb.journal;
  assert(journal.handles > 0, 'metadata changed outside a handle');
  journal.changed = true;
  inode.syncTid = journal.runningTid;
}

export function isCommitted(k: Kernel, tid: number): boolean {
  return k.sb.journal.committedTid >= tid;
}

/**
 * Models jbd2_complete_transaction(): returns once `tid` is on media. True if this call committed it, so
 * that its fences covered the caller's own write-backs.
 */
export function* completeTransaction(k: Kernel, t: Task, tid: number): Run<boolean> {
  const journal = k.sb.journal;
  let committedHere = false;
  while (!isCommitted(k, tid)) {
    if (journal.committing) {
      yield* sleepOn(k, t, journal.waitCommit);
      committedHere = false;
    } else {
      yield* k.functions.commitTransaction(k, t);
      committedHere = true;
    }
  }
  return committedHere;
}

/** Models jbd2_journal_commit_transaction(). */
export function* commitTransaction(k: Kernel, t: Task): Run<void> {
  const journal = k.sb.journal;
  journal.committing = true;
  journal.locked = true;
  k.cpus.locked(t.id, t.op);
  if (k.preempt(t, POINT['jbd2_commit:locked'])) yield;
  while (journal.handles > 0) yield* sleepOn(k, t, journal.waitHandles);

  const tid = journal.runningTid++;
  const length = snapshotMetadata(k, tid);
  const data = k.trace.appendBytes(k.sb.record, 0, length);
  journal.changed = false;
  journal.locked = false;
  journal.waitUnlocked.wakeAll();

  k.functions.nvdimmFlush(k, t);
  if (k.preempt(t, POINT['jbd2_commit:data_flushed'])) yield;
  k.trace.append(EVENT.journal_commit, t.id, t.op, data, length, tid);
  k.cpus.markOutstanding(t.id);
  if (k.preempt(t, POINT['jbd2_commit:record_written'])) yield;
  k.cpus.fence(t.id, t.op, FENCE.sfence);

  journal.committedTid = tid;
  k.sb.allocator.committed(tid);
  journal.committing = false;
  journal.waitCommit.wakeAll();
  if (k.preempt(t, POINT['jbd2_commit:done'])) yield;
}

function snapshotMetadata(k: Kernel, tid: number): number {
  const files = k.sb.inodes.map((inode) => ({ size: inode.diskSize, blocks: inode.blocks }));
  return encodeMetadata({ tid, files }, k.sb.record);
}
