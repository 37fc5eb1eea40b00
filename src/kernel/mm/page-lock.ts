/**
 * The page lock held over a GUP section, as thread 002 proposes it: who pins a page for writing locks the
 * entry that covers it and unlocks that when he lets go. Nobody can clean or truncate the page meanwhile, and
 * whoever tries waits for him.
 */
import { isMapped, NO_ENTRY, slotOf } from '../dax/entry.js';
import {
  getUnlockedEntry,
  lockEntry,
  putUnlockedEntry,
  tryUnlockedEntry,
  unlockEntry,
} from '../dax/mapping.js';
import type { Kernel } from '../kernel.js';
import type { Inode, PinnedPage, Run, Task } from '../types.js';

/** The page needs no lock of its own: another page of the same entry has it. */
export const NO_LOCK = -1;

/** A page that is to be pinned, and the pages that the same call has pinned already. */
interface Candidate {
  readonly inode: Inode;
  readonly page: number;
  readonly pinned: readonly PinnedPage[];
}

/**
 * lock_page(): the slot of the entry, locked; null if the page table has to be looked at again, for the entry
 * was somebody else's or is gone.
 */
export function* lockPinned(k: Kernel, t: Task, candidate: Candidate): Run<number | null> {
  const { inode, page, pinned } = candidate;
  const slot = slotOf(k, inode, page);
  if (pinned.some(({ ino, locked }) => ino === inode.ino && locked === slot)) return NO_LOCK;
  const entry = tryUnlockedEntry(k, t, inode, page);
  if (entry === null) {
    putUnlockedEntry(k, inode, page, yield* getUnlockedEntry(k, t, inode, page));
    return null;
  }
  if (entry === NO_ENTRY || !isMapped(entry)) return null;
  lockEntry(k, inode, page);
  return slot;
}

/** unlock_page(). */
export function unlockPinned(k: Kernel, t: Task, { ino, locked }: PinnedPage): void {
  if (locked !== undefined) unlockEntry(k, t, k.sb.inodes[ino] as Inode, locked);
}
