/**
 * Putting translations into the page tables, under the page-table lock (vmf_insert_*).
 */
import { PTE, WHY } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import type { FaultResult, Run, Task, VmFault } from '../types.js';
import { FAULT } from '../types.js';
import {
  makePte,
  PMD_HUGE,
  PMD_TABLE,
  PTE_ANONYMOUS,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_WRITE,
  PTE_ZERO,
  pteBlock,
} from './memory-manager.js';
import { MARK } from '../marks.js';
import { flushTlbRange, traceSetPte, waitForWalkers, waitPtl } from './rmap.js';

export function setPte(k: Kernel, t: Task, vmf: VmFault, pte: number): void {
  k.mm.ptes[vmf.vpage] = pte;
  (k.mm.pmds[k.mm.pmdIndex(vmf.vpage)] as number) |= PMD_TABLE;
  traceSetPte(k, t, vmf.vma, vmf.vpage, 1, stateOf(pte), WHY.fault);
}

function stateOf(pte: number): number {
  if ((pte & PTE_ANONYMOUS) !== 0) return PTE.anonymous;
  if ((pte & PTE_ZERO) !== 0) return PTE.zero;
  return (pte & PTE_WRITE) !== 0 ? PTE.writable : PTE.readOnly;
}

/**
 * Models vmf_insert_page_mkwrite() / insert_pfn(): an existing PTE must map the same block and only gains
 * permission.
 */
export function* insertPte(
  k: Kernel,
  t: Task,
  vmf: VmFault,
  block: number,
  bits: number,
): Run<FaultResult> {
  if (k.mm.ptlHeld) yield* waitPtl(k, t);
  if ((k.mm.pmdOf(vmf.vpage) & PMD_HUGE) !== 0) return FAULT.noPage; // raced with a PMD fault
  const old = k.mm.ptes[vmf.vpage] as number;
  const wanted = makePte(block, PTE_PRESENT | bits);
  if ((old & PTE_PRESENT) === 0) {
    setPte(k, t, vmf, wanted);
    return FAULT.noPage;
  }
  const same = pteBlock(old) === block && (old & PTE_ZERO) === (bits & PTE_ZERO);
  if (!same || (old & PTE_ANONYMOUS) !== 0) {
    k.mark(MARK['insert_pfn:other_page']);
    return FAULT.noPage; // the access is tried again
  }
  k.mark(MARK['insert_pfn:same_page']);
  if ((bits & PTE_WRITE) !== 0 && (old & PTE_WRITE) === 0) setPte(k, t, vmf, old | bits);
  return FAULT.noPage;
}

/** Models vmf_insert_folio_pmd(); `block` is the head of the range, or the zero page with PTE_ZERO. */
export function* insertPmd(
  k: Kernel,
  t: Task,
  vmf: VmFault,
  block: number,
  bits: number,
): Run<FaultResult> {
  if (k.mm.ptlHeld) yield* waitPtl(k, t);
  const { mm } = k;
  const slot = mm.pmdIndex(vmf.vpage);
  const old = mm.pmds[slot] as number;
  if ((old & PMD_TABLE) !== 0) return FAULT.fallback;
  const wanted = makePte(block, PTE_PRESENT | PMD_HUGE | bits);
  if ((old & PMD_HUGE) !== 0) {
    // insert_pfn_pmd() leaves a PMD that maps something else alone; the access is tried again.
    const same = pteBlock(old) === block && (old & PTE_ZERO) === (bits & PTE_ZERO);
    if (!same || (bits & PTE_WRITE) === 0 || k.knobs.existingPmdLeftAlone) {
      k.mark(MARK['insert_pfn_pmd:left_alone']);
      return FAULT.noPage; // B19
    }
    k.mark(MARK['insert_pfn_pmd:made_writable']);
  }
  mm.pmds[slot] = wanted;
  const state = stateOf(wanted);
  traceSetPte(k, t, vmf.vma, slot * mm.pmdPages, mm.pmdPages, state, WHY.fault);
  return FAULT.noPage;
}

/**
 * Models finish_fault() of a private write: the copy is mapped in place of the file's page, unless another
 * thread's has been.
 */
export function* insertAnonymous(k: Kernel, t: Task, vmf: VmFault, copy: number): Run<FaultResult> {
  if (k.mm.ptlHeld) yield* waitPtl(k, t);
  if ((k.mm.pmdOf(vmf.vpage) & PMD_HUGE) !== 0) return FAULT.noPage;
  if (((k.mm.ptes[vmf.vpage] as number) & PTE_ANONYMOUS) !== 0) {
    k.mark(MARK['finish_fault:raced_with_copy']);
    return FAULT.noPage;
  }
  setPte(k, t, vmf, makePte(copy, PTE_PRESENT | PTE_WRITE | PTE_DIRTY | PTE_ANONYMOUS));
  flushTlbRange(k, vmf.vpage, vmf.vpage + 1);
  if (k.mm.fastWalkers !== 0) yield* waitForWalkers(k, t);
  return FAULT.noPage;
}
