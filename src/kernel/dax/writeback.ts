/**
 * Writeback, after dax_writeback_mapping_range(): what fsync, msync and sync do for a DAX file.
 *
 * For each entry that was DIRTY: lock it, write-protect every mapping of it, write back its cache lines,
 * and only then clear the tags and unlock. A store between protection and clearing faults and waits for
 * the lock, so it finds the entry clean and makes it dirty again. The fence is the caller's.
 */
import { blockAddress, HOLE } from '../../media/layout.js';
import { EVENT, TAG, WHY } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import {
  clearTag,
  entryBlock,
  entryPages,
  isLocked,
  isMapped,
  isTagged,
  loadEntry,
  mappingTagged,
  NO_ENTRY,
  setTag,
  slotOf,
} from './entry.js';
import {
  getUnlockedEntry,
  lockEntry,
  putUnlockedEntry,
  tryUnlockedEntry,
  unlockEntry,
  xaLock,
} from './mapping.js';

/**
 * Models dax_writeback_mapping_range() for pages [start, end), with WB_SYNC_ALL.
 *
 * Deviation: filemap_fdatawrite_wbc() looks whether anything is tagged DIRTY first. What a fault of a
 * MAP_SYNC mapping has copied is tagged TOWRITE only, and is not flushed before it is remapped (L10).
 */
export function* daxWritebackMappingRange(
  k: Kernel,
  t: Task,
  inode: Inode,
  start: number,
  end: number,
): Run<void> {
  k.trace.append(EVENT.dax_writeback_range, t.id, t.op, inode.ino, start, end - start);
  if (k.preempt(t, POINT['dax_writeback_mapping_range:start'])) yield;
  if (k.knobs.cowFaultCopyNotFlushed && !mappingTagged(inode, TAG.dirty)) return; // L10
  k.functions.tagPagesForWriteback(k, t, inode, start, end);
  if (k.preempt(t, POINT['dax_writeback_mapping_range:tagged'])) yield;
  for (let index = start; index < end; index++) {
    xaLock(k, t);
    const slot = slotOf(k, inode, index);
    if (slot < index && index > start) continue; // the rest of a PMD entry that was done already
    if (!isTagged(inode, slot, lookupTag(k))) continue;
    yield* k.functions.daxWritebackOne(k, t, inode, index);
    if (k.preempt(t, POINT['dax_writeback_one:done'])) yield;
  }
}

/** Models tag_pages_for_writeback(): copies DIRTY to TOWRITE, so that later faults cannot livelock us. */
export function tagPagesForWriteback(
  k: Kernel,
  t: Task,
  inode: Inode,
  start: number,
  end: number,
): void {
  xaLock(k, t);
  for (let index = start; index < end; index++) {
    const slot = slotOf(k, inode, index);
    if (isTagged(inode, slot, TAG.dirty)) setTag(k, t, inode, slot, TAG.towrite, WHY.tag_pages);
  }
}

/**
 * Models dax_writeback_one().
 *
 * Deviation: Linux clears TOWRITE as soon as it has locked the entry. A second fsync looks entries up by
 * that tag, does not find this one, and returns before it is flushed (L01). Here TOWRITE goes together
 * with DIRTY, so the second fsync finds the entry, waits for its lock, and sees the tag gone.
 */
export function* daxWritebackOne(k: Kernel, t: Task, inode: Inode, index: number): Run<void> {
  const before = loadEntry(k, inode, index);
  if (k.knobs.writebackUnlocked) {
    yield* writebackUnlocked(k, t, inode, index, before);
    return;
  }
  if (isLocked(before)) {
    const entry =
      tryUnlockedEntry(k, t, inode, index) ?? (yield* getUnlockedEntry(k, t, inode, index));
    // Punched out, put elsewhere, or written back by another fsync while we waited?
    const tagged = isTagged(inode, slotOf(k, inode, index), lookupTag(k));
    const gone = entry === NO_ENTRY || entryBlock(entry) !== entryBlock(before);
    // Only entries of blocks are ever tagged: Linux warns here (B17).
    if (tagged && !gone && !isMapped(entry))
      k.warn('dax_writeback_one: a tagged entry has no block');
    if (gone) k.mark(MARK['dax_writeback_one:gone']);
    else if (!tagged) k.mark(MARK['dax_writeback_one:written_back_meanwhile']);
    else k.mark(MARK['dax_writeback_one:still_tagged']);
    if (gone || !isMapped(entry) || !tagged) {
      putUnlockedEntry(k, inode, index, entry);
      return;
    }
  }
  const entry = lockEntry(k, inode, index);
  const slot = slotOf(k, inode, index);
  if (slot < index) k.mark(MARK['dax_writeback_one:inside_pmd']);
  if (k.knobs.towriteLookupSkipsLocked) clearTag(k, t, inode, slot, TAG.towrite, WHY.writeback); // L01
  const count = entryPages(k, entry);
  k.trace.append(EVENT.dax_writeback_one, t.id, t.op, inode.ino, slot, count);
  if (k.preempt(t, POINT['dax_writeback_one:locked'])) yield;
  // The page at which the scan came upon a PMD entry need not be its first (B13).
  const first = k.knobs.partialPmdNotAligned ? index : slot;
  // The zero page is no device memory: nothing is pinned there, nothing to be flushed (B17).
  const block = isMapped(entry) ? entryBlock(entry) + first - slot : HOLE;
  yield* writeProtect(k, t, inode, first, count, block);
  const told = !k.knobs.writebackSkipsUntold || isTold(k, inode, slot, count);
  if (!k.knobs.tagsClearedBeforeFlush && told) yield* flushEntry(k, t, block, count);
  xaLock(k, t);
  const cleans = !k.knobs.syncOnlyFlushes; // A20
  if (k.knobs.cleaningDropsBuffers) k.sb.buffers.drop(inode, slot, slot + count); // A13, A14
  if (cleans) clearTag(k, t, inode, slot, TAG.dirty, WHY.writeback);
  clearTag(k, t, inode, slot, TAG.towrite, WHY.writeback);
  unlockEntry(k, t, inode, index);
  if (k.knobs.tagsClearedBeforeFlush) yield* flushEntry(k, t, block, count); // A2, B04
  k.trace.append(EVENT.dax_writeback_one_done, t.id, t.op, inode.ino, slot, count);
}

/** Without TOWRITE somebody else has written the entry back; what is never cleaned is always written back. */
function lookupTag(k: Kernel): number {
  return k.knobs.syncOnlyFlushes ? TAG.dirty : TAG.towrite; // A20
}

/** What v2 and v8 had: there is no entry lock. */
function* writebackUnlocked(
  k: Kernel,
  t: Task,
  inode: Inode,
  index: number,
  entry: number,
): Run<void> {
  if (!isMapped(entry)) return;
  const slot = slotOf(k, inode, index);
  const count = entryPages(k, entry);
  if (k.knobs.towriteClearedEarly) clearTag(k, t, inode, slot, TAG.towrite, WHY.writeback);
  k.trace.append(EVENT.dax_writeback_one, t.id, t.op, inode.ino, slot, count);
  if (k.preempt(t, POINT['dax_writeback_one:locked'])) yield;
  yield* writeProtect(k, t, inode, slot, count, entryBlock(entry));
  yield* flushEntry(k, t, entryBlock(entry), count);
  xaLock(k, t);
  if (!k.knobs.towriteClearedEarly) clearTag(k, t, inode, slot, TAG.towrite, WHY.writeback);
  if (!k.knobs.neverClean) clearTag(k, t, inode, slot, TAG.dirty, WHY.writeback);
  k.trace.append(EVENT.dax_writeback_one_done, t.id, t.op, inode.ino, slot, count);
}

/** Comes before the flush: from now on a store needs a fault, and the fault waits for the entry's lock. */
function* writeProtect(
  k: Kernel,
  t: Task,
  inode: Inode,
  slot: number,
  count: number,
  block: number,
): Run<void> {
  const cleans = !k.knobs.neverClean && !k.knobs.syncOnlyFlushes;
  if (cleans && !k.knobs.cleanWithoutWriteProtect) {
    const lock = inode.iMmapRwsem;
    if (!lock.tryRead(k, t)) yield* lock.waitRead(k, t);
    for (const vma of inode.vmas) {
      yield* k.functions.pfnMkcleanRange(k, t, inode, slot, count, vma);
      if (k.preempt(t, POINT['dax_writeback_one:vma_cleaned'])) yield;
    }
    lock.upRead(k, t);
  }
  if (cleans && block !== HOLE) noteCleanedPins(k, block, count);
  if (k.preempt(t, POINT['dax_writeback_one:write_protected'])) yield;
}

function* flushEntry(k: Kernel, t: Task, block: number, count: number): Run<void> {
  if (block === HOLE) return;
  const { pageSize, blockCount } = k.program.geometry;
  const pages = Math.min(count, blockCount - block);
  yield* k.functions.daxFlush(k, t, blockAddress(k.layout, block), pages * pageSize);
  if (k.preempt(t, POINT['dax_writeback_one:flushed'])) yield;
}

/** From now on Linux does not know what a device writes through pins taken before (A11). */
export function noteCleanedPins(k: Kernel, block: number, count: number): void {
  for (let page = block; page < block + count; page++) {
    if ((k.mm.pinCounts[page] as number) === 0) continue;
    k.mark(MARK['dax_writeback_one:pinned']);
    k.mm.cleanedUnderPin[page] = 1;
  }
}

/** Has the file system anything for a page of the entry? */
function isTold(k: Kernel, inode: Inode, slot: number, count: number): boolean {
  for (let page = slot; page < slot + count; page++) if (k.sb.buffers.has(inode, page)) return true;
  return false;
}
