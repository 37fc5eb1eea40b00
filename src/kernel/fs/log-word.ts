/** The word that says where the log begins and ends (media/log.ts): who stores it commits. */
import { putLogWord } from '../../media/log.js';
import { EVENT } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import type { Task } from '../types.js';

/**
 * Durable with the next fence of this CPU. `data` and `length` are what the head moves over, as it is in the
 * trace's pool; nothing where only the tail moves.
 */
export function writeLogWord(
  k: Kernel,
  t: Task,
  tail: number,
  head: number,
  data = 0,
  length = 0,
): void {
  putLogWord(k.cpus.memory, tail, head);
  k.trace.append(EVENT.journal_commit, t.id, t.op, data, length, head, tail);
  k.cpus.markOutstanding(t.id);
}
