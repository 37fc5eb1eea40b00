/**
 * The calls that promise durability: fsync, fdatasync, msync (all through vfs_fsync_range) and sync.
 */
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { EIO } from '../types.js';
import { isCommitted, tidForDatasync } from './journal.js';

/**
 * Models ext4_sync_file() for pages [start, end): write back, commit the transaction that holds the inode's
 * changes, and flush the device unless that commit did so after our write-back.
 */
export function* vfsFsyncRange(
  k: Kernel,
  t: Task,
  inode: Inode,
  start: number,
  end: number,
  datasync: boolean,
): Run<number> {
  if (k.sb.isShutdown) return EIO;
  const skip = k.knobs.fsyncOnlyIfMapped && inode.vmas.length === 0; // A28
  if (!skip) yield* k.functions.daxWritebackMappingRange(k, t, inode, start, end);
  if (k.preempt(t, POINT['ext4_sync_file:data_written'])) yield;
  const skipCommit = datasync && k.knobs.fdatasyncSkipsCommit;
  const tid = datasync ? tidForDatasync(k, inode) : inode.syncTid;
  const done = skipCommit || isCommitted(k, tid);
  const flushed = done ? false : yield* k.functions.completeTransaction(k, t, tid);
  if (!done && !isCommitted(k, tid)) return EIO; // the journal was aborted
  // Under XFS_ILOCK: what came meanwhile is not forgotten.
  if (!done && isCommitted(k, inode.syncTid)) inode.changedSinceFsync = false;
  if (!done && !flushed) k.mark(MARK['ext4_sync_file:committed_by_another']);
  if (k.preempt(t, POINT['ext4_sync_file:committed'])) yield;
  if (!flushed) k.functions.nvdimmFlush(k, t);
  return 0;
}

/** Models sync(2), which says nothing of errors: there is one file system. */
export function* ksysSync(k: Kernel, t: Task): Run<number> {
  yield* k.functions.syncfs(k, t);
  return 0;
}

/** Models syncfs(2). */
export function* syncfs(k: Kernel, t: Task): Run<number> {
  const { sUmount } = k.sb;
  if (!sUmount.tryRead(k, t)) yield* sUmount.waitRead(k, t);
  const error = k.sb.isMounted ? yield* k.functions.syncFilesystem(k, t) : 0;
  sUmount.upRead(k, t);
  return error;
}

/** Models sync_filesystem(), under s_umount: dirty pages by the flusher thread, then ->sync_fs. */
export function* syncFilesystem(k: Kernel, t: Task): Run<number> {
  const { flusher } = k.sb;
  if (!flusher.tryWrite(k, t)) yield* flusher.waitWrite(k, t);
  for (const inode of [...k.sb.dirtyInodes]) {
    if (k.preempt(t, POINT['sync:inode_start'])) yield;
    yield* k.functions.writebackSingleInode(k, t, inode, true);
  }
  flusher.upWrite(k, t);
  if (k.preempt(t, POINT['sync:inodes_written'])) yield;
  return yield* k.functions.ext4SyncFs(k, t);
}

/**
 * Models ext4_sync_fs() and xfs_fs_sync_fs(): commits whatever the running transaction holds. Only ext4
 * flushes the device where there was nothing to commit.
 */
export function* ext4SyncFs(k: Kernel, t: Task): Run<number> {
  if (k.sb.isShutdown) return EIO;
  const { journal } = k.sb;
  const tid = journal.changed ? journal.runningTid : journal.runningTid - 1;
  const flushed = isCommitted(k, tid) ? false : yield* k.functions.completeTransaction(k, t, tid);
  if (!isCommitted(k, tid)) return EIO; // the journal was aborted
  if (!flushed && k.sb.type === 'ext4') k.functions.nvdimmFlush(k, t);
  return 0;
}
