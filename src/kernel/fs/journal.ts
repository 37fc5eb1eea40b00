/**
 * The journal, after jbd2 (and the log of XFS, as far as they are alike): handles join the running
 * transaction; a commit locks it, waits for its handles, writes what they changed to the log, fences that and
 * the data, moves the head of the log over it, and fences that.
 *
 * Approximation: the caller commits, on its own CPU, where Linux has the kjournald thread do it. Whoever
 * only waited for somebody else's commit must flush for itself, as ext4_sync_file does.
 * Approximation: what is logged are whole inodes with their block maps, and the head is one word.
 */
import { assert } from '../../support/assert.js';
import { LOG_SLOTS, slotAddress } from '../../media/layout.js';
import { putInode, putTransaction } from '../../media/log.js';
import { FENCE, STORE } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { sleepOn } from '../lock.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { writeLogWord } from './log-word.js';

/** The caller joins the running transaction, unless that is locked; who has joined it joins it again. */
export function tryJournalStart(k: Kernel, t: Task): boolean {
  const { journal } = k.sb;
  if (t.handles === 0) {
    if (journal.locked) return false;
    journal.handles++;
    k.cpus.locked(t.id, t.op);
  }
  t.handles++;
  return true;
}

/** Models jbd2_journal_start(): the caller joins the running transaction. */
export function* journalStart(k: Kernel, t: Task): Run<void> {
  while (!tryJournalStart(k, t)) yield* sleepOn(k, t, k.sb.journal.waitUnlocked);
}

/** Models jbd2_journal_stop(). */
export function journalStop(k: Kernel, t: Task): void {
  const { journal } = k.sb;
  assert(t.handles > 0 && journal.handles > 0, 'journal_stop without a handle');
  if (--t.handles > 0) return;
  journal.handles--;
  k.cpus.locked(t.id, t.op);
  if (journal.handles === 0 && journal.locked) journal.waitHandles.wakeAll();
}

/** The inode changed in the running transaction: in what reading its data needs, or only in its times. */
export function markInodeJournaled(k: Kernel, inode: Inode, datasync = true): void {
  const { journal } = k.sb;
  assert(journal.handles > 0, 'metadata changed outside a handle');
  journal.changed = true;
  inode.syncTid = journal.runningTid;
  if (!datasync) return;
  inode.datasyncTid = journal.runningTid;
  inode.changedSinceFsync = true;
}

/**
 * What fdatasync(2) has to commit: what only changed times is not its affair. XFS looks at all that was
 * changed since somebody has last forced the log for this inode (ili_fsync_fields), which sync(2) does not.
 */
export function tidForDatasync(k: Kernel, inode: Inode): number {
  if (k.sb.type === 'ext4') return inode.datasyncTid;
  return inode.changedSinceFsync ? inode.syncTid : 0;
}

export function isCommitted(k: Kernel, tid: number): boolean {
  return k.sb.journal.committedTid >= tid;
}

/**
 * Models jbd2_complete_transaction(): returns once `tid` is on media, or never will be. True if this call
 * committed it, so that its fences covered the caller's own write-backs.
 */
export function* completeTransaction(k: Kernel, t: Task, tid: number): Run<boolean> {
  const journal = k.sb.journal;
  let committedHere = false;
  while (!isCommitted(k, tid) && !k.sb.isShutdown) {
    if (journal.committing) {
      yield* sleepOn(k, t, journal.waitCommit);
      if (!isCommitted(k, tid)) k.mark(MARK['jbd2_complete_transaction:not_that_commit']);
      committedHere = false;
    } else {
      yield* k.functions.commitTransaction(k, t);
      committedHere = true;
    }
  }
  return committedHere;
}

/** The journal's own thread, kjournald2(), when its timer has run out. */
export function* commitInBackground(k: Kernel, t: Task): Run<number> {
  const { journal } = k.sb;
  if (journal.changed) yield* k.functions.completeTransaction(k, t, journal.runningTid);
  return 0;
}

/** Models jbd2_journal_commit_transaction(). */
export function* commitTransaction(k: Kernel, t: Task): Run<void> {
  const journal = k.sb.journal;
  journal.committing = true;
  if (journal.committedTid - journal.tail === LOG_SLOTS) yield* k.functions.checkpoint(k, t);
  journal.locked = true;
  k.cpus.locked(t.id, t.op);
  if (k.preempt(t, POINT['jbd2_commit:locked'])) yield;
  while (journal.handles > 0) yield* sleepOn(k, t, journal.waitHandles);
  if (k.sb.isShutdown) return abortCommit(k); // its I/O fails, and no I/O reaches a device that is gone

  const tid = journal.runningTid++;
  const length = putChanges(k, tid);
  const data = k.trace.appendBytes(k.sb.record, 0, length);
  journal.changed = false;
  journal.locked = false;
  journal.waitUnlocked.wakeAll();

  const bypasses = k.knobs.logNotFlushed ? 0 : STORE.nonTemporal; // F01
  k.cpus.writeNow(t.id, t.op, slotAddress(k.layout, tid), data, length, STORE.kernel | bypasses);
  if (k.preempt(t, POINT['jbd2_commit:logged'])) yield;
  if (!k.knobs.headBeforeLog) k.functions.nvdimmFlush(k, t); // F02
  if (k.preempt(t, POINT['jbd2_commit:data_flushed'])) yield;
  if (k.sb.isShutdown) return abortCommit(k); // the head of the log stays
  writeLogWord(k, t, journal.tail, tid, data, length);
  if (k.preempt(t, POINT['jbd2_commit:record_written'])) yield;
  k.cpus.fence(t.id, t.op, FENCE.sfence);

  journal.committedTid = tid;
  k.sb.allocator.committed(tid);
  endCommit(k);
  if (k.preempt(t, POINT['jbd2_commit:done'])) yield;
}

/** Models jbd2_journal_abort(). */
function abortCommit(k: Kernel): void {
  const { journal } = k.sb;
  journal.locked = false;
  journal.waitUnlocked.wakeAll();
  endCommit(k);
}

function endCommit({ sb: { journal } }: Kernel): void {
  journal.committing = false;
  journal.waitCommit.wakeAll();
}

/** What the running transaction changed, into the scratch space; gives its length. */
function putChanges(k: Kernel, tid: number): number {
  const { sb, layout } = k;
  let count = 0;
  for (const { syncTid } of sb.inodes) if (syncTid === tid) count++;
  assert(count > 0, 'a transaction that changed nothing commits');
  let at = putTransaction(sb.record, tid, count);
  for (const inode of sb.inodes) {
    if (inode.syncTid !== tid) continue;
    const { ino, diskSize: size, mtime, blocks } = inode;
    const ctime = k.knobs.ctimeNotLogged ? 0 : inode.ctime; // F12
    at = putInode(layout, sb.record, at, ino, { size, mtime, ctime, blocks });
  }
  return at;
}
