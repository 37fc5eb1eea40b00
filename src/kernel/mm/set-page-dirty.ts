/**
 * set_page_dirty(): what tells a file system that a page is dirty, after page_mkwrite has told it that it
 * will be. A fault of mainline tags its entry under the entry's lock and needs no such call: nothing is left
 * of it here but the call of those who let go of a pin. The kernels of threads 001 and 002 have more.
 */
import { blockAddress } from '../../media/layout.js';
import { NO_INO, TAG, WHY } from '../../trace/event.js';
import {
  faultHead,
  faultPages,
  isMapped,
  isTagged,
  loadEntry,
  setTag,
  slotOf,
} from '../dax/entry.js';
import { getUnlockedEntry, putUnlockedEntry, tryUnlockedEntry, xaLock } from '../dax/mapping.js';
import type { Kernel } from '../kernel.js';
import { POINT } from '../points.js';
import type { Inode, PinnedPage, Run, Task, VmFault } from '../types.js';

/**
 * Models set_page_dirty_lock() of the holder of a pin, and the put_user_pages() that was proposed. The
 * operations of DAX files have a dirty_folio that does nothing.
 */
export function* setPageDirty(k: Kernel, t: Task, { ino, page, block }: PinnedPage): Run<void> {
  const { knobs } = k;
  const inode = k.sb.inodes[ino] as Inode;
  if (knobs.pageCacheAopsOnDax && isPagecachePage(k, block)) {
    k.warn('xfs_vm_set_page_dirty: the page is no page of the page cache'); // A8, B47
  }
  if (knobs.setPageDirtyVerifies && !isDirty(inode, slotOf(k, inode, page))) {
    k.warn('dax_set_page_dirty: the entry of the page is not DIRTY');
  }
  if (knobs.unpinDirties) {
    if (knobs.filesystemKeepsBuffers) checkBuffers(k, inode, page); // A10, A14
    // Writeback clears the tag at its end: what is tagged while it flushes would be lost.
    const waits = !knobs.unpinIgnoresEntryLock && !knobs.gupHoldsPageLock;
    if (waits) yield* waitForWriteback(k, t, inode, page);
    dirtyPage(k, t, inode, page);
  }
  if (knobs.unpinFlushes) {
    const { pageSize } = k.program.geometry;
    yield* k.functions.daxFlush(k, t, blockAddress(k.layout, block), pageSize);
    k.functions.nvdimmFlush(k, t);
  }
}

const isDirty = (inode: Inode, slot: number): boolean => isTagged(inode, slot, TAG.dirty);

/**
 * Does a_ops->set_page_dirty of the page cache take the page for its own? Unless it asks pagecache_page(), it
 * does so for every page that has a mapping. As typed in the mail the test has the opposite sense.
 */
function isPagecachePage(k: Kernel, block: number): boolean {
  if (k.pages.mapping[block] === NO_INO) return false;
  return !k.knobs.asksPagecachePage || k.knobs.pagecachePageAsTyped;
}

function* waitForWriteback(k: Kernel, t: Task, inode: Inode, page: number): Run<void> {
  const entry = tryUnlockedEntry(k, t, inode, page) ?? (yield* getUnlockedEntry(k, t, inode, page));
  putUnlockedEntry(k, inode, page, entry);
}

/** Tags the entry that covers a page: from now on the next fsync flushes it. */
function dirtyPage(k: Kernel, t: Task, inode: Inode, page: number): void {
  xaLock(k, t);
  if (!isMapped(loadEntry(k, inode, page))) return; // truncated
  setTag(k, t, inode, slotOf(k, inode, page), TAG.dirty, WHY.fault);
  k.functions.markInodeDirty(k, t, inode);
}

/**
 * Of kernels that dirty a page when its fault has let go of everything: until 2.6.30 page_mkwrite, the page
 * table and set_page_dirty were three steps with no lock around them. A13, A15, A16.
 */
export function* dirtyAfterFault(k: Kernel, t: Task, vmf: VmFault): Run<void> {
  const { inode } = vmf.vma;
  vmf.dirtiesLater = false;
  if (k.preempt(t, POINT['set_page_dirty:start'])) yield;
  if (k.knobs.filesystemKeepsBuffers) checkBuffers(k, inode, vmf.pgoff);
  dirtyPage(k, t, inode, vmf.pgoff);
}

/** ext4 and XFS have met dirty pages without buffers, and fsblock would have: a BUG there, a warning here. */
function checkBuffers(k: Kernel, inode: Inode, page: number): void {
  if (k.knobs.writebackSkipsUntold || k.sb.buffers.has(inode, page)) return;
  k.warn(
    'set_page_dirty: the file system has nothing for the page: it was never told, or has dropped it',
  );
}

/** page_mkwrite: the file system hears that the pages of a fault will be dirty. */
export function pageMkwrite(k: Kernel, vmf: VmFault, huge: boolean): void {
  const { inode } = vmf.vma;
  const first = faultHead(k, vmf, huge);
  k.sb.buffers.add(inode, first, first + faultPages(k, huge));
}

/** Models try_to_release_page() of reclaim: clean pages lose what is kept for them, pinned or not. */
export function stripBuffers(k: Kernel, inode: Inode, start: number, end: number): void {
  for (let page = start; page < end; page++) {
    if (!isTagged(inode, slotOf(k, inode, page), TAG.dirty))
      k.sb.buffers.drop(inode, page, page + 1);
  }
}
