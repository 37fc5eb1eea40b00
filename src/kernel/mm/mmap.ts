/**
 * mmap, munmap and mprotect. A vma belongs to one region of virtual pages per mapping slot; munmap and
 * mprotect of a part split it, as the kernel does.
 */
import type { Op } from '../../program/op.js';
import {
  MAP_PRIVATE,
  MAP_READ_ONLY,
  MAP_SYNC,
  MAP_UNALIGNED,
  PROTECT_READ_ONLY,
} from '../../program/op.js';
import { PTE, WHY } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task, Vma } from '../types.js';
import { EBADF, EBUSY, EINVAL, EIO, ENOMEM } from '../types.js';
import {
  PMD_HUGE,
  PTE_ANONYMOUS,
  PTE_DIRTY,
  PTE_PRESENT,
  PTE_WRITE,
  PTE_ZERO,
} from './memory-manager.js';
import { flushTlbRange, freePageTables, traceSetPte, waitForWalkers, waitPtl } from './rmap.js';

function* linkVma(k: Kernel, t: Task, vma: Vma): Run<void> {
  const lock = vma.inode.iMmapRwsem;
  if (!lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
  k.mm.vmas.push(vma);
  vma.inode.vmas.push(vma);
  lock.upWrite(k, t);
}

function* unlinkVma(k: Kernel, t: Task, vma: Vma): Run<void> {
  const lock = vma.inode.iMmapRwsem;
  if (!lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
  k.mm.vmas.splice(k.mm.vmas.indexOf(vma), 1);
  vma.inode.vmas.splice(vma.inode.vmas.indexOf(vma), 1);
  lock.upWrite(k, t);
}

export function* mmap(k: Kernel, t: Task, op: Op): Run<number> {
  const inode = k.mm.fds[op.source] ?? null;
  if (inode === null) return EBADF;
  if (k.sb.isShutdown) return EIO;
  inode.users++; // fget()
  const result = yield* mmapRegion(k, t, op, inode);
  inode.users--;
  return result;
}

/** Models mmap_region(). */
function* mmapRegion(k: Kernel, t: Task, op: Op, inode: Inode): Run<number> {
  const { mm } = k;
  if (mm.mappings[op.target] !== null) return EBUSY;
  const shared = (op.flags & MAP_PRIVATE) === 0;
  if (!shared && (op.flags & MAP_SYNC) !== 0) return EINVAL;
  if (!mm.mmapLock.tryWrite(k, t)) yield* mm.mmapLock.waitWrite(k, t);
  if (mm.mappings[op.target] !== null) {
    k.mark(MARK['mmap_region:raced']);
    mm.mmapLock.upWrite(k, t);
    return EBUSY;
  }
  // Aligned mappings have virtual addresses congruent to the file offset modulo the PMD size.
  const colour = op.offset % mm.pmdPages;
  const skew = (op.flags & MAP_UNALIGNED) !== 0 ? 1 : 0;
  const start = op.target * mm.slotPages + colour + skew;
  mm.mappings[op.target] = { start, pages: op.length };
  yield* linkVma(k, t, {
    inode,
    start,
    end: start + op.length,
    pgoff: op.offset,
    shared,
    sync: (op.flags & MAP_SYNC) !== 0,
    writable: (op.flags & MAP_READ_ONLY) === 0,
  });
  mm.mmapLock.upWrite(k, t);
  if (k.preempt(t, POINT['mmap:linked'])) yield;
  return 0;
}

/** Models split_vma(): `vma` ends at `at`, a new one goes on from there. */
function* splitVma(k: Kernel, t: Task, vma: Vma, at: number): Run<Vma> {
  const rest: Vma = { ...vma, start: at, pgoff: vma.pgoff + at - vma.start };
  // A PMD that would straddle the two is removed first (vma_adjust_trans_huge).
  if (at % k.mm.pmdPages !== 0 && (k.mm.pmdOf(at) & PMD_HUGE) !== 0) {
    k.mark(MARK['split_vma:straddling_pmd']);
    yield* k.functions.zapRange(k, t, vma, at, at + 1, false);
  }
  const lock = vma.inode.iMmapRwsem;
  if (!lock.tryWrite(k, t)) yield* lock.waitWrite(k, t);
  vma.end = at;
  k.mm.vmas.push(rest);
  vma.inode.vmas.push(rest);
  lock.upWrite(k, t);
  return rest;
}

/** The vmas inside [start, end) by their addresses, split at its borders where needed. */
function* isolateVmas(k: Kernel, t: Task, start: number, end: number): Run<Vma[]> {
  const inside: Vma[] = [];
  for (const vma of [...k.mm.vmas]) {
    if (vma.end <= start || vma.start >= end) continue;
    let part = vma;
    if (part.start < start) part = yield* splitVma(k, t, part, start);
    if (part.end > end) yield* splitVma(k, t, part, end);
    inside.push(part);
  }
  return inside.sort((a, b) => a.start - b.start);
}

/** The virtual pages that `op` names in a mapping slot, clipped to the mapping; null when it is outside. */
export function mappedRange(
  k: Kernel,
  op: Op,
  mapping = op.target,
): { start: number; end: number } | null {
  const slot = k.mm.mappings[mapping] ?? null;
  if (slot === null || op.offset >= slot.pages) return null;
  const start = slot.start + op.offset;
  return { start, end: slot.start + Math.min(slot.pages, op.offset + op.length) };
}

/** A run of virtual pages and the vmas in it, which need not fill it. */
interface Isolated {
  readonly start: number;
  readonly end: number;
  readonly vmas: readonly Vma[];
}

/**
 * Takes mmap_lock for writing and isolates the vmas that `op` names; null, unlocked, where that is no part of
 * a mapping.
 */
function* lockVmas(k: Kernel, t: Task, op: Op): Run<Isolated | null> {
  const { mmapLock } = k.mm;
  if (k.mm.mappings[op.target] === null) return null;
  if (!mmapLock.tryWrite(k, t)) yield* mmapLock.waitWrite(k, t);
  const range = mappedRange(k, op);
  if (range !== null) {
    const vmas = yield* isolateVmas(k, t, range.start, range.end);
    if (vmas.length === 0) k.mark(MARK['do_munmap:nothing_there']);
    if (vmas.length > 1) k.mark(MARK['do_munmap:several_vmas']);
    return { ...range, vmas };
  }
  mmapLock.upWrite(k, t);
  return null;
}

/** vm_ops->close as it was proposed. The vma has left i_mmap by then: fsync's own test may skip the file. */
function* syncAtClose(k: Kernel, t: Task, inode: Inode): Run<void> {
  const pages = inode.blocks.length;
  yield* k.functions.daxWritebackMappingRange(k, t, inode, 0, pages);
  yield* k.functions.vfsFsyncRange(k, t, inode, 0, pages, false);
}

export function* munmap(k: Kernel, t: Task, op: Op): Run<number> {
  const { mm } = k;
  const isolated = yield* lockVmas(k, t, op);
  if (isolated === null) return EINVAL;
  for (const vma of isolated.vmas) {
    yield* k.functions.zapRange(k, t, vma, vma.start, vma.end, true);
    if (k.preempt(t, POINT['munmap:zapped'])) yield;
    yield* unlinkVma(k, t, vma);
    freePageTables(k, vma.start, vma.end);
    if (k.knobs.munmapSyncs && vma.shared) yield* syncAtClose(k, t, vma.inode); // A23
  }
  const slot = mm.mappings[op.target] ?? null;
  if (
    slot !== null &&
    !mm.vmas.some((vma) => vma.start < slot.start + slot.pages && vma.end > slot.start)
  ) {
    mm.mappings[op.target] = null;
  }
  mm.mmapLock.upWrite(k, t);
  return 0;
}

/**
 * Models mprotect(). Taking write permission away write-protects the page tables; giving it does not make
 * them writable (vma_wants_writenotify), so that the first store still faults and is tracked.
 */
export function* mprotect(k: Kernel, t: Task, op: Op): Run<number> {
  const isolated = yield* lockVmas(k, t, op);
  if (isolated === null) return EINVAL;
  let done = isolated.start;
  for (const vma of isolated.vmas) {
    if (vma.start !== done) break; // nothing is mapped here, and what comes behind it stays as it is
    vma.writable = (op.flags & PROTECT_READ_ONLY) === 0;
    if (!vma.writable || k.knobs.noWriteNotify) yield* changeProtection(k, t, vma);
    done = vma.end;
    if (k.preempt(t, POINT['mprotect:protected'])) yield;
  }
  k.mm.mmapLock.upWrite(k, t);
  return done === isolated.end ? 0 : ENOMEM;
}

/**
 * Models madvise_dontneed_single_vma(): what maps the pages goes, as if nobody had touched them. It holds
 * mmap_lock for reading, so that faults run beside it.
 */
export function* madvise(k: Kernel, t: Task, op: Op): Run<number> {
  const { mm } = k;
  if (mm.mappings[op.target] === null) return EINVAL;
  if (!mm.mmapLock.tryRead(k, t)) yield* mm.mmapLock.waitRead(k, t);
  const range = mappedRange(k, op);
  let covered = 0;
  for (const vma of range === null ? [] : [...mm.vmas]) {
    const start = Math.max(vma.start, range?.start ?? 0);
    const end = Math.min(vma.end, range?.end ?? 0);
    if (start >= end) continue;
    covered += end - start;
    yield* k.functions.zapRange(k, t, vma, start, end, true);
    if (k.preempt(t, POINT['madvise:zapped'])) yield;
  }
  mm.mmapLock.upRead(k, t);
  return range !== null && covered === range.end - range.start ? 0 : ENOMEM;
}

/**
 * Models change_protection(): mappings that can be written become read-only. Where vma_wants_writenotify()
 * says no they become writable with their vma (B14).
 */
function* changeProtection(k: Kernel, t: Task, vma: Vma): Run<void> {
  if (k.mm.ptlHeld) yield* waitPtl(k, t);
  const { mm } = k;
  for (let vpage = vma.start; vpage < vma.end; vpage++) {
    const slot = mm.pmdIndex(vpage);
    const pmd = mm.pmds[slot] as number;
    if ((pmd & PMD_HUGE) !== 0) {
      if ((pmd & PTE_WRITE) === 0 || vma.writable) continue;
      mm.pmds[slot] = pmd & ~(PTE_WRITE | PTE_DIRTY);
      traceSetPte(k, t, vma, slot * mm.pmdPages, mm.pmdPages, PTE.readOnly, WHY.protect);
    } else {
      const pte = mm.ptes[vpage] as number;
      if ((pte & PTE_PRESENT) === 0) continue;
      if (vma.writable) {
        allowWrites(k, t, vma, vpage, pte);
        continue;
      }
      if ((pte & PTE_WRITE) === 0) continue;
      mm.ptes[vpage] = pte & ~PTE_WRITE;
      const state = (pte & PTE_ANONYMOUS) !== 0 ? PTE.anonymous : PTE.readOnly;
      traceSetPte(k, t, vma, vpage, 1, state, WHY.protect);
    }
  }
  flushTlbRange(k, vma.start, vma.end);
  if (mm.fastWalkers !== 0) yield* waitForWalkers(k, t);
}

/** A page of the file becomes writable without a fault, and without anybody being told. */
function allowWrites(k: Kernel, t: Task, vma: Vma, vpage: number, pte: number): void {
  if (!vma.shared || (pte & (PTE_WRITE | PTE_ZERO | PTE_ANONYMOUS)) !== 0) return;
  k.mm.ptes[vpage] = pte | PTE_WRITE;
  traceSetPte(k, t, vma, vpage, 1, PTE.writable, WHY.protect);
}
