/**
 * P14: when the driver is unbound, nobody reaches the memory of the device any more; and of a file system
 * that is shut down, calls that need the device fail.
 *
 * What was promised before stays promised: that is decided where it was promised. After a shutdown alone what
 * is mapped may stay mapped, and nobody promises anything of what is stored through that.
 */
import { OP } from '../program/op.js';
import { opAt } from '../program/program.js';
import { AT, EVENT, LOAD, PTE, STORE } from '../trace/event.js';
import { TASK_NUMBERS } from '../trace/trace.js';
import { coversPage } from './covers.js';
import type { Mechanism } from './mechanism.js';
import type { JudgeState } from './state.js';
import { NEVER } from './view.js';

/** Calls that cannot have done what they are for. */
const NEED_DEVICE: ReadonlySet<number> = new Set([
  OP.fsync,
  OP.fdatasync,
  OP.syncfs,
  OP.pwrite,
  OP.pread,
  OP.ftruncate,
  OP.fallocate,
  OP.reflink,
  OP.reflink_range,
]);

export class RemovedRule {
  /** The returns of the first unbind, and of the first call after which the file system is down. */
  private removedAt = NEVER;
  private downAt = NEVER;
  /** When the call of each task began that is under way. */
  private readonly begun = new Int32Array(TASK_NUMBERS);

  constructor(private readonly state: JudgeState) {}

  reset(): void {
    this.removedAt = NEVER;
    this.downAt = NEVER;
  }

  enter(event: number): void {
    this.begun[this.state.trace.task(event)] = event;
  }

  exit(event: number): void {
    const { trace, program } = this.state;
    const code = opAt(program, trace.op(event))?.code ?? -1;
    const result = trace.argument(event, AT.op_exit.result);
    if ((code === OP.unbind || code === OP.shutdown) && result === 0) {
      this.downAt = Math.min(this.downAt, event);
      if (code === OP.unbind) this.removedAt = Math.min(this.removedAt, event);
      return;
    }
    const began = this.begun[trace.task(event)] as number;
    if (began < this.downAt || result < 0 || !NEED_DEVICE.has(code)) return;
    const ino = trace.argument(began, AT.op_enter.ino);
    this.report(event, 'succeeds-after-shutdown', ino, -1, -1, 'returned success');
  }

  store(event: number): void {
    if (event < this.removedAt) return;
    const { trace } = this.state;
    // One that was issued before waits in the store buffer of its CPU, not in the kernel's hands.
    if (trace.argument(event, AT.store.issued) < this.removedAt) return;
    const how = trace.argument(event, AT.store.how);
    const device = (how & STORE.dma) !== 0;
    const kernel = (how & STORE.kernel) !== 0;
    this.reached(event, device, kernel, AT.store, event);
  }

  load(event: number): void {
    if (event < this.removedAt || this.state.trace.argument(event, AT.load.address) < 0) return;
    const how = this.state.trace.argument(event, AT.load.how);
    this.reached(event, (how & LOAD.dma) !== 0, (how & LOAD.kernel) !== 0, AT.load, -1);
  }

  private reached(
    event: number,
    device: boolean,
    kernel: boolean,
    at: { readonly ino: number; readonly offset: number },
    store: number,
  ): void {
    const { trace } = this.state;
    const ino = trace.argument(event, at.ino);
    const offset = trace.argument(event, at.offset);
    let mechanism: Mechanism = 'kernel-reached-removed-memory';
    if (device) mechanism = 'device-reached-removed-memory';
    else if (!kernel) mechanism = this.explainMapping(event, ino, offset);
    this.report(event, mechanism, ino, offset, store, 'is reached after the device was removed');
  }

  /** Was the page mapped before the unbind began, or since? */
  private explainMapping(event: number, ino: number, offset: number): Mechanism {
    const { trace, layout } = this.state;
    const page = Math.floor(offset / layout.geometry.pageSize);
    const unbind = trace.op(this.removedAt);
    for (let at = event - 1; at >= 0; at--) {
      if (trace.kind(at) === EVENT.op_enter && trace.op(at) === unbind) break;
      if (trace.kind(at) !== EVENT.set_pte || trace.op(at) === unbind) continue;
      const isMapped = trace.argument(at, AT.set_pte.state) !== PTE.none;
      if (isMapped && coversPage(trace, at, AT.set_pte, ino, page)) return 'mapped-during-removal';
    }
    return 'left-mapped-by-removal';
  }

  private report(
    event: number,
    mechanism: Mechanism,
    ino: number,
    offset: number,
    store: number,
    detail: string,
  ): void {
    const { state } = this;
    const op = state.trace.op(event);
    if (state.isRepeat('P14', mechanism, op, ino)) return;
    state.report({ promise: 'P14', mechanism, op, event, ino, offset, store, detail }, null);
  }
}
