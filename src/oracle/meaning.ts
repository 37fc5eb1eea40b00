/**
 * A call that changes a file and returns success has done so: what the kernel's own events say about the
 * file is held against what the program asked for. Without this rule a kernel that forgets to copy, to zero
 * an edge or to free a block would be believed. Only calls that nobody disturbed are judged: what a file
 * shows after two calls that overlapped depends on their order.
 */
import type { Op } from '../program/op.js';
import { FALLOCATE, movesBlocks, O_DSYNC, OP } from '../program/op.js';
import { fillOf, opAt } from '../program/program.js';
import { hex } from '../support/units.js';
import { empty } from '../support/lists.js';
import { AT } from '../trace/event.js';
import { FILE_CHANGES } from './file-changes.js';
import { bytesAfter, sourceSlot } from './moved-bytes.js';
import type { Mechanism } from './mechanism.js';
import type { JudgeState } from './state.js';

/** A call that is under way. */
interface OpenCall {
  readonly number: number;
  readonly op: Op;
  readonly ino: number;
  readonly sizeBefore: number;
  /** The file that it takes bytes from, mostly its own; what was in there if bytes move. */
  readonly from: number;
  readonly bytes: Uint8Array | null;
  disturbed: boolean;
}

/** Calls that are held to what they are to do, beside those that move blocks. */
const CHANGING: ReadonlySet<number> = new Set([
  OP.pwrite,
  OP.pwrite_from,
  OP.ftruncate,
  OP.fallocate,
]);

export class MeaningRule {
  private readonly open: OpenCall[] = [];
  /** Calls of any kind that are under way. */
  private underWay = 0;
  /** The file behind each descriptor. */
  private readonly files = new Map<number, number>();

  constructor(private readonly state: JudgeState) {}

  reset(): void {
    empty(this.open);
    if (this.files.size > 0) this.files.clear();
    this.underWay = 0;
  }

  enter(event: number): void {
    const { trace, program, view, disk } = this.state;
    // A real kernel says what a call has changed when some call ends: of two it could have been either.
    const overlaps = disk.kind === 'opaque' && this.underWay++ > 0;
    if (overlaps) for (const call of this.open) call.disturbed = true;
    const number = trace.op(event);
    const op = opAt(program, number);
    const ino = trace.argument(event, AT.op_enter.ino);
    if (op === null || ino < 0) return;
    const moves = movesBlocks(op);
    if (!moves && !CHANGING.has(op.code)) return;
    const slot = sourceSlot(op);
    const from = slot === null ? ino : (this.files.get(slot) ?? ino);
    const bytes = moves ? view.copyOf(from) : null;
    const sizeBefore = view.sizes[ino] as number;
    this.open.push({ number, op, ino, sizeBefore, from, bytes, disturbed: overlaps });
  }

  /** Somebody else changes a file that a call is working on. */
  change(event: number): void {
    if (this.open.length === 0) return;
    const { trace } = this.state;
    const ino = trace.argument(event, FILE_CHANGES.get(trace.kind(event)) as number);
    for (const call of this.open) {
      const concerned = call.ino === ino || call.from === ino;
      if (concerned && call.number !== trace.op(event)) call.disturbed = true;
    }
  }

  /** The device goes: a call that is under way may have come to an end before it was done. */
  disturb(): void {
    for (const call of this.open) call.disturbed = true;
  }

  exit(event: number): void {
    const { trace } = this.state;
    this.underWay--;
    this.noteOpen(event);
    if (this.open.length === 0) return;
    const at = this.open.findIndex(({ number }) => number === trace.op(event));
    if (at < 0) return;
    const [call] = this.open.splice(at, 1) as [OpenCall];
    const result = trace.argument(event, AT.op_exit.result);
    if (call.disturbed) return;
    if (result < 0) this.checkFailed(event, call);
    else if (call.op.code === OP.pwrite_from) this.hasGrown(event, call, result);
    else if (call.bytes !== null) this.checkMoved(event, call, call.bytes);
    else if (call.op.code === OP.pwrite) this.checkWrite(event, call, result);
    else if (call.op.code === OP.ftruncate) this.checkTruncate(event, call);
    else this.checkFallocate(event, call);
  }

  /**
   * A write says how much it has written, so that one that fails has not: the file is as long as before.
   * With O_DSYNC the error may be that of the sync after it.
   */
  private checkFailed(event: number, { op, ino, sizeBefore }: OpenCall): void {
    if (op.code !== OP.pwrite && op.code !== OP.pwrite_from) return;
    const syncs = op.code === OP.pwrite && (op.flags & O_DSYNC) !== 0;
    if (syncs || this.state.view.shutdownAt < event) return;
    const size = this.state.view.sizes[ino] as number;
    if (size === sizeBefore) return;
    const detail = `is ${size}, expected ${sizeBefore}`;
    this.report(event, 'P1', ino, -1, detail, 'failed-write-took-effect');
  }

  private hasGrown(event: number, { op, ino }: OpenCall, written: number): boolean {
    const end = op.offset + written;
    const size = this.state.view.sizes[ino] as number;
    if (written === 0 || size >= end) return true;
    this.report(event, 'P1', ino, -1, `is ${size}, expected at least ${end}`);
    return false;
  }

  private checkWrite(event: number, call: OpenCall, written: number): void {
    const { op, number, ino } = call;
    const end = op.offset + written;
    if (!this.hasGrown(event, call, written)) return;
    this.checkBytes(event, ino, op.offset, end, fillOf(number), 'P1');
  }

  private checkTruncate(event: number, { op, ino, sizeBefore }: OpenCall): void {
    if (!this.hasSize(event, ino, op.length)) return;
    this.checkBytes(event, ino, sizeBefore, op.length, 0, 'P9'); // what growing added
  }

  private checkFallocate(event: number, { op, ino, sizeBefore }: OpenCall): void {
    const end = op.offset + op.length;
    const size = this.state.view.sizes[ino] as number;
    switch (op.flags) {
      case FALLOCATE.punchHole:
        this.checkBytes(event, ino, op.offset, Math.min(end, size), 0, 'P9');
        break;
      case FALLOCATE.zeroRange:
        this.checkBytes(event, ino, op.offset, end, 0, 'P9');
        break;
      case FALLOCATE.allocateKeepSize:
        this.hasSize(event, ino, sizeBefore);
        break;
      default:
        if (!this.hasSize(event, ino, Math.max(sizeBefore, end))) return;
        this.checkBytes(event, ino, sizeBefore, end, 0, 'P9');
        break;
    }
  }

  private checkMoved(event: number, { op, ino, sizeBefore }: OpenCall, from: Uint8Array): void {
    const { view, layout } = this.state;
    const { offset, bytes, size } = bytesAfter(op, from, sizeBefore, layout.geometry.pageSize);
    if (!this.hasSize(event, ino, size)) return;
    for (let index = 0; index < bytes.length; index++) {
      const found = view.byteOf(ino, offset + index);
      const expected = bytes[index] as number;
      if (found === expected) continue;
      const detail = `reads ${hex(found)}, expected ${hex(expected)}`;
      this.report(event, 'P9', ino, offset + index, detail);
      return;
    }
  }

  private hasSize(event: number, ino: number, expected: number): boolean {
    const size = this.state.view.sizes[ino] as number;
    if (size === expected) return true;
    this.report(event, 'P9', ino, -1, `is ${size}, expected ${expected}`);
    return false;
  }

  private noteOpen(event: number): void {
    const { trace, program } = this.state;
    const op = opAt(program, trace.op(event));
    const opens = op?.code === OP.open && trace.argument(event, AT.op_exit.result) >= 0;
    if (!opens) return;
    this.files.set(op.target, op.source);
    // A call under way may have looked its descriptors up before this or after it.
    for (const call of this.open) if (sourceSlot(call.op) === op.target) call.disturbed = true;
  }

  /** Does the file show `byte` in [from, to)? */
  private checkBytes(
    event: number,
    ino: number,
    from: number,
    to: number,
    byte: number,
    promise: 'P1' | 'P9',
  ): void {
    const offset = this.state.view.firstOther(ino, from, to, byte);
    if (offset < 0) return;
    const found = this.state.view.byteOf(ino, offset);
    this.report(event, promise, ino, offset, `reads ${hex(found)}, expected ${hex(byte)}`);
  }

  private report(
    event: number,
    promise: 'P1' | 'P9',
    ino: number,
    offset: number,
    detail: string,
    mechanism: Mechanism = 'call-not-done',
  ): void {
    const { state } = this;
    const op = state.trace.op(event);
    if (state.isRepeat(promise, mechanism, op, ino)) return;
    state.report({ promise, mechanism, op, event, ino, offset, store: -1, detail }, null);
  }
}
