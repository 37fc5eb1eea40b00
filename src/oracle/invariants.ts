/**
 * The invariants of the running kernel that its trace shows, whatever target it came from; those that need
 * the kernel's own state are looked at by the model (kernel/invariants/). Checked event by event, where that
 * is asked for.
 *
 * I5: while the file system is frozen no page table lets a page of it be written.
 * I8: when a page of a MAP_SYNC mapping becomes writable, its block and a size that reaches it are on media.
 * I10: a private copy of a page goes only with its mapping, by MADV_DONTNEED, or when truncation takes the
 * page away.
 *
 * The others of the list are promises: I3 is P2 to P6, P8 and P12, each at the return of its call; I9 is P10;
 * I11 is P9 in every crash state.
 */
import { FALLOCATE, MAP_SYNC, OP } from '../program/op.js';
import type { Op } from '../program/op.js';
import { opAt } from '../program/program.js';
import type { BrokenInvariant, Invariant } from '../target/target.js';
import { AT, EVENT, PTE } from '../trace/event.js';
import type { FrozenRule } from './frozen.js';
import type { JudgeState } from './state.js';
import { isSyncSlot } from './user-flush.js';

const { set_pte: SET_PTE } = AT;

/** What the page tables hold at a virtual page, as far as it matters here. */
interface Mapped {
  readonly state: number;
  readonly ino: number;
  readonly page: number;
}

export class TraceInvariants {
  readonly broken: BrokenInvariant[] = [];
  /** Writable pages of files, and private copies. */
  private readonly mapped = new Map<number, Mapped>();
  private hasSync = false;
  private wasFrozen = false;

  constructor(
    private readonly state: JudgeState,
    private readonly frozen: FrozenRule,
  ) {}

  reset(): void {
    this.broken.length = 0;
    this.mapped.clear();
    this.wasFrozen = false;
    this.hasSync = this.state.program.threads.some((ops) =>
      ops.some(({ code, flags }) => code === OP.mmap && (flags & MAP_SYNC) !== 0),
    );
  }

  /** After the other rules have seen the event. */
  see(event: number, kind: number): void {
    if (kind === EVENT.set_pte) this.setPte(event);
    else if (kind === EVENT.op_exit) this.noteFreeze(event);
    else if (kind === EVENT.op_enter) this.wasFrozen &&= this.frozen.isFrozen;
  }

  private setPte(event: number): void {
    const { trace } = this.state;
    const argument = (place: number): number => trace.argument(event, place);
    const state = argument(SET_PTE.state);
    const ino = argument(SET_PTE.ino);
    const op = opAt(this.state.program, trace.op(event));
    for (let index = 0; index < argument(SET_PTE.pages); index++) {
      const vpage = argument(SET_PTE.vpage) + index;
      const now: Mapped = { state, ino, page: argument(SET_PTE.page) + index };
      const before = this.mapped.get(vpage);
      if (state === PTE.writable || state === PTE.anonymous) this.mapped.set(vpage, now);
      else this.mapped.delete(vpage);
      if (before?.state === PTE.anonymous && state !== PTE.anonymous)
        this.copyGone(event, before, op);
      if (state !== PTE.writable) continue;
      if (this.frozen.isFrozen) this.report('I5', event, now, 'became writable while frozen');
      if (this.hasSync && op !== null) this.madeWritable(event, now, op);
    }
  }

  private noteFreeze(event: number): void {
    const isFrozen = this.frozen.isFrozen;
    if (isFrozen && !this.wasFrozen) {
      const left = [...this.mapped.values()].find(({ state }) => state === PTE.writable);
      if (left !== undefined) this.report('I5', event, left, 'is writable when the freeze returns');
    }
    this.wasFrozen = isFrozen;
  }

  private madeWritable(event: number, now: Mapped, op: Op): void {
    const { program, disk, history, trace, view, layout } = this.state;
    const slot = slotOf(op);
    if (slot === null || disk.kind !== 'fresh' || !isSyncSlot(program, slot)) return;
    const { versions } = history;
    const file = versions.metadata(versions.durable, trace).files[now.ino];
    const block = view.blocks[view.pageIndex(now.ino, now.page)];
    if (file === undefined) return;
    if (file.blocks[now.page] !== block) {
      this.report('I8', event, now, 'became writable with MAP_SYNC before its block was on media');
    } else if (file.size <= now.page * layout.geometry.pageSize) {
      this.report('I8', event, now, 'became writable with MAP_SYNC before the size was on media');
    }
  }

  private copyGone(event: number, copy: Mapped, op: Op | null): void {
    if (op !== null && mayTakeCopy(op, copy.page, this.state.layout.geometry.pageSize)) return;
    this.report('I10', event, copy, 'has lost the private copy of a mapping');
  }

  private report(invariant: Invariant, event: number, { ino, page }: Mapped, found: string): void {
    if (this.broken.some((before) => before.invariant === invariant)) return;
    const offset = page * this.state.layout.geometry.pageSize;
    this.broken.push({ invariant, op: this.state.trace.op(event), event, ino, offset, found });
  }
}

/** The mapping slot through which an operation reaches memory. */
function slotOf(op: Op): number | null {
  switch (op.code) {
    case OP.load:
    case OP.store:
    case OP.user_flush:
    case OP.mprotect:
      return op.target;
    case OP.pin:
    case OP.pwrite_from:
    case OP.pread_into:
      return op.source;
    default:
      return null;
  }
}

/** Is the operation one that takes private copies of this page away? */
function mayTakeCopy(op: Op, page: number, pageSize: number): boolean {
  switch (op.code) {
    case OP.munmap:
    case OP.madvise:
      return true;
    case OP.ftruncate:
      return page * pageSize >= op.length;
    case OP.fallocate: {
      const shifts = op.flags === FALLOCATE.collapseRange || op.flags === FALLOCATE.insertRange;
      return shifts && (page + 1) * pageSize > op.offset;
    }
    default:
      return false;
  }
}
