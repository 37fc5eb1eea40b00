/**
 * Reverse mapping: from pages of a file to all page tables that map them. Cleaning (write protection at
 * writeback) and unmapping (truncate, invalidation, layout breaking) both walk i_mmap under i_mmap_rwsem.
 */
import { EVENT, PTE, WHY } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { sleepOn } from '../lock.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task, Vma } from '../types.js';
import {
  PMD_HUGE,
  PMD_TABLE,
  PTE_ANONYMOUS,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_WRITE,
} from './memory-manager.js';

/**
 * Drops the cached translations of a range on every CPU. The interrupt that asks for it drains the store
 * buffers of those CPUs, so no store made through an old translation is still on its way afterwards.
 */
export function flushTlbRange(k: Kernel, start: number, end: number): void {
  for (const { id, tlb } of k.tasks) {
    if (tlb.length === 0) continue;
    for (let vpage = start; vpage < end; vpage++) tlb[vpage] = 0;
    k.cpus.drain(id);
  }
}

/** That interrupt comes to a CPU that has them disabled when it enables them: who sent it waits for that. */
export function* waitForWalkers(k: Kernel, t: Task): Run<void> {
  if (k.knobs.shootdownDoesNotWait) return;
  const { mm } = k;
  const walkers = mm.fastWalkers;
  while ((mm.fastWalkers & walkers) !== 0) yield* sleepOn(k, t, mm.waitWalkers);
}

/** The page-table lock is held: it is almost never so across a preemption point. */
export function* waitPtl(k: Kernel, t: Task): Run<void> {
  while (k.mm.ptlHeld) yield* sleepOn(k, t, k.mm.waitPtl);
}

/** The virtual pages at which `vma` maps file pages [index, index + count); null if none. */
function overlap(vma: Vma, index: number, count: number): { start: number; end: number } | null {
  const start = Math.max(vma.start, vma.start + index - vma.pgoff);
  const end = Math.min(vma.end, vma.start + index + count - vma.pgoff);
  return start < end ? { start, end } : null;
}

export function traceSetPte(
  k: Kernel,
  t: Task,
  vma: Vma,
  vpage: number,
  pages: number,
  state: number,
  why: number,
): void {
  const page = vma.pgoff + vpage - vma.start;
  k.trace.append(EVENT.set_pte, t.id, t.op, vpage, pages, state, vma.inode.ino, page, why);
}

/**
 * Models pfn_mkclean_range() over one vma: every writable PTE or PMD of the range is write-protected and
 * its dirty bit cleared, and the TLBs are flushed before anybody may rely on that.
 */
export function* pfnMkcleanRange(
  k: Kernel,
  t: Task,
  inode: Inode,
  index: number,
  count: number,
  vma: Vma,
): Run<void> {
  // Before 5.19 each vma was asked where it maps the head of the entry, and only there (B08).
  const range = overlap(vma, index, k.knobs.mkcleanAtHeadOnly ? 1 : count);
  if (range === null) return;
  if (k.mm.ptlHeld) yield* waitPtl(k, t);
  const { mm } = k;
  let cleaned = false;
  for (let vpage = range.start; vpage < range.end; vpage++) {
    const slot = mm.pmdIndex(vpage);
    const pmd = mm.pmds[slot] as number;
    if ((pmd & PMD_HUGE) !== 0) {
      if ((pmd & PTE_WRITE) === 0 || k.knobs.pmdNotWriteProtected) continue; // B07
      const head = slot * mm.pmdPages;
      if (k.knobs.mkcleanClearsPmd) {
        mm.ptlHeld = true;
        mm.pmds[slot] = 0; // B18
        flushTlbRange(k, head, head + mm.pmdPages);
        if (k.preempt(t, POINT['pfn_mkclean_range:pmd_cleared'])) yield;
      }
      mm.pmds[slot] = pmd & ~(PTE_WRITE | PTE_DIRTY);
      traceSetPte(k, t, vma, head, mm.pmdPages, PTE.readOnly, WHY.writeback);
      k.mark(MARK['pfn_mkclean_range:pmd']);
      cleaned = true;
    } else {
      const pte = mm.ptes[vpage] as number;
      if ((pte & (PTE_WRITE | PTE_DIRTY)) === 0 || (pte & PTE_ANONYMOUS) !== 0) continue;
      mm.ptes[vpage] = pte & ~(PTE_WRITE | PTE_DIRTY);
      traceSetPte(k, t, vma, vpage, 1, PTE.readOnly, WHY.writeback);
      cleaned = true;
    }
  }
  if (!cleaned) return;
  k.trace.append(EVENT.pfn_mkclean_range, t.id, t.op, inode.ino, index, count, range.start);
  mm.ptlHeld = true;
  if (k.preempt(t, POINT['pfn_mkclean_range:before_tlb_flush'])) yield;
  const end = k.knobs.mkcleanAtHeadOnly ? Math.min(vma.end, range.start + count) : range.end;
  if (!k.knobs.cleanWithoutTlbFlush) {
    flushTlbRange(k, range.start, end);
    if (mm.fastWalkers !== 0) yield* waitForWalkers(k, t);
  }
  unwaitPtl(k);
}

function unwaitPtl(k: Kernel): void {
  k.mm.ptlHeld = false;
  k.mm.waitPtl.wakeAll();
}

/**
 * Models zap_page_range() over part of one vma. A PMD that is only partly in the range is removed whole
 * (a DAX PMD cannot be split into PTEs without a fault). Private copies go only with `evenCows`.
 */
export function* zapRange(
  k: Kernel,
  t: Task,
  vma: Vma,
  start: number,
  end: number,
  evenCows: boolean,
): Run<void> {
  const { mm } = k;
  // pmd_none() is asked without the lock.
  const gone = k.knobs.mkcleanClearsPmd ? mm.pmds.slice() : null; // B18
  if (mm.ptlHeld) yield* waitPtl(k, t);
  let low = end;
  let high = start;
  for (let vpage = start; vpage < end; vpage++) {
    const slot = mm.pmdIndex(vpage);
    const pmd = mm.pmds[slot] as number;
    if (gone !== null && gone[slot] === 0) continue;
    let first = vpage;
    let pages = 1;
    if ((pmd & PMD_HUGE) !== 0) {
      first = slot * mm.pmdPages;
      pages = mm.pmdPages;
      if (first < start || first + pages > end) k.mark(MARK['zap_huge_pmd:reaches_out']);
      mm.pmds[slot] = 0;
    } else {
      const pte = mm.ptes[vpage] as number;
      if ((pte & PTE_PRESENT) === 0) continue;
      if ((pte & PTE_ANONYMOUS) !== 0 && !evenCows) {
        k.mark(MARK['zap_pte_range:private_kept']);
        continue;
      }
      mm.ptes[vpage] = 0;
    }
    low = Math.min(low, first);
    high = Math.max(high, first + pages);
    traceSetPte(k, t, vma, first, pages, PTE.none, WHY.unmap);
  }
  if (low >= high) return;
  flushTlbRange(k, low, high);
  if (k.dev.dying) k.dev.waitPages.wakeAll();
  if (mm.fastWalkers !== 0) yield* waitForWalkers(k, t);
}

/** The tables below a range that is being unmapped for good go, too, so a PMD may be mapped there again. */
export function freePageTables(k: Kernel, start: number, end: number): void {
  const { mm } = k;
  const last = mm.pmdIndex(end - 1);
  for (let slot = mm.pmdIndex(start); slot <= last; slot++) {
    const first = slot * mm.pmdPages;
    let used = false;
    for (let vpage = first; vpage < first + mm.pmdPages; vpage++) {
      if ((vpage < start || vpage >= end) && mm.findVma(vpage) !== null) used = true;
    }
    if (used) continue;
    if (((mm.pmds[slot] as number) & PMD_HUGE) !== 0) {
      k.warn('free_pgtables: a huge page is still mapped where nothing is mapped any more');
      mm.pmds[slot] = 0; // pmd_clear_bad()
    }
    (mm.pmds[slot] as number) &= ~PMD_TABLE;
  }
}

/** Models unmap_mapping_pages(): no page table maps [index, index + count) of the file afterwards. */
export function* unmapMappingPages(
  k: Kernel,
  t: Task,
  inode: Inode,
  index: number,
  count: number,
  evenCows: boolean,
): Run<void> {
  if (k.knobs.removedStaysMapped) return;
  if (!inode.iMmapRwsem.tryRead(k, t)) yield* inode.iMmapRwsem.waitRead(k, t);
  for (const vma of inode.vmas) {
    const range = overlap(vma, index, count);
    if (range === null) continue;
    yield* k.functions.zapRange(k, t, vma, range.start, range.end, evenCows);
    if (k.preempt(t, POINT['unmap_mapping_pages:vma_done'])) yield;
  }
  inode.iMmapRwsem.upRead(k, t);
}
