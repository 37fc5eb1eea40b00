/**
 * get_user_pages: pinning the pages of a mapping for a device, the device's accesses, and unpinning.
 *
 * A pin is a reference to the block, not to the mapping: it outlives munmap, and only layout breaking
 * (dax/layout.ts) keeps the file system from freeing the block under it.
 */
import { blockAddress } from '../../media/layout.js';
import { PIN_FAST, PIN_LONGTERM, PIN_WRITE } from '../../program/op.js';
import { EVENT, LOAD, NO_INO, STORE } from '../../trace/event.js';
import { DEVICE_TASK } from '../../trace/trace.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Inode, Pin, PinnedPage, Run, Task } from '../types.js';
import { EBUSY, EFAULT, EINVAL, EOPNOTSUPP, FAULT } from '../types.js';
import { PTE_PRESENT, PTE_WRITE } from './memory-manager.js';
import { lockPinned, NO_LOCK, unlockPinned } from './page-lock.js';
import {
  gupPutFolio,
  mapsShared,
  noteTracked,
  pageOf,
  tracePin,
  tryGrabFolio,
} from './pinned-page.js';

/** A fault that succeeds is repeated at most this often before the access gives up. */
const FAULT_RETRIES_MAX = 64;

/** Models follow_page_mask() and, where it finds nothing, faultin_page(). */
function* pinPage(
  k: Kernel,
  t: Task,
  vpage: number,
  write: boolean,
  pinned: readonly PinnedPage[],
): Run<PinnedPage | null> {
  for (let tries = 0; tries < FAULT_RETRIES_MAX; tries++) {
    const pte = k.mm.walk(vpage);
    const allowed = (pte & PTE_PRESENT) !== 0 && (!write || (pte & PTE_WRITE) !== 0);
    const unshare = allowed && !write && mapsShared(k, pte);
    if (allowed && !unshare) {
      const page = pageOf(k, vpage, pte);
      if (page === null || (k.knobs.gupChecksPagemap && k.dev.dying)) return null;
      tryGrabFolio(k, page);
      noteTracked(k, page, write);
      if (!k.knobs.gupHoldsPageLock || !write || page.ino === NO_INO) return page;
      const inode = k.sb.inodes[page.ino] as Inode;
      const locked = yield* lockPinned(k, t, { inode, page: page.page, pinned });
      if (locked !== null) return locked === NO_LOCK ? page : { ...page, locked };
      if (gupPutFolio(k, t, page)) k.pageIdle.wakeAll();
      continue;
    }
    if (unshare) k.mark(MARK['follow_page_mask:unshare']);
    if (tries > 0) k.mark(MARK['faultin_page:again']);
    const result = yield* k.functions.handleMmFault(k, t, vpage, write || unshare);
    if (result !== FAULT.noPage) {
      k.mark(MARK['faultin_page:failed']);
      return null;
    }
  }
  return null;
}

/**
 * Models pin_user_pages(FOLL_PIN), and pin_user_pages_fast() with PIN_FAST: all pages of [start, end), or
 * none. The slot is filled at the end, when the caller has its pages: an earlier unpin by another thread
 * finds it empty.
 */
export function* pinUserPages(
  k: Kernel,
  t: Task,
  slot: number,
  start: number,
  end: number,
  flags: number,
): Run<number> {
  const { mm } = k;
  if (mm.pins[slot] !== null) return EBUSY;
  // check_vma_flags() of a file whose pages are its storage: who holds them stops every truncation.
  if ((flags & PIN_LONGTERM) !== 0 && !k.knobs.longtermPinsAllowed) return EOPNOTSUPP; // B44
  const write = (flags & PIN_WRITE) !== 0;
  const pages: PinnedPage[] = [];
  const fast = (flags & PIN_FAST) !== 0 && !k.knobs.gupHoldsPageLock; // which is taken asleep
  if (fast) yield* k.functions.gupFast(k, t, slot, start, end, write, pages);
  if (pages.length < end - start)
    yield* gupSlow(k, t, slot, start + pages.length, end, write, pages);
  const complete = pages.length === end - start;
  if (complete && mm.pins[slot] === null) {
    mm.pins[slot] = { pages, write };
    return 0;
  }
  if (pages.length > 0) k.mark(MARK['pin_user_pages:partial']);
  if (complete) k.mark(MARK['pin_user_pages:slot_taken']);
  yield* releasePages(k, t, slot, { pages, write });
  return complete ? EBUSY : EFAULT;
}

/** Models __get_user_pages_locked(): as gupFast(), but with mmap_lock, and faults where it has to. */
function* gupSlow(
  k: Kernel,
  t: Task,
  slot: number,
  start: number,
  end: number,
  write: boolean,
  pages: PinnedPage[],
): Run<void> {
  const { mmapLock } = k.mm;
  if (!mmapLock.tryRead(k, t)) yield* mmapLock.waitRead(k, t);
  for (let vpage = start; vpage < end; vpage++) {
    const pinned = yield* pinPage(k, t, vpage, write, pages);
    if (pinned === null) break;
    pages.push(pinned);
    tracePin(k, t, EVENT.pin, slot, pinned, write);
    if (k.preempt(t, POINT['pin_user_pages:page_pinned'])) yield;
  }
  mmapLock.upRead(k, t);
}

/** Models unpin_user_page(), page by page, or unpin_user_pages(), where need be after set_page_dirty(). */
export function* unpinUserPages(k: Kernel, t: Task, slot: number, batched: boolean): Run<number> {
  const pin = k.mm.pins[slot] ?? null;
  if (pin === null) return EINVAL;
  k.mm.pins[slot] = null;
  for (const page of pin.write ? pin.pages : []) {
    if (page.ino !== NO_INO) yield* k.functions.setPageDirty(k, t, page);
  }
  if (batched) releaseBatch(k, t, slot, pin);
  else yield* releasePages(k, t, slot, pin);
  return 0;
}

function* releasePages(k: Kernel, t: Task, slot: number, pin: Pin): Run<void> {
  for (const page of pin.pages) {
    if (page.ino === NO_INO) continue;
    if (putPinned(k, t, slot, pin, page)) wakeIdle(k);
    if (k.preempt(t, POINT['unpin_user_pages:page_done'])) yield;
  }
}

/** Models release_pages(), which has a way of its own to let go of the pages of devices. */
function releaseBatch(k: Kernel, t: Task, slot: number, pin: Pin): void {
  let isIdle = false;
  for (const page of pin.pages) isIdle = putPinned(k, t, slot, pin, page) || isIdle;
  if (isIdle && !k.knobs.batchedUnpinWakesNobody) wakeIdle(k); // B46
}

function wakeIdle(k: Kernel): void {
  if (k.pageIdle.tasks.length > 0) k.mark(MARK['unpin_user_pages:wakes']);
  k.pageIdle.wakeAll();
}

/** True for the last reference. */
function putPinned(k: Kernel, t: Task, slot: number, pin: Pin, page: PinnedPage): boolean {
  tracePin(k, t, EVENT.unpin, slot, page, pin.write);
  const isLast = gupPutFolio(k, t, page);
  if (page.locked !== undefined) unlockPinned(k, t, page);
  return isLast;
}

/**
 * Visits the parts of a pinned range, page by page. A driver stops its device before it unpins: the transfer
 * ends, short, when another thread has released the pin.
 */
function* eachPart(
  k: Kernel,
  t: Task,
  slot: number,
  pin: Pin,
  offset: number,
  length: number,
  visit: (page: PinnedPage, within: number, part: number) => void,
): Run<number> {
  const { pageSize } = k.program.geometry;
  const end = Math.min(offset + length, pin.pages.length * pageSize);
  for (let at = offset; at < end;) {
    const within = at % pageSize;
    const part = Math.min(end - at, pageSize - within);
    const page = pin.pages[Math.floor(at / pageSize)] as PinnedPage;
    if (page.ino !== NO_INO) visit(page, within, part);
    at += part;
    if (k.preempt(t, POINT['dma:page_done'])) yield;
    if (k.mm.pins[slot] !== pin) {
      k.mark(MARK['dma:stopped']);
      return at - offset;
    }
  }
  return Math.max(0, end - offset);
}

/** The device writes: into the cache (DDIO), visible at once, and unknown to any page table. */
export function* dmaWrite(
  k: Kernel,
  t: Task,
  slot: number,
  offset: number,
  length: number,
  byte: number,
): Run<number> {
  const pin = k.mm.pins[slot] ?? null;
  if (pin === null) return EINVAL;
  if (!pin.write) return EFAULT;
  const { pageSize } = k.program.geometry;
  return yield* eachPart(k, t, slot, pin, offset, length, (page, within, part) => {
    const untracked = k.mm.cleanedUnderPin[page.block] !== 0 ? STORE.untracked : 0;
    const address = blockAddress(k.layout, page.block) + within;
    const fileOffset = page.page * pageSize + within;
    const how = STORE.dma | untracked;
    k.cpus.storeNow(DEVICE_TASK, t.op, address, part, byte, how, page.ino, fileOffset);
  });
}

/** The device reads. */
export function* dmaRead(
  k: Kernel,
  t: Task,
  slot: number,
  offset: number,
  length: number,
): Run<number> {
  const pin = k.mm.pins[slot] ?? null;
  if (pin === null) return EINVAL;
  const { pageSize } = k.program.geometry;
  return yield* eachPart(k, t, slot, pin, offset, length, (page, within, part) => {
    const address = blockAddress(k.layout, page.block) + within;
    const data = k.cpus.load(DEVICE_TASK, address, part);
    const fileOffset = page.page * pageSize + within;
    k.trace.append(
      EVENT.load,
      DEVICE_TASK,
      t.op,
      address,
      part,
      data,
      LOAD.dma,
      page.ino,
      fileOffset,
    );
  });
}
