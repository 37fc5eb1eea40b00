/**
 * User-mode accesses through a mapping: translate each piece of at most a cache line, fault where the page
 * tables do not allow it, and access memory. Translation and access are one step, as they are for an
 * instruction: an interrupt that changes the translation comes before or after it.
 */
import { LINE_SIZE } from '../../support/units.js';
import { blockAddress } from '../../media/layout.js';
import { EVENT, FENCE, LOAD } from '../../trace/event.js';
import type { Data } from '../../trace/trace.js';
import { fillData } from '../../trace/trace.js';
import type { Kernel } from '../kernel.js';
import { pageFault } from '../mm/fault.js';
import { PTE_ANONYMOUS, PTE_PRESENT, PTE_WRITE, PTE_ZERO, pteBlock } from '../mm/memory-manager.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Run, Task, Vma } from '../types.js';
import { EFAULT, EHWPOISON, FAULT } from '../types.js';

/** An access that faults more often than this in a row makes no progress: the kernel livelocks. */
const FAULTS_MAX = 100;
/** The page tables do not allow the access: it faults. */
const NO_TRANSLATION = 0;
/** No fault could get the access allowed: SIGSEGV or SIGBUS. */
export const NOT_MAPPED = 0;

/** The hardware's walk: the TLB first, then the page tables. */
export function lookup(k: Kernel, t: Task, vpage: number, write: boolean): number {
  const cached = t.tlb[vpage] as number;
  if (cached !== 0 && (!write || (cached & PTE_WRITE) !== 0)) return cached;
  const pte = k.mm.walk(vpage);
  if ((pte & PTE_PRESENT) === 0 || (write && (pte & PTE_WRITE) === 0)) return NO_TRANSLATION;
  t.tlb[vpage] = pte;
  return pte;
}

/** A translation that allows the access, after as many faults as it takes; callers try `lookup` first. */
export function* faultIn(k: Kernel, t: Task, vpage: number, write: boolean): Run<number> {
  for (let faults = 0; faults < FAULTS_MAX; faults++) {
    if (faults > 0) k.mark(MARK['user:faulted_again']);
    const result = yield* pageFault(k, t, vpage, write);
    t.metPoison = result === FAULT.hwpoison;
    if (result !== FAULT.noPage) return NOT_MAPPED;
    const pte = lookup(k, t, vpage, write);
    if (pte !== NO_TRANSLATION) return pte;
  }
  yield* k.block(t, POINT['livelock:fault']); // nobody will wake it: the run reports a stuck task
  return NOT_MAPPED;
}

/** Where a user access goes, piece by piece. */
export interface Piece {
  readonly vpage: number;
  /** Offset in the page. */
  readonly within: number;
  readonly length: number;
}

/** The next piece of [at, end): within one page, and within one cache line if `byLine`. */
export function pieceAt(
  k: Kernel,
  slotStart: number,
  at: number,
  end: number,
  byLine: boolean,
): Piece {
  const { pageSize } = k.program.geometry;
  const within = at % pageSize;
  const limit = byLine ? LINE_SIZE - (within % LINE_SIZE) : pageSize - within;
  return {
    vpage: slotStart + Math.floor(at / pageSize),
    within,
    length: Math.min(end - at, limit),
  };
}

/** The file page that a virtual page maps, for the trace. */
export function fileOffset(k: Kernel, vma: Vma, piece: Piece): number {
  return (vma.pgoff + piece.vpage - vma.start) * k.program.geometry.pageSize + piece.within;
}

/** Clips [offset, offset + length) to the mapping of a slot. */
function clip(
  k: Kernel,
  slot: number,
  offset: number,
  length: number,
): { start: number; end: number } | null {
  const mapping = k.mm.mappings[slot] ?? null;
  if (mapping === null) return null;
  const end = Math.min(offset + length, mapping.pages * k.program.geometry.pageSize);
  return offset < end ? { start: mapping.start, end } : null;
}

/** What the program gets for an access that no fault could get allowed. */
function signalOf(t: Task): number {
  const error = t.metPoison ? EHWPOISON : EFAULT;
  t.metPoison = false;
  return error;
}

/** Does the translation lead to memory of which a load, or the read for ownership of a store, fails? */
export function isPoisoned(k: Kernel, pte: number): boolean {
  const { errors } = k.dev;
  if (!errors.any || (pte & (PTE_ANONYMOUS | PTE_ZERO)) !== 0) return false;
  return errors.poisoned.has(pteBlock(pte));
}

/** Models do_machine_check() with kill_me_maybe(): memory_failure() with MF_ACTION_REQUIRED, and a signal. */
function* machineCheck(k: Kernel, t: Task, vpage: number, pte: number): Run<number> {
  const vma = k.mm.findVma(vpage);
  if (vma === null) return EFAULT;
  const page = vma.pgoff + vpage - vma.start;
  const block = pteBlock(pte);
  k.mark(MARK['user:machine_check']);
  k.trace.append(EVENT.machine_check, t.id, t.op, vma.inode.ino, page, block);
  return (yield* k.functions.memoryFailure(k, t, block)) === 0 ? EHWPOISON : EFAULT;
}

export function* userStore(
  k: Kernel,
  t: Task,
  slot: number,
  offset: number,
  length: number,
  byte: number,
): Run<number> {
  const range = clip(k, slot, offset, length);
  if (range === null) return EFAULT;
  for (let at = offset; at < range.end;) {
    const piece = pieceAt(k, range.start, at, range.end, true);
    const pte = lookup(k, t, piece.vpage, true) || (yield* faultIn(k, t, piece.vpage, true));
    if (pte === NOT_MAPPED) return signalOf(t);
    if (isPoisoned(k, pte)) return yield* machineCheck(k, t, piece.vpage, pte);
    if ((pte & PTE_ANONYMOUS) !== 0) storePrivate(k, pte, piece, byte);
    else if (!storeShared(k, t, pte, piece, byte)) return EFAULT;
    // To stop here is to hold the store in its buffer; otherwise the buffer drains at once.
    else if (k.preempt(t, POINT.store_buffered)) yield;
    else k.cpus.drain(t.id);
    at += piece.length;
    if (at < range.end && k.preempt(t, POINT.store_piece)) yield;
  }
  return 0;
}

function storePrivate(k: Kernel, pte: number, piece: Piece, byte: number): void {
  const page = k.mm.anonymous[pteBlock(pte)] as Uint8Array;
  page.fill(byte, piece.within, piece.within + piece.length);
}

/** Puts one piece into the store buffer; false if there is no mapping any more. */
function storeShared(k: Kernel, t: Task, pte: number, piece: Piece, byte: number): boolean {
  const vma = k.mm.findVma(piece.vpage);
  if (vma === null) return false;
  const address = blockAddress(k.layout, pteBlock(pte)) + piece.within;
  const { ino } = vma.inode;
  k.cpus.store(t.id, t.op, address, piece.length, byte, ino, fileOffset(k, vma, piece));
  return true;
}

export function* userLoad(
  k: Kernel,
  t: Task,
  slot: number,
  offset: number,
  length: number,
): Run<number> {
  const range = clip(k, slot, offset, length);
  if (range === null) return EFAULT;
  for (let at = offset; at < range.end;) {
    const piece = pieceAt(k, range.start, at, range.end, false);
    const pte = lookup(k, t, piece.vpage, false) || (yield* faultIn(k, t, piece.vpage, false));
    const vma = k.mm.findVma(piece.vpage);
    if (pte === NOT_MAPPED || vma === null) return signalOf(t);
    if (isPoisoned(k, pte)) return yield* machineCheck(k, t, piece.vpage, pte);
    loadPiece(k, t, vma, pte, piece);
    at += piece.length;
    if (at < range.end && k.preempt(t, POINT.store_piece)) yield;
  }
  return 0;
}

/** Gives what is there. `by` is LOAD.kernel for a call that copies from the user. */
export function loadPiece(k: Kernel, t: Task, vma: Vma, pte: number, piece: Piece, by = 0): Data {
  const offset = fileOffset(k, vma, piece);
  const { ino } = vma.inode;
  let address = -1;
  let data = fillData(0);
  let how = by;
  if ((pte & PTE_ANONYMOUS) !== 0) {
    const page = k.mm.anonymous[pteBlock(pte)] as Uint8Array;
    data = k.trace.appendBytes(page, piece.within, piece.length) as Data;
    how |= LOAD.private;
  } else if ((pte & PTE_ZERO) === 0) {
    address = blockAddress(k.layout, pteBlock(pte)) + piece.within;
    data = k.cpus.load(t.id, address, piece.length);
  }
  k.trace.append(EVENT.load, t.id, t.op, address, piece.length, data, how, ino, offset);
  return data;
}

/** clwb of every line of the range that is mapped, then sfence: what a MAP_SYNC user does. */
export function* userFlush(
  k: Kernel,
  t: Task,
  slot: number,
  offset: number,
  length: number,
): Run<number> {
  const range = clip(k, slot, offset, length);
  if (range === null) return EFAULT;
  for (let at = offset; at < range.end;) {
    const piece = pieceAt(k, range.start, at, range.end, false);
    const pte = lookup(k, t, piece.vpage, false) || (yield* faultIn(k, t, piece.vpage, false));
    if (pte === NOT_MAPPED) return signalOf(t);
    if ((pte & (PTE_ANONYMOUS | PTE_ZERO)) === 0) {
      const address = blockAddress(k.layout, pteBlock(pte)) + piece.within;
      k.cpus.flush(t.id, t.op, address, piece.length);
    }
    at += piece.length;
    if (k.preempt(t, POINT['user_flush:clwb'])) yield;
  }
  k.cpus.fence(t.id, t.op, FENCE.sfence);
  return 0;
}
