/**
 * Entry locking: the LOCK bit of a DAX entry and the queue of those who wait for it.
 *
 * Waiters are exclusive and keyed by the entry's head index: an unlock wakes the next, a removal wakes
 * all, and a waiter that does not take the lock passes the wakeup on (put_unlocked_entry). i_pages'
 * xa_lock is a short leaf: sections under it have no preemption point, so it is only seen as the locked
 * instruction that its acquisition is.
 */
import { assert } from '../../support/assert.js';
import { TAG, WHY } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { daxAssociateEntry, daxDisassociateEntry } from './association.js';
import {
  DAX_EMPTY,
  DAX_LOCKED,
  DAX_PMD,
  DIRTY_TAGS,
  entryBlock,
  entryPages,
  eraseEntry,
  isEmpty,
  isLocked,
  isMapped,
  isPmd,
  isTagged,
  isZero,
  loadEntry,
  makeEntry,
  NO_ENTRY,
  pmdHead,
  setTag,
  slotOf,
  storeEntry,
} from './entry.js';

/** What grab_mapping_entry() gives when a PMD was asked for and PTE entries are in its range. */
export const ENTRY_CONFLICT = -1;

/** xa_lock_irq(): a locked instruction. The section after it is atomic because it has no point. */
export function xaLock(k: Kernel, t: Task): void {
  k.cpus.locked(t.id, t.op);
}

/** Models dax_wake_entry(). */
export function wakeEntry(k: Kernel, inode: Inode, slot: number, all: boolean): void {
  const waiters = k.entryWaiters;
  if (waiters.length === 0) return;
  let kept = 0;
  let woken = 0;
  for (const waiter of waiters) {
    if (waiter.ino === inode.ino && waiter.head === slot && (all || woken === 0)) {
      waiter.task.state = 'runnable';
      if (woken > 0) k.mark(MARK['dax_wake_entry:several']);
      woken++;
    } else {
      waiters[kept++] = waiter;
    }
  }
  waiters.length = kept;
}

function* waitForEntry(k: Kernel, t: Task, inode: Inode, slot: number): Run<void> {
  k.entryWaiters.push({ task: t, ino: inode.ino, head: slot });
  t.waitsForIno = inode.ino;
  t.waitsForHead = slot;
  yield* k.block(t, POINT['wait:dax_entry']);
}

/** True if a PMD was asked for and the range holds an entry of a single page. */
function conflicts(k: Kernel, inode: Inode, index: number): boolean {
  const head = pmdHead(k, index);
  for (let slot = head; slot < head + k.program.geometry.pmdPages; slot++) {
    const entry = inode.entries[slot] as number;
    if (entry !== NO_ENTRY && !isPmd(entry)) return true;
  }
  return false;
}

/** The entry that covers `index` (NO_ENTRY if there is none), or null if it is locked. */
export function tryUnlockedEntry(k: Kernel, t: Task, inode: Inode, index: number): number | null {
  xaLock(k, t);
  const entry = loadEntry(k, inode, index);
  return entry === NO_ENTRY || !isLocked(entry) ? entry : null;
}

/**
 * Models get_next_unlocked_entry(): waits until the entry that covers `index` is unlocked, and gives it. The
 * caller locks it or passes the wakeup on with putUnlockedEntry. Who wants a PMD gets ENTRY_CONFLICT instead
 * of a wait for the entry of a page.
 */
export function* getUnlockedEntry(
  k: Kernel,
  t: Task,
  inode: Inode,
  index: number,
  pmd = false,
): Run<number> {
  for (;;) {
    // Looked for again after each wait: who waited for a PTE entry and did not take it would lose a wakeup.
    if (pmd && conflicts(k, inode, index)) {
      k.mark(MARK['get_next_unlocked_entry:conflict']);
      return ENTRY_CONFLICT;
    }
    const entry = tryUnlockedEntry(k, t, inode, index);
    if (entry !== null) {
      if (entry === NO_ENTRY) k.mark(MARK['get_next_unlocked_entry:gone']);
      return entry;
    }
    const key = k.knobs.waitKeyNotAligned ? index : slotOf(k, inode, index); // B54b
    yield* waitForEntry(k, t, inode, key);
    if (isLocked(loadEntry(k, inode, index))) k.mark(MARK['get_next_unlocked_entry:locked_again']);
  }
}

/** Models put_unlocked_entry(): whoever was woken and did not lock wakes the next (or all). */
export function putUnlockedEntry(
  k: Kernel,
  inode: Inode,
  index: number,
  entry: number,
  all = false,
): void {
  if (entry === NO_ENTRY) return;
  if (k.entryWaiters.length > 0) k.mark(MARK['put_unlocked_entry:passes_on']);
  k.functions.wakeEntry(k, inode, isPmd(entry) ? pmdHead(k, index) : index, all);
}

/** Models dax_lock_entry(). */
export function lockEntry(k: Kernel, inode: Inode, index: number): number {
  const slot = slotOf(k, inode, index);
  const entry = inode.entries[slot] as number;
  assert(entry !== NO_ENTRY && !isLocked(entry), 'dax_lock_entry: entry is locked or missing');
  inode.entries[slot] = entry | DAX_LOCKED;
  return entry;
}

/** Models dax_unlock_entry(). */
export function unlockEntry(k: Kernel, t: Task, inode: Inode, index: number): void {
  xaLock(k, t);
  const slot = slotOf(k, inode, index);
  const entry = inode.entries[slot] as number;
  assert(isLocked(entry), 'dax_unlock_entry: entry is not locked');
  inode.entries[slot] = entry & ~DAX_LOCKED;
  k.functions.wakeEntry(k, inode, slot, false);
}

/**
 * Models grab_mapping_entry(): the entry that covers `index`, locked; an empty one is made where there is
 * none. A request for a PMD that meets a PTE entry gives ENTRY_CONFLICT. `mayReplace` is for kernels with
 * A1: could the PMD be mapped at this moment?
 */
export function* grabMappingEntry(
  k: Kernel,
  t: Task,
  inode: Inode,
  index: number,
  pmd: boolean,
  mayReplace: () => boolean = () => false,
): Run<number> {
  xaLock(k, t);
  if (pmd && conflicts(k, inode, index)) {
    const replaces = k.knobs.pmdReplacesPteEntries && onlyBlocks(k, inode, index);
    if (!replaces) {
      k.mark(MARK['grab_mapping_entry:conflict']);
      return ENTRY_CONFLICT;
    }
    const tags = yield* replacePteEntries(k, t, inode, pmdHead(k, index), mayReplace); // A1, B06
    if (tags !== null && k.knobs.replacementKeepsTags)
      takeOver(k, t, inode, pmdHead(k, index), tags);
  }
  let entry =
    tryUnlockedEntry(k, t, inode, index) ?? (yield* getUnlockedEntry(k, t, inode, index, pmd));
  if (pmd && conflicts(k, inode, index)) return ENTRY_CONFLICT;

  if (!pmd && isPmd(entry) && (isZero(entry) || isEmpty(entry))) {
    k.mark(MARK['grab_mapping_entry:pmd_downgrade']);
    yield* downgrade(k, t, inode, index, entry);
    entry = NO_ENTRY;
  }
  if (entry === NO_ENTRY) {
    const slot = pmd ? pmdHead(k, index) : index;
    storeEntry(k, t, inode, slot, makeEntry(0, DAX_EMPTY | (pmd ? DAX_PMD : 0)));
  }
  lockEntry(k, inode, index);
  return loadEntry(k, inode, index);
}

/** A PTE is wanted where a PMD zero or empty entry is: that goes, and whoever waits for it looks again. */
function* downgrade(k: Kernel, t: Task, inode: Inode, index: number, entry: number): Run<void> {
  lockEntry(k, inode, index);
  const head = pmdHead(k, index);
  if (isZero(entry)) {
    yield* k.functions.unmapMappingPages(k, t, inode, head, k.program.geometry.pmdPages, false);
    if (k.preempt(t, POINT['grab_mapping_entry:downgrade_unmapped'])) yield;
    xaLock(k, t);
  }
  eraseEntry(k, t, inode, head, WHY.replaced);
  k.functions.wakeEntry(k, inode, head, true);
}

/** Do all entries of a PMD's range map blocks? v8 kept holes as page-cache pages, out of this tree. */
function onlyBlocks(k: Kernel, inode: Inode, index: number): boolean {
  const head = pmdHead(k, index);
  const slots = inode.entries.subarray(head, head + k.program.geometry.pmdPages);
  return slots.every((entry) => entry === NO_ENTRY || isMapped(entry));
}

/**
 * What dax_radix_entry() of v8 did once it knew that it would map a PMD: the PTE entries go in one step, and
 * with them their tags. Gives these; null if nothing was replaced.
 */
function* replacePteEntries(
  k: Kernel,
  t: Task,
  inode: Inode,
  head: number,
  mayReplace: () => boolean,
): Run<number | null> {
  const slots = Array.from({ length: k.program.geometry.pmdPages }, (_, page) => head + page);
  const findLocked = (): number | undefined =>
    slots.find((slot) => isLocked(inode.entries[slot] as number));
  for (let slot = findLocked(); slot !== undefined; slot = findLocked()) {
    putUnlockedEntry(k, inode, slot, yield* getUnlockedEntry(k, t, inode, slot));
  }
  if (isPmd(inode.entries[head] as number) || !mayReplace()) return null;
  let tags = 0;
  for (const slot of slots) {
    const entry = inode.entries[slot] as number;
    if (entry === NO_ENTRY) continue;
    tags |= inode.tags[slot] as number;
    daxDisassociateEntry(k, entry, false);
    eraseEntry(k, t, inode, slot, WHY.replaced);
    k.functions.wakeEntry(k, inode, slot, true);
  }
  return tags;
}

/** Kara's answer to A1: the PMD entry is of the same blocks, and has the tags. */
function takeOver(k: Kernel, t: Task, inode: Inode, head: number, tags: number): void {
  const entry = makeEntry(inode.blocks[head] as number, DAX_PMD);
  storeEntry(k, t, inode, head, entry);
  daxAssociateEntry(k, inode, head, entry);
  if ((tags & TAG.dirty) !== 0) setTag(k, t, inode, head, TAG.dirty, WHY.replaced);
  if ((tags & TAG.towrite) !== 0) setTag(k, t, inode, head, TAG.towrite, WHY.replaced);
}

/** Is any page of an entry pinned? */
function isPinned(k: Kernel, entry: number): boolean {
  if (!isMapped(entry)) return false;
  const block = entryBlock(entry);
  for (let page = block; page < block + entryPages(k, entry); page++) {
    if ((k.mm.pinCounts[page] as number) > 0) return true;
  }
  return false;
}

/**
 * Models __dax_invalidate_entry() when not truncating: removes the entry that covers `index` once it is
 * unlocked. Tagged entries stay: what they track is not flushed yet.
 *
 * Deviation: entries of pinned pages stay, too. Linux drops them if they are clean, and then truncate, which
 * looks for pins through the entries, frees the pinned block (L07).
 */
export function* invalidateEntry(k: Kernel, t: Task, inode: Inode, index: number): Run<void> {
  const entry =
    tryUnlockedEntry(k, t, inode, index) ?? (yield* getUnlockedEntry(k, t, inode, index));
  if (entry === NO_ENTRY) return;
  const slot = slotOf(k, inode, index);
  // A hole has nothing to flush, whatever its tags: Linux keeps the entry and unmaps it all the same (B17).
  const isDirty = isMapped(entry) && isTagged(inode, slot, DIRTY_TAGS);
  const tagged = isDirty && !k.knobs.invalidateDropsDirty; // B09
  const pinned = isPinned(k, entry) && !k.knobs.invalidateDropsPinned;
  if (tagged || pinned) {
    k.mark(MARK[tagged ? 'dax_invalidate_entry:dirty_kept' : 'dax_invalidate_entry:pinned_kept']);
    putUnlockedEntry(k, inode, index, entry, true);
    return;
  }
  if (isMapped(entry)) k.mark(MARK['dax_invalidate_entry:clean_dropped']);
  const leftMapped = k.knobs.pmdEntryLeftMapped && isPmd(entry); // B25
  if (!k.knobs.invalidateUnmapsLate && !leftMapped) {
    lockEntry(k, inode, index);
    yield* k.functions.unmapMappingPages(k, t, inode, slot, entryPages(k, entry), false);
    xaLock(k, t);
  }
  daxDisassociateEntry(k, entry, false);
  eraseEntry(k, t, inode, slot, WHY.invalidate);
  k.functions.wakeEntry(k, inode, slot, !k.knobs.invalidateWakesOne); // B53
}
