/**
 * A call that changes a file and returns success has done so: what the kernel's own events say about the
 * file is held against what the program asked for. Without this rule a kernel that forgets to copy, to zero
 * an edge or to free a block would be believed. Only calls that nobody disturbed are judged: what a file
 * shows after two calls that overlapped depends on their order.
 */
import type { Op } from '../program/op.js';
import { FALLOCATE_PUNCH_HOLE, OP } from '../program/op.js';
import { fillOf, opAt } from '../program/program.js';
import { hex } from '../support/units.js';
import { empty } from '../support/lists.js';
import { AT, EVENT } from '../trace/event.js';
import type { JudgeState } from './state.js';

/** A call that is under way. */
interface OpenCall {
  readonly number: number;
  readonly op: Op;
  readonly ino: number;
  readonly sizeBefore: number;
  disturbed: boolean;
}

/** Events that change a file, and the argument that names it. */
const CHANGES = new Map<number, number>([
  [EVENT.store, AT.store.ino],
  [EVENT.i_size, AT.i_size.ino],
  [EVENT.extent_map, AT.extent_map.ino],
  [EVENT.extent_unmap, AT.extent_unmap.ino],
]);

export class MeaningRule {
  private readonly open: OpenCall[] = [];

  constructor(private readonly state: JudgeState) {}

  reset(): void {
    empty(this.open);
  }

  enter(event: number): void {
    const { trace, program, view } = this.state;
    const number = trace.op(event);
    const op = opAt(program, number);
    const ino = trace.argument(event, AT.op_enter.ino);
    if (op === null || ino < 0) return;
    if (op.code !== OP.pwrite && op.code !== OP.ftruncate && op.code !== OP.fallocate) return;
    this.open.push({ number, op, ino, sizeBefore: view.sizes[ino] as number, disturbed: false });
  }

  /** Somebody else changes a file that a call is working on. */
  change(event: number): void {
    if (this.open.length === 0) return;
    const { trace } = this.state;
    const ino = trace.argument(event, CHANGES.get(trace.kind(event)) as number);
    for (const call of this.open) {
      if (call.ino === ino && call.number !== trace.op(event)) call.disturbed = true;
    }
  }

  exit(event: number): void {
    const { trace } = this.state;
    if (this.open.length === 0) return;
    const at = this.open.findIndex(({ number }) => number === trace.op(event));
    if (at < 0) return;
    const [call] = this.open.splice(at, 1) as [OpenCall];
    const result = trace.argument(event, AT.op_exit.result);
    if (result < 0 || call.disturbed) return;
    if (call.op.code === OP.pwrite) this.checkWrite(event, call, result);
    else if (call.op.code === OP.ftruncate) this.checkTruncate(event, call);
    else this.checkZeros(event, call, call.op.offset, call.op.offset + call.op.length, 'P9');
  }

  private checkWrite(event: number, { op, number, ino }: OpenCall, written: number): void {
    const end = op.offset + written;
    if (written > 0 && (this.state.view.sizes[ino] as number) < end) {
      this.report(
        event,
        'P1',
        ino,
        -1,
        `is ${this.state.view.sizes[ino]}, expected at least ${end}`,
      );
      return;
    }
    this.checkBytes(event, ino, op.offset, end, fillOf(number), 'P1');
  }

  private checkTruncate(event: number, call: OpenCall): void {
    const size = this.state.view.sizes[call.ino] as number;
    if (size !== call.op.length) {
      this.report(event, 'P9', call.ino, -1, `is ${size}, expected ${call.op.length}`);
      return;
    }
    this.checkZeros(event, call, call.sizeBefore, size, 'P9'); // what growing added
  }

  private checkZeros(event: number, call: OpenCall, from: number, to: number, promise: 'P9'): void {
    const punched = call.op.code === OP.fallocate && call.op.flags === FALLOCATE_PUNCH_HOLE;
    const end = punched ? Math.min(to, this.state.view.sizes[call.ino] as number) : to;
    this.checkBytes(event, call.ino, from, end, 0, promise);
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
  ): void {
    const { state } = this;
    const op = state.trace.op(event);
    const mechanism = 'call-not-done';
    if (state.isRepeat(promise, mechanism, op, ino)) return;
    state.report({ promise, mechanism, op, event, ino, offset, store: -1, detail }, null);
  }
}
