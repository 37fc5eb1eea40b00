/**
 * get_user_pages_fast(): pages that are mapped already are pinned without any lock, by a walk of the page
 * tables that nobody who changes them waits for.
 *
 * What keeps it from pinning a page that is being taken away: it takes its reference, and then reads the
 * entry again. Whoever takes a page away clears the entry first and looks for references afterwards, so
 * either he sees the reference or the walk sees that the entry has changed.
 *
 * Interrupts are disabled during the walk. Where TLBs are flushed by interrupts (x86) whoever flushes them
 * waits for its end; a broadcast (arm64, INVLPGB) waits for nobody.
 */
import { EVENT } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { PinnedPage, Run, Task } from '../types.js';
import { PTE_PRESENT, PTE_WRITE, PTE_ZERO } from './memory-manager.js';
import {
  gupPutFolio,
  mapsShared,
  noteTracked,
  pageOf,
  tracePin,
  tryGrabFolio,
} from './pinned-page.js';

/** Models gup_fast(): pins pages of [start, end) into `pages`, up to the first one that needs a lock. */
export function* gupFast(
  k: Kernel,
  t: Task,
  slot: number,
  start: number,
  end: number,
  write: boolean,
  pages: PinnedPage[],
): Run<void> {
  const { mm } = k;
  mm.fastWalkers |= 1 << t.id; // local_irq_save()
  for (let vpage = start; vpage < end; vpage++) {
    const pinned = yield* gupFastPte(k, t, vpage, write);
    if (pinned === null) {
      k.mark(MARK['gup_fast:slow_path']);
      break;
    }
    pages.push(pinned);
    tracePin(k, t, EVENT.pin, slot, pinned, write);
    if (k.preempt(t, POINT['pin_user_pages:page_pinned'])) yield;
  }
  mm.fastWalkers &= ~(1 << t.id);
  mm.waitWalkers.wakeAll();
}

/** Models gup_fast_pte_range() and gup_fast_pmd_leaf() for one page; null if the slow path has to look. */
function* gupFastPte(k: Kernel, t: Task, vpage: number, write: boolean): Run<PinnedPage | null> {
  const pte = k.mm.walk(vpage);
  if ((pte & PTE_PRESENT) === 0 || (write && (pte & PTE_WRITE) === 0)) return null;
  if ((pte & PTE_ZERO) !== 0) return null; // pte_special()
  const page = pageOf(k, vpage, pte);
  if (page === null) return null;
  if (k.preempt(t, POINT['gup_fast_pte_range:pte_read'])) yield;
  const guards = k.knobs.gupFastChecksPagemap;
  if (guards && !k.dev.tryGetPagemap()) return null;
  tryGrabFolio(k, page);
  if (guards) k.dev.putPagemap();
  if (k.preempt(t, POINT['gup_fast_pte_range:referenced'])) yield;
  const isStable = k.mm.walk(vpage) === pte || k.knobs.gupFastNotRechecked; // N07
  if (!isStable || mapsShared(k, pte)) {
    k.mark(MARK[isStable ? 'gup_fast_pte_range:unshare' : 'gup_fast_pte_range:changed']);
    if (gupPutFolio(k, t, page)) k.pageIdle.wakeAll();
    return null;
  }
  noteTracked(k, page, write);
  return page;
}
