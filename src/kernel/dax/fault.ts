/**
 * DAX faults, after fs/dax.c: lock the entry, find the block, make the entry dirty, map it.
 *
 * The entry stays locked from before the block lookup until the page table entry is in place. That lock is
 * what serialises a fault against writeback (which cleans under it), against invalidation (so the lookup
 * cannot grow stale) and against the other faults of the same page.
 */
import { TAG, WHY } from '../../trace/event.js';
import { blockAddress, HOLE } from '../../media/layout.js';
import { NO_BLOCK } from '../fs/allocator.js';
import { faultNeedsCow, rangeNeedsCow } from '../fs/cow-fork.js';
import {
  tidForDatasync,
  isCommitted,
  journalStart,
  journalStop,
  tryJournalStart,
} from '../fs/journal.js';
import type { Kernel } from '../kernel.js';
import { insertAnonymous } from '../mm/insert.js';
import {
  PMD_HUGE,
  PMD_TABLE,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_WRITE,
  PTE_ZERO,
} from '../mm/memory-manager.js';
import { MARK } from '../marks.js';
import { isBad, isListed } from '../nvdimm/media-errors.js';
import { POINT } from '../points.js';
import type { FaultResult, Inode, Run, Task, VmFault } from '../types.js';
import { FAULT } from '../types.js';
import { daxAssociateEntry, daxDisassociateEntry } from './association.js';
import {
  DAX_LOCKED,
  DAX_PMD,
  DAX_ZERO_PAGE,
  entryPages,
  faultHead,
  faultPages,
  isEmpty,
  isMapped,
  isPmd,
  isZero,
  makeEntry,
  NO_ENTRY,
  pmdHead,
  setTag,
  slotOf,
  storeEntry,
} from './entry.js';
import {
  ENTRY_CONFLICT,
  getUnlockedEntry,
  lockEntry,
  putUnlockedEntry,
  tryUnlockedEntry,
  unlockEntry,
  xaLock,
} from './mapping.js';

const pagesOfSize = (k: Kernel, inode: Inode): number =>
  Math.ceil(inode.size / k.program.geometry.pageSize);

/**
 * Models dax_fault_is_synchronous(): MAP_SYNC, and the block map is not on media yet, or the size may not be:
 * for both, the file system sets IOMAP_F_DIRTY.
 */
export function daxFaultIsSynchronous(k: Kernel, vmf: VmFault, huge: boolean): boolean {
  const { inode, sync } = vmf.vma;
  const end = faultHead(k, vmf, huge) + faultPages(k, huge);
  const spansEof = end * k.program.geometry.pageSize > inode.size;
  const upgrade = k.knobs.syncUpgradeSkipsCommit && (k.mm.walk(vmf.vpage) & PTE_PRESENT) !== 0;
  const isDirty = spansEof || !isCommitted(k, tidForDatasync(k, inode));
  return vmf.write && sync && !upgrade && isDirty; // B36
}

/**
 * Models dax_insert_entry(): a zero or empty entry is replaced by `wanted`, a mapped one stays; a write
 * makes the covering entry DIRTY unless a synchronous fault will do that later.
 *
 * Deviation: Linux puts the inode on the dirty list first and tags the entry later; a sync(2) between the
 * two takes the inode off again (L02). Here, as for page-cache pages, the tag comes first.
 *
 * `shared`: the page gets another block than it had, so nothing may stay mapped to the old one.
 */
export function* daxInsertEntry(
  k: Kernel,
  t: Task,
  vmf: VmFault,
  entry: number,
  wanted: number,
  dirty: boolean,
  shared = false,
): Run<void> {
  const { inode } = vmf.vma;
  const index = vmf.pgoff;
  if (dirty && k.knobs.inodeMarkedBeforeTag) k.functions.markInodeDirty(k, t, inode);
  if (k.preempt(t, POINT['dax_insert_entry:start'])) yield;
  const keepsHoles = k.knobs.pmdLeavesHolesMapped && isPmd(wanted); // B27
  if (shared || (isZero(entry) && !isZero(wanted) && !keepsHoles)) {
    const head = isPmd(entry) ? pmdHead(k, index) : index;
    if (!shared) k.mark(MARK['dax_insert_entry:zero_page_replaced']);
    yield* k.functions.unmapMappingPages(k, t, inode, head, entryPages(k, entry), false);
    if (k.preempt(t, POINT['dax_insert_entry:unmapped'])) yield;
  }
  xaLock(k, t);
  const slot = slotOf(k, inode, index);
  const mixes = isMapped(entry) && isPmd(entry) !== isPmd(wanted);
  if (mixes && k.knobs.associatesOnSizeChange && !shared) {
    daxDisassociateEntry(k, entry, false); // B29
    daxAssociateEntry(k, inode, index, wanted);
  }
  if (shared || isZero(entry) || isEmpty(entry)) {
    daxDisassociateEntry(k, entry, false);
    daxAssociateEntry(k, inode, slot, wanted);
    storeEntry(k, t, inode, slot, wanted | DAX_LOCKED);
  }
  if (shared) setTag(k, t, inode, slot, TAG.towrite, WHY.fault); // for the sync of a synchronous fault
  if (dirty) setTag(k, t, inode, slot, TAG.dirty, WHY.fault);
  if (k.preempt(t, POINT['dax_insert_entry:tagged'])) yield;
  if (dirty && !k.knobs.inodeMarkedBeforeTag) k.functions.markInodeDirty(k, t, inode);
}

/** Models dax_fault_cow_page(): a private write gets a copy, made while the entry is locked. */
export function* daxFaultCowPage(
  k: Kernel,
  t: Task,
  vmf: VmFault,
  block: number,
): Run<FaultResult> {
  const { pageSize } = k.program.geometry;
  const copy = k.mm.allocateAnonymous(pageSize);
  if (block !== HOLE) {
    if (isBad(k, block)) return poisonFault(k);
    if (!k.dev.tryReadLock()) return FAULT.sigbus;
    const from = blockAddress(k.layout, block);
    (k.mm.anonymous[copy] as Uint8Array).set(k.cpus.memory.subarray(from, from + pageSize));
    k.dev.readUnlock();
  }
  if (k.preempt(t, POINT['wp_page_copy:copied'])) yield;
  return yield* insertAnonymous(k, t, vmf, copy);
}

/** Models dax_fault_return() of -EHWPOISON. */
function poisonFault(k: Kernel): FaultResult {
  k.mark(MARK['dax_fault_return:hwpoison']);
  return k.knobs.poisonFaultsWithoutCode ? FAULT.sigbus : FAULT.hwpoison; // B67
}

/** Models dax_iomap_pte_fault(). */
export function* daxIomapPteFault(k: Kernel, t: Task, vmf: VmFault): Run<FaultResult> {
  const { inode, shared } = vmf.vma;
  const index = vmf.pgoff;
  if (index >= pagesOfSize(k, inode)) {
    k.mark(MARK['dax_iomap_pte_fault:beyond_eof']);
    return FAULT.sigbus;
  }
  const early = vmf.write || !k.knobs.lookupBeforeEntryLock ? null : inode.blocks[index]; // B21, B23
  if (early !== null && k.preempt(t, POINT['dax_iomap_pte_fault:looked_up'])) yield;
  if (k.knobs.zeroesBesideFaults && vmf.write && shared) yield* zeroEarly(k, t, inode, index); // B20
  const entry = yield* k.functions.grabMappingEntry(k, t, inode, index, false);
  if (k.preempt(t, POINT['dax_iomap_pte_fault:entry_locked'])) yield;
  let result: FaultResult = FAULT.noPage;
  if ((k.mm.pmdOf(vmf.vpage) & PMD_HUGE) === 0) {
    const allocate = vmf.write && shared;
    const cow = allocate && faultNeedsCow(k, inode, index);
    const staged = cow ? yield* k.functions.allocateCow(k, t, inode, index) : NO_BLOCK;
    const begun = cow
      ? staged !== NO_BLOCK
      : yield* k.functions.iomapBegin(k, t, inode, index, 1, allocate);
    const { writeAllocatesUnwritten } = k.knobs;
    if (
      writeAllocatesUnwritten &&
      allocate &&
      k.sb.unwritten.delete(inode.blocks[index] as number)
    ) {
      zeroPage(k, t, inode, index); // B22
    }
    if (!begun) {
      k.mark(MARK['dax_iomap_pte_fault:no_space']);
      result = FAULT.sigbus; // ENOSPC, or the file system is shut down
    } else if (vmf.write && !shared) {
      const block = inode.blocks[index] as number;
      vmf.cowBlock = block;
      result = k.knobs.privateCopyOutsideLocks // B31
        ? FAULT.cowLater
        : yield* k.functions.daxFaultCowPage(k, t, vmf, block);
    } else {
      const block = cow ? staged : (early ?? inode.blocks[index]);
      result = yield* k.functions.daxFaultIter(k, t, vmf, entry, block as number, false, cow);
    }
  } else {
    k.mark(MARK['dax_iomap_pte_fault:raced_with_pmd']);
  }
  unlockEntry(k, t, inode, index);
  return result;
}

/** What get_block() said was new is zeroed, whoever else may have allocated and zeroed it meanwhile. */
function* zeroEarly(k: Kernel, t: Task, inode: Inode, index: number): Run<void> {
  if (inode.blocks[index] !== HOLE) return;
  if (k.preempt(t, POINT['dax_iomap_pte_fault:looked_up'])) yield;
  if (yield* k.functions.iomapBegin(k, t, inode, index, 1, true)) zeroPage(k, t, inode, index);
}

function zeroPage(k: Kernel, t: Task, inode: Inode, index: number): void {
  const { pageSize } = k.program.geometry;
  k.functions.daxZeroRange(k, t, inode, index * pageSize, (index + 1) * pageSize);
}

/** Models dax_fault_check_fallback(): can a PMD map this address? */
function pmdIsSuitable(k: Kernel, vmf: VmFault): boolean {
  const { pmdPages } = k.program.geometry;
  const { vma } = vmf;
  const first = vmf.vpage & -pmdPages;
  if (vmf.pgoff % pmdPages !== vmf.vpage % pmdPages) return false;
  if (vmf.write && !vma.shared) {
    k.mark(MARK['dax_fault_check_fallback:private']);
    return false;
  }
  if (first < vma.start || first + pmdPages > vma.end) {
    k.mark(MARK['dax_fault_check_fallback:vma_too_small']);
    return false;
  }
  if ((vmf.pgoff | (pmdPages - 1)) < pagesOfSize(k, vma.inode)) return true;
  k.mark(MARK['dax_fault_check_fallback:file_too_small']);
  return false;
}

/** Models dax_iomap_pmd_fault(). */
export function* daxIomapPmdFault(k: Kernel, t: Task, vmf: VmFault): Run<FaultResult> {
  const { inode } = vmf.vma;
  if (vmf.pgoff >= pagesOfSize(k, inode)) {
    k.mark(MARK['dax_iomap_pmd_fault:beyond_eof']);
    return FAULT.sigbus;
  }
  if (!pmdIsSuitable(k, vmf)) return FAULT.fallback;
  const head = pmdHead(k, vmf.pgoff);
  const mappable = (): boolean =>
    k.mm.pmdOf(vmf.vpage) === 0 && extentKind(k, inode, head) === 'mapped';
  const isEarly = k.knobs.pmdLookupBeforeEntryLock && !vmf.write; // B24
  const early = isEarly ? extentKind(k, inode, head) : null;
  if (isEarly && k.preempt(t, POINT['dax_iomap_pmd_fault:looked_up'])) yield;
  const entry = yield* k.functions.grabMappingEntry(k, t, inode, vmf.pgoff, true, mappable);
  if (entry === ENTRY_CONFLICT) return FAULT.fallback;
  if (k.preempt(t, POINT['dax_iomap_pmd_fault:entry_locked'])) yield;
  let result: FaultResult = FAULT.fallback;
  if ((k.mm.pmdOf(vmf.vpage) & PMD_TABLE) !== 0) {
    k.mark(MARK['dax_iomap_pmd_fault:raced_with_table']);
    result = FAULT.noPage;
  } else if (!rangeNeedsCow(k, inode, head, k.program.geometry.pmdPages)) {
    const { pmdPages } = k.program.geometry;
    const begun = yield* k.functions.iomapBegin(k, t, inode, head, pmdPages, vmf.write);
    const kind = !begun ? 'mixed' : (early ?? extentKind(k, inode, head));
    if (kind === 'mapped' || (kind === 'hole' && !vmf.write)) {
      const block = kind === 'hole' ? HOLE : (inode.blocks[head] as number);
      result = yield* k.functions.daxFaultIter(k, t, vmf, entry, block, true);
    } else {
      k.mark(MARK[`dax_iomap_pmd_fault:${kind}`]);
    }
  } else {
    k.mark(MARK['dax_iomap_pmd_fault:needs_cow']);
  }
  unlockEntry(k, t, inode, vmf.pgoff);
  return result;
}

/** Whether a PMD's range is one aligned run of blocks, all hole, or neither. */
function extentKind(k: Kernel, inode: Inode, head: number): 'mapped' | 'hole' | 'mixed' {
  const { pmdPages } = k.program.geometry;
  const first = inode.blocks[head] as number;
  if (first !== HOLE && first % pmdPages !== 0) return 'mixed';
  for (let page = 0; page < pmdPages; page++) {
    const expected = first === HOLE ? HOLE : first + page;
    if (inode.blocks[head + page] !== expected) return 'mixed';
  }
  return first === HOLE ? 'hole' : 'mapped';
}

/**
 * Models dax_fault_iter(): entry, then page table; a hole that is read gets the zero page.
 *
 * Deviation: with `cow` the staged block is remapped before it is mapped. Linux does so after that, so a
 * read(2) in between finds the old block.
 */
export function* daxFaultIter(
  k: Kernel,
  t: Task,
  vmf: VmFault,
  entry: number,
  block: number,
  huge: boolean,
  cow = false,
): Run<FaultResult> {
  const { inode } = vmf.vma;
  const source = inode.blocks[vmf.pgoff] as number;
  const flags = huge ? DAX_PMD : 0;
  const insert = huge ? k.functions.insertPmd : k.functions.insertPte;
  if (block === HOLE) {
    const tags = k.knobs.readFaultTags; // B17
    yield* k.functions.daxInsertEntry(k, t, vmf, entry, makeEntry(0, flags | DAX_ZERO_PAGE), tags);
    return yield* insert(k, t, vmf, 0, PTE_ZERO);
  }
  if (!k.dev.alive) return FAULT.sigbus; // dax_iomap_direct_access()
  if (isListed(k, block, faultPages(k, huge))) {
    if (!huge) return poisonFault(k);
    k.mark(MARK['dax_iomap_pmd_fault:poisoned']);
    return FAULT.fallback;
  }
  const synchronous = k.functions.daxFaultIsSynchronous(k, vmf, huge) || (cow && vmf.vma.sync);
  const tags = vmf.write || k.knobs.readFaultTags; // B17
  vmf.dirtiesLater = vmf.write && !synchronous && k.knobs.dirtiesAfterFault; // A13, A15, A16
  const dirty = tags && !synchronous && !k.knobs.noDirtyTracking && !vmf.dirtiesLater; // B01
  yield* k.functions.daxInsertEntry(k, t, vmf, entry, makeEntry(block, flags), dirty, cow);
  if (cow) {
    k.functions.daxIomapCopyAround(k, t, source, block, 0, 0, !k.knobs.cowFaultCopyNotFlushed);
    if (k.preempt(t, POINT['dax_iomap_copy_around:copied'])) yield;
    if (!tryJournalStart(k, t)) yield* journalStart(k, t);
    k.functions.endCow(k, t, inode, vmf.pgoff);
    journalStop(k, t);
  }
  if (k.preempt(t, POINT['dax_fault_iter:entry_inserted'])) yield;
  if (synchronous && k.knobs.syncPteBeforeCommit) {
    yield* insert(k, t, vmf, block, PTE_WRITE | PTE_DIRTY); // B36
    return FAULT.needDsync;
  }
  if (synchronous) return FAULT.needDsync;
  const noNotify = k.knobs.noWriteNotify && !huge && vmf.vma.shared && vmf.vma.writable; // B14
  const readBits = noNotify ? PTE_WRITE : 0;
  const result = yield* insert(k, t, vmf, block, vmf.write ? PTE_WRITE | PTE_DIRTY : readBits);
  if (k.preempt(t, POINT['dax_fault_iter:pte_inserted'])) yield;
  return result;
}

/**
 * Models dax_finish_sync_fault() and dax_insert_pfn_mkwrite(): the block map goes to media first, then the
 * entry is tagged and the page becomes writable, if the entry is still there.
 */
export function* daxFinishSyncFault(
  k: Kernel,
  t: Task,
  vmf: VmFault,
  huge: boolean,
): Run<FaultResult> {
  const { inode } = vmf.vma;
  const index = faultHead(k, vmf, huge);
  if (k.preempt(t, POINT['dax_finish_sync_fault:start'])) yield;
  const end = index + faultPages(k, huge);
  const error = yield* k.functions.vfsFsyncRange(k, t, inode, index, end, true);
  if (error !== 0) return FAULT.sigbus;
  if (k.preempt(t, POINT['dax_finish_sync_fault:synced'])) yield;
  const entry =
    tryUnlockedEntry(k, t, inode, index) ?? (yield* getUnlockedEntry(k, t, inode, index));
  const isOther = huge ? !isPmd(entry) : isPmd(entry) && k.knobs.syncFaultRefusesHugeEntry; // L18
  if (entry === NO_ENTRY || isOther || isZero(entry) || isEmpty(entry)) {
    k.mark(MARK['dax_insert_pfn_mkwrite:gone']);
    putUnlockedEntry(k, inode, index, entry);
    return FAULT.noPage;
  }
  if (!huge && isPmd(entry)) k.mark(MARK['dax_insert_pfn_mkwrite:under_pmd']);
  const slot = slotOf(k, inode, index);
  if (!k.knobs.noDirtyTracking) setTag(k, t, inode, slot, TAG.dirty, WHY.fault);
  lockEntry(k, inode, index);
  xaLock(k, t);
  if (!k.knobs.noDirtyTracking && !k.knobs.syncFaultSkipsInode)
    k.functions.markInodeDirty(k, t, inode); // L03
  const insert = huge ? k.functions.insertPmd : k.functions.insertPte;
  const block = inode.blocks[index] as number;
  const result = yield* insert(k, t, vmf, block, PTE_WRITE | PTE_DIRTY);
  unlockEntry(k, t, inode, index);
  return result;
}
