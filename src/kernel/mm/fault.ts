/**
 * Page faults, after mm/memory.c: from an access that the page tables do not allow to the file system's
 * fault handler.
 */
import { HOLE } from '../../media/layout.js';
import { EVENT, PTE, TAG, WHY } from '../../trace/event.js';
import { isMapped, loadEntry, NO_ENTRY, setTag, slotOf } from '../dax/entry.js';
import { xaLock } from '../dax/mapping.js';
import { sbEnd, sbStart, trySbStart } from '../fs/freeze.js';
import { FREEZE } from '../fs/sb-writers.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { FaultResult, Run, Task, VmFault } from '../types.js';
import { FAULT } from '../types.js';
import { setPte } from './insert.js';
import {
  PMD_HUGE,
  PTE_ANONYMOUS,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_WRITE,
  PTE_ZERO,
} from './memory-manager.js';
import { flushTlbRange, traceSetPte, waitForWalkers, waitPtl } from './rmap.js';

/** Models do_user_addr_fault(): takes mmap_lock for reading around the fault. */
export function* pageFault(k: Kernel, t: Task, vpage: number, write: boolean): Run<FaultResult> {
  const lock = k.mm.mmapLock;
  if (!lock.tryRead(k, t)) yield* lock.waitRead(k, t);
  const result = yield* k.functions.handleMmFault(k, t, vpage, write);
  lock.upRead(k, t);
  return result;
}

/** Models __handle_mm_fault(); the caller holds mmap_lock. */
export function* handleMmFault(
  k: Kernel,
  t: Task,
  vpage: number,
  write: boolean,
): Run<FaultResult> {
  const { mm } = k;
  const vma = mm.findVma(vpage);
  if (vma === null || (write && !vma.writable)) {
    k.mark(MARK['handle_mm_fault:bad_area']);
    return FAULT.segv;
  }
  const pgoff = vma.pgoff + vpage - vma.start;
  const vmf: VmFault = { vma, vpage, pgoff, write, cowBlock: HOLE, dirtiesLater: false };
  const { ino } = vma.inode;
  k.trace.append(EVENT.fault, t.id, t.op, ino, vmf.pgoff, vpage, write ? 1 : 0);
  if (k.preempt(t, POINT['handle_mm_fault:start'])) yield;

  let result: FaultResult = FAULT.fallback;
  const pmd = mm.pmdOf(vpage);
  const needsHuge = pmd === 0 || ((pmd & PMD_HUGE) !== 0 && write && (pmd & PTE_WRITE) === 0);
  if (needsHuge) {
    result = yield* k.functions.ext4DaxHugeFault(k, t, vmf, true);
    if (result === FAULT.fallback) {
      k.mark(MARK['create_huge_pmd:fallback']);
      yield* splitHugePmd(k, t, vmf);
    }
  } else if ((pmd & PMD_HUGE) !== 0) {
    k.mark(MARK['handle_mm_fault:spurious_pmd']);
    result = FAULT.noPage; // spurious: the PMD already allows the access
  }
  if (result === FAULT.fallback) result = yield* k.functions.handlePteFault(k, t, vmf);
  k.trace.append(EVENT.fault_done, t.id, t.op, ino, vmf.pgoff, result);
  return result;
}

/** Models __split_huge_pmd() for a file: the PMD is removed, its pages fault again. */
function* splitHugePmd(k: Kernel, t: Task, vmf: VmFault): Run<void> {
  if (k.mm.ptlHeld) yield* waitPtl(k, t);
  const { mm } = k;
  const slot = mm.pmdIndex(vmf.vpage);
  if (((mm.pmds[slot] as number) & PMD_HUGE) === 0) return;
  k.mark(MARK['split_huge_pmd:split']);
  mm.pmds[slot] = 0;
  const first = slot * mm.pmdPages;
  traceSetPte(k, t, vmf.vma, first, mm.pmdPages, PTE.none, WHY.unmap);
  flushTlbRange(k, first, first + mm.pmdPages);
  if (mm.fastWalkers !== 0) yield* waitForWalkers(k, t);
}

/** Models handle_pte_fault(). */
export function* handlePteFault(k: Kernel, t: Task, vmf: VmFault): Run<FaultResult> {
  const pte = k.mm.ptes[vmf.vpage] as number;
  if ((pte & PTE_PRESENT) === 0) return yield* k.functions.ext4DaxHugeFault(k, t, vmf, false);
  if (!vmf.write || (pte & PTE_WRITE) !== 0) {
    k.mark(MARK['handle_pte_fault:spurious']);
    return FAULT.noPage;
  }
  if ((pte & PTE_ANONYMOUS) !== 0) {
    k.mark(MARK['do_wp_page:private_reuse']);
    if (k.mm.ptlHeld) yield* waitPtl(k, t);
    setPte(k, t, vmf, pte | PTE_WRITE | PTE_DIRTY); // wp_page_reuse(): nobody shares the copy
    return FAULT.noPage;
  }
  if (!vmf.vma.shared) {
    k.mark(MARK['do_wp_page:private_copy']);
    return yield* k.functions.ext4DaxHugeFault(k, t, vmf, false);
  }
  return yield* k.functions.wpPfnShared(k, t, vmf, pte);
}

/** Models wp_pfn_shared(): a store to a page that is mapped read-only in a shared mapping. */
export function* wpPfnShared(k: Kernel, t: Task, vmf: VmFault, original: number): Run<FaultResult> {
  // Until 4.10 a hole was mapped by a page-cache page, whose first write went through page_mkwrite.
  const ofHole = (original & PTE_ZERO) !== 0;
  const entry = loadEntry(k, vmf.vma.inode, vmf.pgoff);
  const blind = k.knobs.pfnMkwriteExpectsEntry && entry === NO_ENTRY && !ofHole; // A5
  const late = k.knobs.pteUpgradedOutsideEntryLock && isMapped(entry) && !ofHole; // A4
  if (!blind && !late) return yield* k.functions.ext4DaxHugeFault(k, t, vmf, false);

  if (!trySbStart(k, FREEZE.pagefault)) yield* sbStart(k, t, FREEZE.pagefault);
  yield* k.functions.fileUpdateTime(k, t, vmf.vma.inode);
  if (late) tagForWrite(k, t, vmf);
  sbEnd(k, FREEZE.pagefault);
  // pfn_mkwrite has returned and holds nothing; the PTE becomes writable only here (wp_page_reuse).
  if (k.preempt(t, POINT['wp_pfn_shared:pfn_mkwrite_done'])) yield;
  if (k.mm.ptlHeld) yield* waitPtl(k, t);
  if (k.mm.ptes[vmf.vpage] === original) setPte(k, t, vmf, original | PTE_WRITE | PTE_DIRTY);
  return FAULT.noPage;
}

/** dax_pfn_mkwrite() as it was until 4.14: it only tags the entry that an earlier fault left. */
function tagForWrite(k: Kernel, t: Task, vmf: VmFault): void {
  const { inode } = vmf.vma;
  xaLock(k, t);
  setTag(k, t, inode, slotOf(k, inode, vmf.pgoff), TAG.dirty, WHY.fault);
  k.functions.markInodeDirty(k, t, inode);
}
