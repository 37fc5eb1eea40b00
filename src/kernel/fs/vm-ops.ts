/**
 * The file system's fault handlers (ext4_dax_vm_ops): locks and transaction around the DAX fault.
 *
 * Order, from outside: mmap_lock, freeze level, invalidate_lock (shared), journal handle (only ext4 joins
 * the transaction this early; XFS has one for each change), DAX entry. A synchronous fault commits after the
 * entry and the handle are released and before the PTE becomes writable.
 */
import type { Kernel } from '../kernel.js';
import { PTE_PRESENT, PTE_ZERO } from '../mm/memory-manager.js';
import { dirtyAfterFault, pageMkwrite } from '../mm/set-page-dirty.js';
import { POINT } from '../points.js';
import type { FaultResult, Run, Task, VmFault } from '../types.js';
import { FAULT } from '../types.js';
import { sbEnd, sbStart, trySbStart } from './freeze.js';
import { journalStart, journalStop, tryJournalStart } from './journal.js';
import { FREEZE } from './sb-writers.js';

/** Models ext4_dax_huge_fault() and __xfs_write_fault(), for a PMD or a PTE. */
export function* ext4DaxHugeFault(
  k: Kernel,
  t: Task,
  vmf: VmFault,
  huge: boolean,
): Run<FaultResult> {
  const { inode } = vmf.vma;
  const write = vmf.write && vmf.vma.shared;
  const guarded = write && !(k.knobs.upgradeIgnoresFreeze && isMappedReadOnly(k, vmf)); // B15
  if (guarded && !trySbStart(k, FREEZE.pagefault)) yield* sbStart(k, t, FREEZE.pagefault);
  if (write && !skipsTime(k, vmf)) yield* k.functions.fileUpdateTime(k, t, inode);
  if (write && k.preempt(t, POINT['dax_fault:update_time'])) yield;
  const lock = inode.invalidateLock;
  const locks = !k.knobs.faultsIgnoreInvalidateLock; // B30
  if (locks && !lock.tryRead(k, t)) yield* lock.waitRead(k, t);
  if (k.preempt(t, POINT['dax_fault:invalidate_lock'])) yield;
  if (write && k.knobs.filesystemKeepsBuffers) pageMkwrite(k, vmf, huge);
  const joins = write && k.sb.type === 'ext4';
  if (joins && !tryJournalStart(k, t)) yield* journalStart(k, t);
  let result = huge
    ? yield* k.functions.daxIomapPmdFault(k, t, vmf)
    : yield* k.functions.daxIomapPteFault(k, t, vmf);
  if (joins) journalStop(k, t);
  if (result === FAULT.needDsync) result = yield* k.functions.daxFinishSyncFault(k, t, vmf, huge);
  if (locks) lock.upRead(k, t);
  if (result === FAULT.cowLater) {
    if (k.preempt(t, POINT['dax_fault_cow_page:unlocked'])) yield;
    result = yield* k.functions.daxFaultCowPage(k, t, vmf, vmf.cowBlock); // B31
  }
  if (guarded) sbEnd(k, FREEZE.pagefault);
  if (vmf.dirtiesLater) yield* dirtyAfterFault(k, t, vmf); // A13, A15, A16
  return result;
}

function skipsTime(k: Kernel, vmf: VmFault): boolean {
  return k.knobs.upgradeSkipsTime && isMappedReadOnly(k, vmf); // B15
}

/** Would Linux come here through pfn_mkwrite? */
function isMappedReadOnly(k: Kernel, vmf: VmFault): boolean {
  const pte = k.mm.walk(vmf.vpage);
  return (pte & PTE_PRESENT) !== 0 && (pte & PTE_ZERO) === 0;
}
