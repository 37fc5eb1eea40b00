/**
 * Unbinding the pmem driver from its device: nd_pmem_remove(), kill_dax() and memunmap_pages().
 *
 * Before the struct pages and the kernel's mapping of the memory go, nobody may be left who could use them:
 * whoever holds the device is told and takes it away from its users; kernel code that copies is inside of
 * dax_read_lock(); who has pinned pages is waited for.
 */
import { EVENT } from '../../trace/event.js';
import { forceShutdown } from '../fs/shutdown.js';
import type { Kernel } from '../kernel.js';
import { sleepOn } from '../lock.js';
import { PMD_HUGE, PTE_ANONYMOUS, PTE_PRESENT, PTE_ZERO } from '../mm/memory-manager.js';
import { POINT } from '../points.js';
import type { Run, Task } from '../types.js';
import { ENODEV } from '../types.js';

/**
 * Models unbind_store() of the driver. A surprise is what blk_mark_disk_dead() says: the file system stops
 * before all else. Approximation: who unbinds while another one does is refused; in Linux he waits, and is
 * refused then.
 */
export function* unbind(k: Kernel, t: Task, surprise: boolean): Run<number> {
  if (k.dev.removing) return ENODEV;
  k.dev.removing = true;
  if (surprise) forceShutdown(k, t);
  yield* k.functions.killDax(k, t);
  yield* delGendisk(k, t);
  yield* k.functions.memunmapPages(k, t);
  return 0;
}

/** Models kill_dax(): the holder is told, and after the grace period nobody uses an address any more. */
export function* killDax(k: Kernel, t: Task): Run<void> {
  const { dev } = k;
  if (!k.knobs.holderNotNotified) yield* k.functions.daxNotifyFailure(k, t); // A17, A18, B45, B49
  dev.alive = false;
  k.trace.append(EVENT.kill_dax, t.id, t.op);
  if (k.preempt(t, POINT['kill_dax:dead'])) yield;
  while (dev.readers > 0) yield* sleepOn(k, t, dev.waitReaders); // synchronize_srcu()
}

/** What del_gendisk() does to a file system that nobody has told: bdev_mark_dead(). */
function* delGendisk(k: Kernel, t: Task): Run<void> {
  if (k.sb.isShutdown) return;
  yield* k.functions.ksysSync(k, t);
  forceShutdown(k, t);
}

/**
 * Models memunmap_pages(): the reference of the pagemap is killed, and its last user is waited for.
 *
 * Deviation: who has pinned a page is such a user. Since 5.18 the page of a file is none, and its struct page
 * is freed under the pin (L15).
 */
export function* memunmapPages(k: Kernel, t: Task): Run<void> {
  const { dev, mm } = k;
  dev.dying = true;
  if (k.preempt(t, POINT['memunmap_pages:killed'])) yield;
  // percpu_ref_kill() ends after an RCU grace period, and who has interrupts disabled is waited for by that.
  const walkers = k.knobs.memunmapWithoutGrace ? 0 : mm.fastWalkers;
  while ((mm.fastWalkers & walkers) !== 0) yield* sleepOn(k, t, mm.waitWalkers);
  while (isInUse(k)) yield* sleepOn(k, t, dev.waitPages);
  dev.memmapFreed = true;
  k.trace.append(EVENT.memunmap_pages, t.id, t.op);
}

function isInUse(k: Kernel): boolean {
  if (k.dev.pagemapReferences > 0) return true;
  if (!k.knobs.memunmapIgnoresPins && k.mm.isAnyPinned()) return true; // B48, L15
  return k.knobs.mappingsHoldReferences && isAnyMapped(k); // A19
}

/** Does a page table map a page of the device? */
function isAnyMapped({ mm }: Kernel): boolean {
  const isDevice = (entry: number): boolean =>
    (entry & PTE_PRESENT) !== 0 && (entry & (PTE_ZERO | PTE_ANONYMOUS)) === 0;
  return mm.pmds.some((pmd) => (pmd & PMD_HUGE) !== 0 && isDevice(pmd)) || mm.ptes.some(isDevice);
}
