/**
 * get_user_pages: pinning the pages of a mapping for a device, the device's accesses, and unpinning.
 *
 * A pin is a reference to the block, not to the mapping: it outlives munmap, and only layout breaking
 * (dax/layout.ts) keeps the file system from freeing the block under it.
 */
import { blockAddress } from '../../media/layout.js';
import { EVENT, LOAD, NO_INO, STORE } from '../../trace/event.js';
import { DEVICE_TASK } from '../../trace/trace.js';
import { isShared } from '../fs/cow-fork.js';
import type { Kernel } from '../kernel.js';
import { POINT } from '../points.js';
import type { Pin, PinnedPage, Run, Task } from '../types.js';
import { EBUSY, EFAULT, EINVAL, FAULT } from '../types.js';
import { PTE_ANONYMOUS, PTE_PRESENT, PTE_WRITE, PTE_ZERO, pteBlock } from './memory-manager.js';

/** A fault that succeeds is repeated at most this often before the access gives up. */
const FAULT_RETRIES_MAX = 64;

/** Models follow_page_mask() and, where it finds nothing, faultin_page(). */
function* pinPage(k: Kernel, t: Task, vpage: number, write: boolean): Run<PinnedPage | null> {
  for (let tries = 0; tries < FAULT_RETRIES_MAX; tries++) {
    const pte = k.mm.walk(vpage);
    const allowed = (pte & PTE_PRESENT) !== 0 && (!write || (pte & PTE_WRITE) !== 0);
    // Deviation: who pins a page of a shared block gets its own first, also for reading. Linux pins the
    // shared one, and a write to the file then leaves it to the device alone.
    const unshare = allowed && !write && mapsShared(k, pte);
    if (allowed && !unshare) return takeReference(k, vpage, pte, write);
    const result = yield* k.functions.handleMmFault(k, t, vpage, write || unshare);
    if (result !== FAULT.noPage) return null;
  }
  return null;
}

function mapsShared(k: Kernel, pte: number): boolean {
  if (k.sb.refcounts === null || (pte & (PTE_ANONYMOUS | PTE_ZERO)) !== 0) return false;
  return isShared(k, pteBlock(pte));
}

function takeReference(k: Kernel, vpage: number, pte: number, write: boolean): PinnedPage | null {
  const vma = k.mm.findVma(vpage);
  if (vma === null) return null;
  const page = vma.pgoff + vpage - vma.start;
  if ((pte & (PTE_ANONYMOUS | PTE_ZERO)) !== 0) return { ino: NO_INO, page, block: -1 };
  const block = pteBlock(pte);
  const pinned = (k.mm.pinCounts[block] as number)++ > 0;
  // Whoever pins for writing has faulted for it: the entry is DIRTY, until it is cleaned again.
  if (!pinned || write) k.mm.cleanedUnderPin[block] = 0;
  return { ino: vma.inode.ino, page, block };
}

/**
 * Models pin_user_pages(FOLL_PIN): all pages of [start, end), or none. The slot is filled at the end, when
 * the caller has its pages: an earlier unpin by another thread finds it empty.
 */
export function* pinUserPages(
  k: Kernel,
  t: Task,
  slot: number,
  start: number,
  end: number,
  write: boolean,
): Run<number> {
  const { mm } = k;
  if (mm.pins[slot] !== null) return EBUSY;
  const pages: PinnedPage[] = [];
  if (!mm.mmapLock.tryRead(k, t)) yield* mm.mmapLock.waitRead(k, t);
  for (let vpage = start; vpage < end; vpage++) {
    const pinned = yield* pinPage(k, t, vpage, write);
    if (pinned === null) break;
    pages.push(pinned);
    tracePin(k, t, EVENT.pin, slot, pinned, write);
    if (k.preempt(t, POINT['pin_user_pages:page_pinned'])) yield;
  }
  mm.mmapLock.upRead(k, t);
  const complete = pages.length === end - start;
  if (complete && mm.pins[slot] === null) {
    mm.pins[slot] = { pages, write };
    return 0;
  }
  yield* releasePages(k, t, slot, { pages, write });
  return complete ? EBUSY : EFAULT;
}

function tracePin(
  k: Kernel,
  t: Task,
  kind: typeof EVENT.pin | typeof EVENT.unpin,
  slot: number,
  page: PinnedPage,
  write: boolean,
): void {
  if (page.ino === NO_INO) return;
  k.trace.append(kind, t.id, t.op, slot, page.ino, page.page, page.block, write ? 1 : 0);
}

/** Models unpin_user_pages(): the last reference wakes whoever waits for the page to be idle. */
export function* unpinUserPages(k: Kernel, t: Task, slot: number): Run<number> {
  const pin = k.mm.pins[slot] ?? null;
  if (pin === null) return EINVAL;
  k.mm.pins[slot] = null;
  yield* releasePages(k, t, slot, pin);
  return 0;
}

function* releasePages(k: Kernel, t: Task, slot: number, pin: Pin): Run<void> {
  for (const page of pin.pages) {
    if (page.ino === NO_INO) continue;
    tracePin(k, t, EVENT.unpin, slot, page, pin.write);
    k.cpus.locked(t.id, t.op);
    if (--(k.mm.pinCounts[page.block] as number) === 0) k.pageIdle.wakeAll();
    if (k.preempt(t, POINT['unpin_user_pages:page_done'])) yield;
  }
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
    if (k.mm.pins[slot] !== pin) return at - offset;
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
