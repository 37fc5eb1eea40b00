/**
 * Checkpoints, after fs/jbd2/checkpoint.c: what the log holds is written to where it is at home, and the tail
 * of the log moves, so that the slots can be used again. Recovery at mount does the same.
 */
import { homeAddress, slotAddress, SLOT_HEADER_BYTES } from '../../media/layout.js';
import { inoAt, inodesIn } from '../../media/log.js';
import { FENCE, STORE } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { POINT } from '../points.js';
import type { Run, Task } from '../types.js';
import { writeLogWord } from './log-word.js';

/** Models jbd2_log_do_checkpoint() and jbd2_cleanup_journal_tail(). */
export function* checkpoint(k: Kernel, t: Task): Run<void> {
  const { journal } = k.sb;
  yield* writeHome(k, t, journal.tail, journal.committedTid);
  if (k.sb.isShutdown) return; // what was not written is in the log still
  if (!k.knobs.tailBeforeHomes) k.functions.nvdimmFlush(k, t); // B69
  journal.tail = journal.committedTid;
  writeLogWord(k, t, journal.tail, journal.committedTid);
  if (k.preempt(t, POINT['jbd2_checkpoint:tail_written'])) yield;
  k.cpus.fence(t.id, t.op, FENCE.sfence);
}

/** Copies the inodes of transactions after `tail`, up to `head`, from the log to their homes. */
export function* writeHome(k: Kernel, t: Task, tail: number, head: number): Run<void> {
  const { layout } = k;
  const { memory } = k.cpus;
  const how = STORE.kernel | STORE.nonTemporal;
  for (let tid = tail + 1; tid <= head; tid++) {
    const slot = slotAddress(layout, tid);
    for (let index = 0; index < inodesIn(memory, slot); index++) {
      if (k.sb.isShutdown) return;
      const from = slot + SLOT_HEADER_BYTES + index * layout.inodeBytes;
      const to = homeAddress(layout, inoAt(memory, from));
      k.cpus.copyNow(t.id, t.op, from, to, layout.inodeBytes, how);
      if (k.preempt(t, POINT['jbd2_checkpoint:home'])) yield;
    }
  }
}
