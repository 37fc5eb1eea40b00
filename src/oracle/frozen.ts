/**
 * P12: from freeze's return to the start of a thaw, a file shows what it showed when the freeze returned.
 *
 * What devices write through pins is promised by nobody. While a thaw is under way nothing is: it may have
 * happened at any time since it started.
 */
import { OP } from '../program/op.js';
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import { AT, EVENT, PTE, STORE } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { coversPage } from './covers.js';
import type { Mechanism } from './mechanism.js';
import { OF_TIMES } from './mismatch.js';
import type { PromiseId } from './promise.js';
import type { JudgeState } from './state.js';

/** Nothing is frozen, as far as the trace shows. */
const THAWED = -1;

/** Events that change a file, and the arguments that say where. */
const SIZES = AT.i_size;
const MAPPED = AT.extent_map;
const UNMAPPED = AT.extent_unmap;

export class FrozenRule {
  /** The event of freeze's return. */
  private since = THAWED;
  /** Calls of either kind that are under way. */
  private freezes = 0;
  private thaws = 0;

  constructor(private readonly state: JudgeState) {}

  /** Between a freeze's return and the start of a thaw. */
  get isFrozen(): boolean {
    return this.since !== THAWED;
  }

  reset(): void {
    this.since = THAWED;
    this.freezes = 0;
    this.thaws = 0;
  }

  enter(event: number): void {
    const code = this.state.trace.argument(event, AT.op_enter.code);
    if (code === OP.freeze) this.freezes++;
    if (code !== OP.thaw) return;
    this.thaws++;
    this.since = THAWED;
  }

  exit(event: number): void {
    if (this.freezes === 0 && this.thaws === 0) return;
    const { trace, program } = this.state;
    const code = opAt(program, trace.op(event))?.code;
    if (code === OP.thaw) this.thaws--;
    if (code !== OP.freeze) return;
    this.freezes--;
    const succeeded = trace.argument(event, AT.op_exit.result) === 0;
    if (succeeded && this.thaws === 0) this.since = event;
  }

  store(event: number): void {
    if (this.since === THAWED) return;
    const { trace, disk } = this.state;
    const how = trace.argument(event, AT.store.how);
    const ino = trace.argument(event, AT.store.ino);
    if (ino < 0 || (how & STORE.dma) !== 0) return;
    // One that was issued before and held in its buffer is the freeze's affair, which may not have returned.
    if (trace.argument(event, AT.store.issued) < this.since) return;
    const offset = trace.argument(event, AT.store.offset);
    if ((how & STORE.kernel) === 0) {
      this.report(event, this.explain(event, ino, offset), ino, offset, event);
    } else if (disk.kind === 'fresh') {
      this.report(event, 'changed-while-frozen', ino, offset, event);
    }
  }

  /** A block map or size changes. Only some targets say when: the others, that it has, when calls end. */
  metadata(event: number): void {
    const { trace, disk, layout } = this.state;
    if (this.since === THAWED || disk.kind === 'opaque') return;
    const kind = trace.kind(event);
    if (kind === EVENT.i_size) {
      this.report(event, 'changed-while-frozen', trace.argument(event, SIZES.ino), -1, -1);
      return;
    }
    const at = kind === EVENT.extent_unmap ? UNMAPPED : MAPPED;
    const offset = trace.argument(event, at.page) * layout.geometry.pageSize;
    this.report(event, 'changed-while-frozen', trace.argument(event, at.ino), offset, -1);
  }

  times(event: number): void {
    const { trace, disk } = this.state;
    if (this.since === THAWED || disk.kind === 'opaque') return;
    const ino = trace.argument(event, AT.inode_time.ino);
    this.report(event, 'changed-while-frozen', ino, OF_TIMES, -1);
  }

  /** Media change, too, when nothing of a file does. */
  commit(event: number): void {
    if (this.since !== THAWED) this.report(event, 'changed-while-frozen', -1, -1, -1);
  }

  /** Did the freeze leave the page writable, or was it made so later? Not every trace says. */
  private explain(store: number, ino: number, offset: number): Mechanism {
    const { trace, layout } = this.state;
    const page = Math.floor(offset / layout.geometry.pageSize);
    let annotated = false;
    for (let event = 0; event < store; event++) {
      if (trace.kind(event) !== EVENT.set_pte) continue;
      if (!coversPage(trace, event, AT.set_pte, ino, page)) continue;
      annotated = true;
      const isWritable = trace.argument(event, AT.set_pte.state) === PTE.writable;
      if (isWritable && event > this.since) return 'write-fault-while-frozen';
    }
    return annotated ? 'left-writable-by-freeze' : 'changed-while-frozen';
  }

  private report(
    event: number,
    mechanism: Mechanism,
    ino: number,
    offset: number,
    store: number,
  ): void {
    const { state } = this;
    const op = state.trace.op(event);
    if (state.isRepeat('P12', mechanism, op, ino)) return;
    const detail = 'changed between freeze and thaw';
    state.report({ promise: 'P12', mechanism, op, event, ino, offset, store, detail }, null);
  }
}

/**
 * The event before which things count as done for a call: its start. A freeze lets nobody in any more when it
 * syncs, so that all that the files show at its return is covered, unless it could have been thawed by then.
 */
export function coveredBefore(
  program: Program,
  trace: Trace,
  promise: PromiseId,
  begin: number,
  end: number,
): number {
  return promise === 'P12' && !isThawedWithin(program, trace, begin, end) ? end : begin;
}

function isThawedWithin(program: Program, trace: Trace, begin: number, end: number): boolean {
  let underWay = 0;
  for (let event = 0; event < end; event++) {
    const kind = trace.kind(event);
    if (kind !== EVENT.op_enter && kind !== EVENT.op_exit) continue;
    if (opAt(program, trace.op(event))?.code !== OP.thaw) continue;
    underWay += kind === EVENT.op_enter ? 1 : -1;
    if (underWay > 0 && event > begin) return true;
    if (event > begin && kind === EVENT.op_exit) return true;
  }
  return underWay > 0;
}
