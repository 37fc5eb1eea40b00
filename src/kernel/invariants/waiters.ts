/**
 * I7: nobody sleeps for what is so already: a waiter that nobody will wake. Who has been woken and has not
 * run yet is on his way, and passes the wakeup on.
 */
import { isLocked, loadEntry } from '../dax/entry.js';
import type { Kernel } from '../kernel.js';
import { POINT } from '../points.js';
import type { Inode } from '../types.js';
import { FREEZE } from '../fs/sb-writers.js';
import type { Report } from './condition.js';

export function inspectWaiters(k: Kernel, report: Report): void {
  for (const { ino, head } of k.entryWaiters) {
    const inode = k.sb.inodes[ino] as Inode;
    if (isLocked(loadEntry(k, inode, head)) || isSomebodyWoken(k, ino, head)) continue;
    report('I7', ino, head, 'is waited for although its entry is not locked');
  }
  const { journal, writers } = k.sb;
  if (k.pageIdle.tasks.length > 0 && k.mm.pinCounts.every((count) => count === 0))
    report('I7', -1, -1, 'a pin is waited for, and nothing is pinned');
  if (k.mm.waitPtl.tasks.length > 0 && !k.mm.ptlHeld)
    report('I7', -1, -1, 'the page-table lock is waited for, and free');
  if (k.mm.waitWalkers.tasks.length > 0 && k.mm.fastWalkers === 0)
    report('I7', -1, -1, 'a walk without locks is waited for, and there is none');
  if (journal.waitHandles.tasks.length > 0 && journal.handles === 0)
    report('I7', -1, -1, 'a commit waits for handles, and there are none');
  if (journal.waitUnlocked.tasks.length > 0 && !journal.locked)
    report('I7', -1, -1, 'a handle is waited for, and the transaction takes some');
  if (journal.waitCommit.tasks.length > 0 && !journal.committing)
    report('I7', -1, -1, 'a commit is waited for, and there is none under way');
  if (writers.thawed.tasks.length > 0 && writers.frozen === FREEZE.none)
    report('I7', -1, -1, 'a thaw is waited for, and nothing is frozen');
  if (writers.drained.tasks.length > 0 && writers.holders.every((count) => count === 0))
    report('I7', -1, -1, 'a freeze waits for writers, and there are none');
}

function isSomebodyWoken(k: Kernel, ino: number, head: number): boolean {
  return k.tasks.some(
    (task) =>
      task.state === 'runnable' &&
      task.point === POINT['wait:dax_entry'] &&
      task.waitsForIno === ino &&
      task.waitsForHead === head,
  );
}
