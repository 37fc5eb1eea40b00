/**
 * Copy on write of shared blocks, after dax_iomap_copy_around(), the CoW half of dax_iomap_iter(), and
 * dax_unshare_iter().
 *
 * The order is always the same: stage a block, let nobody reach the old one through a mapping, fill the new
 * one, and remap (fs/cow-fork.ts). What is filled in belongs to no file until then.
 */
import { blockAddress, HOLE } from '../../media/layout.js';
import { EVENT, NO_INO, STORE, TAG, WHY } from '../../trace/event.js';
import type { Data } from '../../trace/trace.js';
import { NO_BLOCK } from '../fs/allocator.js';
import { needsCow } from '../fs/cow-fork.js';
import { iomapError } from '../fs/iomap.js';
import { journalStart, journalStop, tryJournalStart } from '../fs/journal.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { EIO } from '../types.js';
import { clearTag, slotOf } from './entry.js';
import { getUnlockedEntry, putUnlockedEntry, tryUnlockedEntry } from './mapping.js';

/**
 * Models dax_iomap_copy_around(): fills the staged block of a page but for bytes [from, to), which the caller
 * writes. What comes from a hole is zero.
 *
 * Deviation: the copy is flushed. Linux flushes only the zeros, and what it copies is in the cache when the
 * remap commits (L09, L10).
 */
export function daxIomapCopyAround(
  k: Kernel,
  t: Task,
  source: number,
  staged: number,
  from: number,
  to: number,
  flush: boolean,
): void {
  const { pageSize } = k.program.geometry;
  const target = blockAddress(k.layout, staged);
  const isPartial = from < to;
  if (source === HOLE && k.knobs.cowEdgesNotZeroed) return; // B58
  for (const [start, end] of isPartial
    ? [
        [0, from],
        [to, pageSize],
      ]
    : [[0, pageSize]]) {
    fillPart(k, t, source, target, start as number, end as number);
  }
  const isWhole = from === 0 && to === pageSize;
  if ((flush || source === HOLE) && !isWhole) k.cpus.flush(t.id, t.op, target, pageSize);
}

/** copy_mc_to_kernel() or memset(): cached stores. */
function fillPart(
  k: Kernel,
  t: Task,
  source: number,
  target: number,
  start: number,
  end: number,
): void {
  if (start >= end) return;
  const to = target + start;
  if (source === HOLE) {
    k.cpus.storeNow(t.id, t.op, to, end - start, 0, STORE.kernel, NO_INO, 0);
  } else {
    const from = blockAddress(k.layout, source) + start;
    k.cpus.copyNow(t.id, t.op, from, to, end - start, STORE.kernel);
  }
}

/**
 * What dax_iomap_iter() does before a CoW, with __dax_clear_dirty_range(): nothing maps the old block.
 *
 * Deviation: what the entry tracks is written back first. Linux clears the tags, and until the remap is in
 * the running transaction an fsync beside this call finds neither (L12).
 */
function* invalidateForCow(k: Kernel, t: Task, inode: Inode, index: number): Run<void> {
  if (k.knobs.cowKeepsMapping) return; // B55
  if (k.knobs.cowClearsDirty) {
    const entry =
      tryUnlockedEntry(k, t, inode, index) ?? (yield* getUnlockedEntry(k, t, inode, index));
    const slot = slotOf(k, inode, index);
    clearTag(k, t, inode, slot, TAG.dirty, WHY.invalidate);
    clearTag(k, t, inode, slot, TAG.towrite, WHY.invalidate);
    putUnlockedEntry(k, inode, index, entry);
  } else if (!k.knobs.cowKeepsDirty) {
    yield* k.functions.daxWritebackMappingRange(k, t, inode, index, index + 1); // B56 does neither
  }
  yield* k.functions.invalidateEntry(k, t, inode, index);
  if (k.preempt(t, POINT['invalidate_inode_pages2:entry_done'])) yield;
}

function* remap(k: Kernel, t: Task, inode: Inode, index: number): Run<boolean> {
  if (!tryJournalStart(k, t)) yield* journalStart(k, t);
  const remapped = k.functions.endCow(k, t, inode, index);
  journalStop(k, t);
  return remapped;
}

/**
 * A write to part of a page that may have to go to another block; null if it need not, and nothing was done.
 *
 * Deviation: faults are kept away from the page meanwhile. In Linux a fault may fill and remap the block that
 * this call has staged, and what is stored to it then is overwritten by the copy of the old one (L11).
 */
export function* daxCowWritePage(
  k: Kernel,
  t: Task,
  inode: Inode,
  offset: number,
  length: number,
  data: Data,
): Run<number | null> {
  const { pageSize } = k.program.geometry;
  const index = Math.floor(offset / pageSize);
  if (!needsCow(k, inode, index)) return null;
  const { cowWriteBesideFaults, cowKeepsMapping, cowKeepsDirty } = k.knobs;
  if (!cowWriteBesideFaults && !cowKeepsMapping && !cowKeepsDirty) {
    yield* k.functions.unmapMappingPages(k, t, inode, index, 1, false);
    if (!needsCow(k, inode, index)) {
      k.mark(MARK['dax_iomap_rw:cow_not_needed']);
      return null; // pinned before it was unmapped
    }
  }
  const source = inode.blocks[index] as number;
  const staged = yield* k.functions.allocateCow(k, t, inode, index);
  if (staged === NO_BLOCK) {
    k.mark(MARK['dax_iomap_rw:cow_no_space']);
    return iomapError(k);
  }
  yield* invalidateForCow(k, t, inode, index);
  if (k.preempt(t, POINT['dax_iomap_rw:invalidated'])) yield;
  const from = offset % pageSize;
  if (!k.dev.tryReadLock()) return EIO;
  k.functions.daxIomapCopyAround(
    k,
    t,
    source,
    staged,
    from,
    from + length,
    !k.knobs.cowCopyNotFlushed,
  );
  if (k.preempt(t, POINT['dax_iomap_copy_around:copied'])) yield;
  k.functions.memcpyFlushcache(
    k,
    t,
    blockAddress(k.layout, staged) + from,
    length,
    data,
    NO_INO,
    0,
  );
  k.dev.readUnlock();
  if (k.preempt(t, POINT['dax_iomap_rw:copied'])) yield;
  yield* remap(k, t, inode, index);
  k.trace.append(EVENT.content, t.id, t.op, inode.ino, length, data, offset);
  return 0;
}

/** What dax_unshare_iter() did until 6.11: as many bytes as the range has in the block, from its start. */
function copyRange(
  k: Kernel,
  t: Task,
  index: number,
  source: number,
  staged: number,
  range: { readonly from: number; readonly to: number },
): void {
  const { pageSize } = k.program.geometry;
  const from = Math.max(range.from, index * pageSize);
  const length = Math.min(range.to, (index + 1) * pageSize) - from;
  const target = blockAddress(k.layout, staged);
  fillPart(k, t, source, target, 0, length);
  k.cpus.flush(t.id, t.op, target, length);
}

/**
 * Models dax_unshare_iter() for pages [start, end): each that has a block gets one of its own with the same
 * bytes. Zeroing does so, too, before it zeroes in place. The caller holds the invalidate lock for writing.
 * `range` is what unsharing was asked for.
 */
export function* daxUnsharePages(
  k: Kernel,
  t: Task,
  inode: Inode,
  start: number,
  end: number,
  range: { readonly from: number; readonly to: number } | null = null,
): Run<number> {
  if (!inode.reflinked) return 0;
  for (let index = start; index < end; index++) {
    if (inode.blocks[index] === HOLE) {
      // Iterating for a write fills holes; zeroing leaves them.
      const filled = range === null || (yield* k.functions.iomapBegin(k, t, inode, index, 1, true));
      if (!filled) return iomapError(k);
      continue;
    }
    yield* k.functions.unmapMappingPages(k, t, inode, index, 1, false);
    if (!needsCow(k, inode, index)) {
      k.mark(MARK['dax_unshare_iter:not_shared']);
      continue;
    }
    const source = inode.blocks[index] as number;
    const staged = yield* k.functions.allocateCow(k, t, inode, index);
    if (staged === NO_BLOCK) {
      k.mark(MARK['dax_unshare_iter:no_space']);
      return iomapError(k);
    }
    if (range === null && k.knobs.zeroingNotRemapped) continue; // N08
    if (range !== null && k.knobs.unshareCopiesRange) {
      copyRange(k, t, index, source, staged, range); // B57
    } else {
      yield* invalidateForCow(k, t, inode, index);
      if (!k.dev.alive) return EIO;
      k.functions.daxIomapCopyAround(k, t, source, staged, 0, 0, !k.knobs.cowCopyNotFlushed);
    }
    if (k.preempt(t, POINT['dax_iomap_copy_around:copied'])) yield;
    yield* remap(k, t, inode, index);
    if (k.preempt(t, POINT['dax_unshare_iter:block_done'])) yield;
  }
  return 0;
}
