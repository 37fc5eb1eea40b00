/**
 * read(2), write(2) and zeroing of DAX files: copies straight to and from the device, after
 * dax_iomap_iter() and dax_zero_iter().
 */
import { blockAddress, HOLE } from '../../media/layout.js';
import { EVENT, LOAD, WHY } from '../../trace/event.js';
import type { Data } from '../../trace/trace.js';
import { fillData } from '../../trace/trace.js';
import { needsCow } from '../fs/cow-fork.js';
import { iomapError } from '../fs/iomap.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { stripBuffers } from '../mm/set-page-dirty.js';
import { isBad, pmemRecoveryWrite } from '../nvdimm/media-errors.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { EIO } from '../types.js';
import { daxDisassociateEntry } from './association.js';
import {
  DIRTY_TAGS,
  eraseEntry,
  isLocked,
  isTagged,
  isZero,
  loadEntry,
  NO_ENTRY,
  slotOf,
} from './entry.js';
import { xaLock } from './mapping.js';

/**
 * Models invalidate_inode_pages2_range() for pages [start, end): clean entries go, tagged ones stay.
 *
 * Deviation: each entry's pages are unmapped while it is locked. Linux removes all entries of the range and
 * unmaps it afterwards; who faults in between finds no zero entry that would tell it to unmap the zero page
 * elsewhere (L08).
 */
export function* invalidateInodePages2(
  k: Kernel,
  t: Task,
  inode: Inode,
  start: number,
  end: number,
): Run<void> {
  for (let index = start; index < end; index++) {
    yield* k.functions.invalidateEntry(k, t, inode, index);
    if (k.preempt(t, POINT['invalidate_inode_pages2:entry_done'])) yield;
  }
  if (!k.knobs.invalidateUnmapsLate) return;
  if (k.preempt(t, POINT['invalidate_inode_pages2:before_unmap'])) yield;
  yield* k.functions.unmapMappingPages(k, t, inode, start, end - start, false);
}

/**
 * Models invalidate_mapping_pages(), what reclaim and fadvise(DONTNEED) call: it may not block and does
 * not unmap. DAX entries are left alone since 4.11.
 */
export function* invalidateMappingPages(
  k: Kernel,
  t: Task,
  inode: Inode,
  start: number,
  end: number,
): Run<void> {
  if (k.knobs.reclaimStripsBuffers) stripBuffers(k, inode, start, end); // A10
  const { invalidateDropsMapped, invalidateDropsDirty } = k.knobs;
  if (!invalidateDropsMapped && !invalidateDropsDirty) return;
  for (let index = start; index < end; index++) {
    xaLock(k, t);
    const slot = slotOf(k, inode, index);
    const entry = inode.entries[slot] as number;
    if (entry === NO_ENTRY || isLocked(entry)) continue;
    const tagged = isTagged(inode, slot, DIRTY_TAGS);
    if (tagged && !invalidateDropsDirty) continue; // A5 drops clean entries, B09 any
    daxDisassociateEntry(k, entry, false);
    eraseEntry(k, t, inode, slot, WHY.invalidate);
    if (k.preempt(t, POINT['invalidate_mapping_pages:entry_done'])) yield;
  }
}

/** Is the page behind a zero entry, which a fault may be replacing at this moment? */
function coveredByHole(k: Kernel, inode: Inode, index: number): boolean {
  const entry = loadEntry(k, inode, index);
  return entry !== NO_ENTRY && isZero(entry);
}

/**
 * Models dax_iomap_rw() for writing one page's part; ENOSPC if it has no block and none is free.
 *
 * Deviation: Linux invalidates only where this write allocated the block. A fault that has allocated it, and
 * has not unmapped the zero page yet, leaves that mapped after this write has returned (L06).
 */
export function daxWritePage(
  k: Kernel,
  t: Task,
  inode: Inode,
  offset: number,
  length: number,
  data: Data,
): Run<number> {
  const write = inode.reflinked ? writeCloned : overwritePage;
  return write(k, t, inode, offset, length, data);
}

/** The same for a file that may share blocks: where the page need not be copied it is overwritten. */
function* writeCloned(
  k: Kernel,
  t: Task,
  inode: Inode,
  offset: number,
  length: number,
  data: Data,
): Run<number> {
  const lock = inode.invalidateLock;
  const alone = !k.knobs.cowWriteBesideFaults; // L11
  if (alone && !lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
  const result =
    (yield* k.functions.daxCowWritePage(k, t, inode, offset, length, data)) ??
    (yield* overwritePage(k, t, inode, offset, length, data));
  if (alone) lock.upWrite(k, t);
  return result;
}

function* overwritePage(
  k: Kernel,
  t: Task,
  inode: Inode,
  offset: number,
  length: number,
  data: Data,
): Run<number> {
  const { pageSize } = k.program.geometry;
  const index = Math.floor(offset / pageSize);
  const isNew = inode.blocks[index] === HOLE;
  const { invalidatesBeforeAllocating, writeInvalidatesFile } = k.knobs;
  if (writeInvalidatesFile) {
    yield* k.functions.invalidateInodePages2(k, t, inode, 0, inode.blocks.length); // B10
  } else if (invalidatesBeforeAllocating) {
    yield* k.functions.invalidateInodePages2(k, t, inode, index, index + 1); // B26
    if (k.preempt(t, POINT['dax_iomap_rw:invalidated'])) yield;
  }
  if (isNew) {
    if (!(yield* k.functions.iomapBegin(k, t, inode, index, 1, true))) {
      k.mark(MARK['dax_iomap_rw:no_space']);
      return iomapError(k);
    }
  }
  const unwritten = isNew && k.knobs.writeAllocatesUnwritten; // B22
  if (unwritten) k.sb.unwritten.add(inode.blocks[index] as number);
  if (k.preempt(t, POINT['dax_iomap_rw:begun'])) yield;
  const hole = coveredByHole(k, inode, index) && !k.knobs.writeTrustsExtentMap;
  if (hole && !isNew) k.mark(MARK['dax_iomap_rw:allocated_by_fault']);
  const late = isNew || hole || k.knobs.writeAlwaysInvalidates;
  if (late && !invalidatesBeforeAllocating) {
    yield* k.functions.invalidateInodePages2(k, t, inode, index, index + 1);
    if (k.preempt(t, POINT['dax_iomap_rw:invalidated'])) yield;
  }
  const locks = !k.knobs.directAccessUnlocked; // B50
  if (locks && !k.dev.tryReadLock()) return EIO;
  if (k.dev.removable && k.preempt(t, POINT['dax_direct_access:done'])) yield;
  const block = inode.blocks[index] as number;
  const address = blockAddress(k.layout, block) + (offset % pageSize);
  let error = 0;
  if (isBad(k, block)) {
    error = yield* recoverPage(k, t, inode, block, offset, length, data);
  } else if (length > 0) {
    k.functions.memcpyFlushcache(k, t, address, length, data, inode.ino, offset);
  }
  if (locks) k.dev.readUnlock();
  if (error !== 0) return error;
  if (k.preempt(t, POINT['dax_iomap_rw:copied'])) yield;
  if (unwritten) k.sb.unwritten.delete(inode.blocks[index] as number);
  return 0;
}

/** A write that meets poison: only a whole page can be mended. */
function* recoverPage(
  k: Kernel,
  t: Task,
  inode: Inode,
  block: number,
  offset: number,
  length: number,
  data: Data,
): Run<number> {
  if (length < k.program.geometry.pageSize) {
    k.mark(MARK['dax_iomap_rw:part_of_bad_page']);
    return EIO; // Approximation: -EFAULT in Linux
  }
  k.mark(MARK['dax_iomap_rw:recovery_write']);
  yield* pmemRecoveryWrite(k, t, block, data, inode.ino, offset);
  return 0;
}

/** Models dax_iomap_rw() for reading one page's part; a hole reads as zeros. Gives what was read. */
export function* daxReadPage(
  k: Kernel,
  t: Task,
  inode: Inode,
  offset: number,
  length: number,
): Run<Data | null> {
  const { pageSize } = k.program.geometry;
  if (k.sb.isShutdown) return null;
  const block = inode.blocks[Math.floor(offset / pageSize)] as number;
  let address = -1;
  let data = fillData(0);
  if (block !== HOLE) {
    const locks = !k.knobs.directAccessUnlocked; // B50
    if (locks && !k.dev.tryReadLock()) return null;
    if (k.dev.removable && k.preempt(t, POINT['dax_direct_access:done'])) yield;
    if (isBad(k, block)) {
      if (locks) k.dev.readUnlock();
      return null;
    }
    address = blockAddress(k.layout, block) + (offset % pageSize);
    data = k.cpus.load(t.id, address, length);
    if (locks) k.dev.readUnlock();
  }
  k.trace.append(EVENT.load, t.id, t.op, address, length, data, LOAD.kernel, inode.ino, offset);
  if (k.preempt(t, POINT['dax_iomap_rw:copied'])) yield;
  return data;
}

/** Models dax_zero_range() of bytes [from, to): blocks are zeroed in place, holes are zero already. */
export function daxZeroRange(k: Kernel, t: Task, inode: Inode, from: number, to: number): void {
  const { pageSize } = k.program.geometry;
  if (!k.dev.alive) return; // Approximation: Linux gives -EIO
  for (let at = from; at < to;) {
    const end = Math.min(to, (Math.floor(at / pageSize) + 1) * pageSize);
    const page = Math.floor(at / pageSize);
    const block = inode.blocks[page] ?? HOLE;
    // N08: what is zeroed is in the CoW fork, and nobody will see it.
    const isLost = k.knobs.zeroingNotRemapped && needsCow(k, inode, page);
    if (block !== HOLE && !isLost) {
      const address = blockAddress(k.layout, block) + (at % pageSize);
      k.functions.memcpyFlushcache(k, t, address, end - at, fillData(0), inode.ino, at);
    }
    at = end;
  }
}
