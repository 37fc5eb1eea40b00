/**
 * One page that is pinned: the reference to it (try_grab_folio, gup_put_folio), and what a trace says of it.
 */
import type { EVENT } from '../../trace/event.js';
import { NO_INO } from '../../trace/event.js';
import { isShared } from '../fs/shared.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import type { PinnedPage, Task } from '../types.js';
import { PTE_ANONYMOUS, PTE_ZERO, pteBlock } from './memory-manager.js';

/** The page that a PTE maps; null where there is no mapping any more. */
export function pageOf(k: Kernel, vpage: number, pte: number): PinnedPage | null {
  const vma = k.mm.findVma(vpage);
  if (vma === null) return null;
  const page = vma.pgoff + vpage - vma.start;
  if ((pte & (PTE_ANONYMOUS | PTE_ZERO)) !== 0) {
    k.mark(MARK['pin_user_pages:not_of_file']);
    return { ino: NO_INO, page, block: -1 };
  }
  return { ino: vma.inode.ino, page, block: pteBlock(pte) };
}

/**
 * Is it a page that several files have? Deviation: who pins one gets his own first, also for reading. Linux
 * pins the shared one, and a write to the file then leaves it to the device alone.
 */
export function mapsShared(k: Kernel, pte: number): boolean {
  if (k.sb.refcounts === null || (pte & (PTE_ANONYMOUS | PTE_ZERO)) !== 0) return false;
  return isShared(k, pteBlock(pte));
}

/** Models try_grab_folio(). */
export function tryGrabFolio(k: Kernel, { ino, block }: PinnedPage): void {
  if (ino === NO_INO) return;
  if (k.dev.memmapFreed) k.crash(`use after free of a struct page: reference to block ${block}`);
  (k.mm.pinCounts[block] as number)++;
}

/** Models gup_put_folio(); true for the last reference, whose holder has to wake who waits for that. */
export function gupPutFolio(k: Kernel, t: Task, { ino, block }: PinnedPage): boolean {
  if (ino === NO_INO) return false;
  if (k.dev.memmapFreed) k.crash(`use after free of a struct page: block ${block} is let go`);
  k.cpus.locked(t.id, t.op);
  const isLast = --(k.mm.pinCounts[block] as number) === 0;
  if (!isLast) k.mark(MARK['unpin_user_pages:still_pinned']);
  if (isLast && k.dev.dying) k.dev.waitPages.wakeAll();
  return isLast;
}

/** Whoever pins for writing has faulted for it: the entry is DIRTY, until it is cleaned again. */
export function noteTracked(k: Kernel, { ino, block }: PinnedPage, write: boolean): void {
  if (ino === NO_INO) return;
  if (write || k.mm.pinCounts[block] === 1) k.mm.cleanedUnderPin[block] = 0;
}

export function tracePin(
  k: Kernel,
  t: Task,
  kind: typeof EVENT.pin | typeof EVENT.unpin,
  slot: number,
  { ino, page, block }: PinnedPage,
  write: boolean,
): void {
  if (ino !== NO_INO) k.trace.append(kind, t.id, t.op, slot, ino, page, block, write ? 1 : 0);
}
