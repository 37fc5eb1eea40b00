/**
 * mount(2) and umount(2) of the file system that the program has: generic_shutdown_super(), fill_super(), and
 * the recovery of a log that was not empty.
 */
import { readMetadata, headOf, tailOf } from '../../media/log.js';
import { FENCE } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { POINT } from '../points.js';
import type { Run, Task } from '../types.js';
import { EBUSY, EINVAL, EIO, EUCLEAN } from '../types.js';
import { writeHome } from './checkpoint.js';
import { isInUse, waitOnFreeing } from './inode.js';
import { writeLogWord } from './log-word.js';
import { FREEZE } from './sb-writers.js';

/**
 * Models umount(2). A frozen file system cannot be unmounted; in Linux it would go with the thaw.
 */
export function* umount(k: Kernel, t: Task): Run<number> {
  const { sb } = k;
  if (!sb.sUmount.tryWrite(k, t)) yield* sb.sUmount.waitWrite(k, t);
  const error = umountError(k);
  if (error === 0) {
    sb.isMounted = false; // nobody finds it any more
    yield* k.functions.genericShutdownSuper(k, t);
  }
  sb.sUmount.upWrite(k, t);
  return error;
}

function umountError(k: Kernel): number {
  const { sb } = k;
  if (!sb.isMounted) return EINVAL;
  const isBusy = sb.inodes.some((inode) => isInUse(k, inode));
  return isBusy || sb.writers.frozen !== FREEZE.none ? EBUSY : 0;
}

/** Models generic_shutdown_super() and ext4_put_super(), under s_umount. */
export function* genericShutdownSuper(k: Kernel, t: Task): Run<void> {
  const { sb } = k;
  if (!k.knobs.umountSkipsSync) yield* k.functions.syncFilesystem(k, t);
  if (k.preempt(t, POINT['generic_shutdown_super:synced'])) yield;
  for (const inode of [...sb.sInodes]) {
    if (inode.isFreeing) yield* waitOnFreeing(k, t, inode);
    else yield* k.functions.evictInode(k, t, inode);
  }
  // jbd2_journal_destroy(): an aborted journal stays as it is
  const isClean = sb.isShutdown || sb.journal.tail === sb.journal.committedTid;
  if (!isClean) yield* k.functions.checkpoint(k, t);
}

/** Models mount(2): recovery of the log, and the inodes as they are at home then. */
export function* mount(k: Kernel, t: Task): Run<number> {
  const { sb } = k;
  if (!sb.sUmount.tryWrite(k, t)) yield* sb.sUmount.waitWrite(k, t);
  const error = sb.isMounted ? EBUSY : yield* fillSuper(k, t);
  sb.sUmount.upWrite(k, t);
  return error;
}

/**
 * Models ext4_fill_super().
 *
 * Approximation: what was shut down is not mounted again.
 */
function* fillSuper(k: Kernel, t: Task): Run<number> {
  if (k.sb.isShutdown || !k.dev.alive) return EIO;
  yield* k.functions.journalRecover(k, t);
  const metadata = readMetadata(k.layout, k.cpus.memory);
  if (typeof metadata === 'string') return EUCLEAN;
  k.sb.fill(metadata, k.layout);
  k.sb.isMounted = true;
  return 0;
}

/**
 * Models jbd2_journal_recover(): what the log has is written home, again and again until it has been done
 * once to the end.
 */
export function* journalRecover(k: Kernel, t: Task): Run<void> {
  const { memory } = k.cpus;
  const head = headOf(memory);
  if (tailOf(memory) === head) return;
  yield* writeHome(k, t, tailOf(memory), head);
  if (!k.knobs.recoveryNotFlushed) k.functions.nvdimmFlush(k, t); // F10
  writeLogWord(k, t, head, head);
  if (k.preempt(t, POINT['jbd2_checkpoint:tail_written'])) yield;
  k.cpus.fence(t.id, t.op, FENCE.sfence);
}
