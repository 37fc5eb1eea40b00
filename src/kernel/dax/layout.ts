/**
 * Keeping DMA away from blocks that are about to be freed: truncate and hole punch wait until no page of
 * the range is pinned (dax_layout_busy_page and its callers), and entries of the range go after that.
 */
import { blockAddress } from '../../media/layout.js';
import { WHY } from '../../trace/event.js';
import { NO_BLOCK } from '../fs/allocator.js';
import type { Kernel } from '../kernel.js';
import { sleepOn } from '../lock.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { daxDisassociateEntry } from './association.js';
import {
  DIRTY_TAGS,
  entryBlock,
  entryPages,
  eraseEntry,
  isLocked,
  isMapped,
  isPmd,
  isTagged,
  loadEntry,
  NO_ENTRY,
  slotOf,
} from './entry.js';
import { noteCleanedPins } from './writeback.js';
import {
  getUnlockedEntry,
  lockEntry,
  putUnlockedEntry,
  tryUnlockedEntry,
  xaLock,
} from './mapping.js';

/**
 * Models dax_break_layout_inode(): unmap, look for a busy page, and if there is one let go of the invalidate
 * lock, wait for it, and start again. The caller holds i_rwsem and the invalidate lock.
 *
 * It is always the whole file. A range would not do: removing part of a PMD entry removes the entry, and
 * with it the only trace of a pin on the rest.
 *
 * Deviation: since 6.15 Linux deletes all entries of the file at the end, DIRTY ones too (L05).
 */
export function* daxBreakLayout(k: Kernel, t: Task, inode: Inode): Run<void> {
  if (k.knobs.layoutNotBroken) return; // A9
  for (let waited = false; ; waited = true) {
    const busy = yield* k.functions.daxLayoutBusyPage(k, t, inode);
    if (busy === NO_BLOCK) break;
    if (waited) k.mark(MARK['dax_break_layout:busy_again']);
    if (k.knobs.layoutWaitNotRepeated) {
      if (k.preempt(t, POINT['ext4_break_layouts:page_found'])) yield;
      if (k.mm.pinCounts[busy] === 0) break; // N03: did not wait, so does not look again
    }
    inode.invalidateLock.upWrite(k, t); // ext4_wait_dax_page()
    yield* sleepOn(k, t, k.pageIdle);
    k.mark(MARK['dax_break_layout:looked_again']);
    const lock = inode.invalidateLock;
    if (!lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
  }
  if (k.knobs.layoutBreakDropsEntries) {
    yield* k.functions.daxDeleteMappingRange(k, t, inode, 0, inode.blocks.length, false);
  }
}

/**
 * Models dax_break_layout_final(): the inode is about to leave memory, and nobody can map it any more. Who
 * waits holds no lock, and cannot be interrupted.
 */
export function* daxBreakLayoutFinal(k: Kernel, t: Task, inode: Inode): Run<void> {
  if (k.knobs.evictIgnoresPins || k.knobs.layoutNotBroken) return; // B41, A9
  while ((yield* k.functions.daxLayoutBusyPage(k, t, inode)) !== NO_BLOCK) {
    yield* sleepOn(k, t, k.pageIdle);
  }
}

/** Models dax_layout_busy_page(): the block of a page that is pinned, once nothing maps the file. */
export function* daxLayoutBusyPage(k: Kernel, t: Task, inode: Inode): Run<number> {
  if (k.knobs.layoutTrustsMappings && inode.vmas.length === 0) return NO_BLOCK; // N01
  const pages = k.knobs.layoutScansFirstPage ? 1 : inode.blocks.length; // N05
  yield* k.functions.unmapMappingPages(k, t, inode, 0, pages, k.knobs.busyPageUnmapsCows); // A25, B43
  if (k.preempt(t, POINT['dax_layout_busy_page:unmapped'])) yield;
  let last = NO_ENTRY;
  for (let index = 0; index < pages; index++) {
    if (k.knobs.layoutScanSkipsLocked && isLocked(loadEntry(k, inode, index))) continue; // N02
    const entry =
      tryUnlockedEntry(k, t, inode, index) ?? (yield* getUnlockedEntry(k, t, inode, index));
    putUnlockedEntry(k, inode, index, entry);
    if (entry !== NO_ENTRY) last = entry;
    if (!isMapped(entry)) continue;
    const slot = slotOf(k, inode, index);
    const block = entryBlock(entry) + index - slot;
    if ((k.mm.pinCounts[block] as number) > 0) return block;
  }
  // The lookup goes on one page behind the head of the last entry, and finds that entry again.
  if (k.knobs.layoutScanLoopsOnPmd && isPmd(last)) yield* k.block(t, POINT['livelock:scan']); // N04
  return NO_BLOCK;
}

/**
 * Models the entry part of truncate_inode_pages_range(): the entries of pages [start, end) are removed
 * whatever their tags, because what they track is being discarded.
 *
 * Deviation: a PMD entry that reaches out of the range tracks pages that are not discarded. Linux drops
 * their dirty state with it (L04); here its lines are flushed first.
 */
export function* truncateInodePagesRange(
  k: Kernel,
  t: Task,
  inode: Inode,
  start: number,
  end: number,
): Run<void> {
  yield* k.functions.daxDeleteMappingRange(k, t, inode, start, end, !k.knobs.partialPmdDropsDirty);
}

/** Models dax_delete_mapping_range(), with what reaches out of the range flushed if `flushRest`. */
export function* daxDeleteMappingRange(
  k: Kernel,
  t: Task,
  inode: Inode,
  start: number,
  end: number,
  flushRest: boolean,
): Run<void> {
  for (let index = start; index < end; index++) {
    const entry =
      tryUnlockedEntry(k, t, inode, index) ?? (yield* getUnlockedEntry(k, t, inode, index));
    if (entry === NO_ENTRY) continue;
    const slot = slotOf(k, inode, index);
    const count = entryPages(k, entry);
    const reachesOut = slot < start || slot + count > end;
    const dirty = isTagged(inode, slot, DIRTY_TAGS);
    if (reachesOut) {
      k.mark(
        MARK[dirty ? 'dax_delete_mapping_range:dirty_rest' : 'dax_delete_mapping_range:clean_rest'],
      );
    }
    if (reachesOut && dirty && flushRest) {
      lockEntry(k, inode, index);
      yield* k.functions.unmapMappingPages(k, t, inode, slot, count, false);
      const { pageSize } = k.program.geometry;
      const block = entryBlock(entry);
      noteCleanedPins(k, block, count);
      yield* k.functions.daxFlush(k, t, blockAddress(k.layout, block), count * pageSize);
      xaLock(k, t);
    }
    daxDisassociateEntry(k, entry, true);
    eraseEntry(k, t, inode, slot, WHY.truncate);
    k.functions.wakeEntry(k, inode, slot, !k.knobs.invalidateWakesOne); // B53
    if (k.preempt(t, POINT['truncate_inode_pages:entry_deleted'])) yield;
  }
}
