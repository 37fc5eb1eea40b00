/**
 * Rules about the running kernel, decided event by event without any crash: what a load shows (P1), whether
 * a store reaches its file (P9), and whether a pinned block was freed or given away (P13).
 */
import { HOLE, blockOf, pageOf } from '../media/layout.js';
import { OP, PIN_LONGTERM } from '../program/op.js';
import { opAt } from '../program/program.js';
import { hex } from '../support/units.js';
import { AT, EVENT, LOAD, STORE } from '../trace/event.js';
import { dataByte, fillData } from '../trace/trace.js';
import type { DurabilityRule } from './durability.js';
import type { JudgeState } from './state.js';
import { ASTRAY, NO_FILLER, TWO_FILLERS } from './state.js';
import type { Mechanism } from './mechanism.js';

/** P1: a load shows the bytes that the file should hold at this point of the trace. */
export function checkLoad(state: JudgeState, event: number): void {
  const { trace, view, layout } = state;
  const how = trace.argument(event, AT.load.how);
  if ((how & LOAD.private) !== 0) return; // POSIX leaves open what a private mapping shows
  const ino = trace.argument(event, AT.load.ino);
  const offset = trace.argument(event, AT.load.offset);
  const data = trace.argument(event, AT.load.data);
  const length = Math.min(
    trace.argument(event, AT.load.length),
    (view.sizes[ino] as number) - offset,
  );
  for (let i = 0; i < length; i++) {
    const found = dataByte(trace, data, i);
    const expected = view.byteOf(ino, offset + i);
    if (found === expected || ownStoreHeld(state, event, ino, offset + i, found)) continue;
    const page = view.pageAt(ino, offset);
    const mapped = view.blocks[page] as number;
    const readFrom =
      trace.argument(event, AT.load.address) < 0
        ? HOLE
        : blockOf(layout, trace.argument(event, AT.load.address));
    // What a device reads is promised by its pin: that the block stays the file's.
    const promise = (how & LOAD.dma) !== 0 && readFrom !== mapped ? 'P13' : 'P1';
    if (readFrom !== mapped && heldDuringRead(state, event, ino, offset + i, found)) continue;
    const isZeroed = readFrom === mapped && state.astray[page] === ASTRAY.zeroed;
    const wrong = isZeroed ? 'zeroed-by-fault' : explainLoad(readFrom, mapped);
    const mechanism = promise === 'P13' ? 'pinned-block-freed' : wrong;
    if (state.isRepeat(promise, mechanism, trace.op(event), ino)) return;
    state.report(
      {
        promise,
        mechanism,
        op: trace.op(event),
        event,
        ino,
        offset: offset + i,
        store: -1,
        detail: `reads ${hex(found)}, expected ${hex(expected)}`,
      },
      null,
    );
    return;
  }
}

/**
 * A read(2) looks its block up and copies from it later. If a write fault has given the page another one
 * meanwhile, the read is concurrent with the store, and may show what was there before.
 */
function heldDuringRead(
  state: JudgeState,
  load: number,
  ino: number,
  offset: number,
  found: number,
): boolean {
  const { trace, program, layout } = state;
  const op = trace.op(load);
  const code = opAt(program, op)?.code;
  if (code !== OP.pread && code !== OP.pread_into) return false;
  const page = pageOf(layout, offset);
  const { extent_remap: at } = AT;
  for (let event = load - 1; event >= 0; event--) {
    const kind = trace.kind(event);
    if (kind === EVENT.op_enter && trace.op(event) === op) return false;
    if (kind !== EVENT.extent_remap || trace.op(event) === op) continue;
    if (trace.argument(event, at.ino) !== ino || trace.argument(event, at.page) !== page) continue;
    return state.expectation().hasHeld(ino, offset, found, load);
  }
  return false;
}

function explainLoad(readFrom: number, mapped: number): Mechanism {
  if (readFrom === mapped) return 'wrong-bytes-read';
  return readFrom === HOLE ? 'stale-zero-page' : 'stale-block';
}

/** The CPU's own store, still in its buffer when it loaded, is legally seen before anybody else sees it. */
function ownStoreHeld(
  state: JudgeState,
  load: number,
  ino: number,
  offset: number,
  value: number,
): boolean {
  const { trace } = state;
  const task = trace.task(load);
  for (let event = load + 1; event < trace.length; event++) {
    if (trace.kind(event) !== EVENT.store || trace.task(event) !== task) continue;
    if (trace.argument(event, AT.store.issued) > load) return false;
    const from = trace.argument(event, AT.store.offset);
    const within = offset >= from && offset < from + trace.argument(event, AT.store.length);
    if (trace.argument(event, AT.store.ino) !== ino || !within) continue;
    if (dataByte(trace, trace.argument(event, AT.store.data), offset - from) === value) return true;
  }
  return false;
}

/**
 * P9: a store through a mapping goes to the block that the file has there. One that does not is lost, and
 * so is whatever a later call promises about that page.
 */
export function checkStore(state: JudgeState, durability: DurabilityRule, event: number): void {
  const { trace, view, layout } = state;
  const ino = trace.argument(event, AT.store.ino);
  const how = trace.argument(event, AT.store.how);
  if (ino < 0) {
    checkCopy(state, durability, event);
    return;
  }
  if ((how & STORE.dma) !== 0) return; // what a device may reach is P13
  const offset = trace.argument(event, AT.store.offset);
  const page = view.pageAt(ino, offset);
  if (view.blocks[page] === blockOf(layout, trace.argument(event, AT.store.address))) {
    if ((how & STORE.kernel) !== 0 && destroys(state, event)) {
      durability.overwritten(event, page, ASTRAY.zeroed);
    }
    return;
  }
  const isKernel = (how & STORE.kernel) !== 0;
  // Zeroing before the block is mapped.
  if (isKernel && trace.argument(event, AT.store.data) === fillData(0)) return;
  state.astray[page] = ASTRAY.freedBlock;
  const mechanism: Mechanism = 'store-reached-freed-block';
  if (isKernel || state.isRepeat('P9', mechanism, -1, ino)) return;
  const detail = 'was not reached by a store through a mapping';
  const op = trace.op(event);
  state.report({ promise: 'P9', mechanism, op, event, ino, offset, store: event, detail }, null);
}

/**
 * What the kernel writes to a block that no file has yet is nobody's loss, unless two calls fill it: one may
 * copy over what the other wrote. Where some file has it already, that is what happens.
 */
function checkCopy(state: JudgeState, durability: DurabilityRule, event: number): void {
  const { trace, view, layout, disk } = state;
  const address = trace.argument(event, AT.store.address);
  if (disk.kind === 'opaque' || address < layout.dataStart) return;
  const block = blockOf(layout, address);
  for (const owner of view.pagesOf(block)) durability.overwritten(event, owner, ASTRAY.copied);
  const filling = trace.op(event);
  const before = state.filledBy[block] as number;
  state.filledBy[block] = before === NO_FILLER || before === filling ? filling : TWO_FILLERS;
}

/** Does a fault zero bytes of the file that were something else? */
function destroys({ trace, view }: JudgeState, event: number): boolean {
  if (!view.isFaultZeroing(event)) return false;
  const from = trace.argument(event, AT.store.offset);
  const to = from + trace.argument(event, AT.store.length);
  return view.firstOther(trace.argument(event, AT.store.ino), from, to, 0) >= 0;
}

/** P13: a block is not freed while it is pinned. */
export function checkFree(state: JudgeState, event: number): void {
  const { trace, view, layout } = state;
  const block = trace.argument(event, AT.extent_unmap.block);
  if ((view.pins[block] as number) <= 0) return;
  const mechanism: Mechanism = 'freed-while-pinned';
  const op = trace.op(event);
  const ino = trace.argument(event, AT.extent_unmap.ino);
  if (state.isRepeat('P13', mechanism, op, ino)) return;
  const offset = trace.argument(event, AT.extent_unmap.page) * layout.geometry.pageSize;
  const detail = `loses block ${block}, which is still pinned`;
  state.report({ promise: 'P13', mechanism, op, event, ino, offset, store: -1, detail }, null);
}

/**
 * P13: what is pinned is the file's, and is not pinned for as long as somebody likes: a page that is storage
 * could not be truncated.
 */
export function checkPin(state: JudgeState, event: number): void {
  const { trace, layout, view } = state;
  const op = trace.op(event);
  const ino = trace.argument(event, AT.pin.ino);
  const page = trace.argument(event, AT.pin.page);
  const block = trace.argument(event, AT.pin.block);
  const offset = page * layout.geometry.pageSize;
  const report = (mechanism: Mechanism, detail: string): void => {
    if (state.isRepeat('P13', mechanism, op, ino)) return;
    state.report({ promise: 'P13', mechanism, op, event, ino, offset, store: -1, detail }, null);
  };
  if (((opAt(state.program, op)?.flags ?? 0) & PIN_LONGTERM) !== 0) {
    report('longterm-pin', 'is pinned for any length of time');
  }
  if (view.blocks[view.pageIndex(ino, page)] !== block) {
    report('freed-block-pinned', `is pinned at block ${block}, which it has lost`);
  }
}

/** P13: a block that is mapped to a page now must not be pinned through its former owner. */
export function checkReuse(state: JudgeState, event: number): void {
  const { trace, view } = state;
  const block = trace.argument(event, AT.extent_map.block);
  if ((view.pins[block] as number) <= 0) return;
  const mechanism: Mechanism = 'block-reused-while-pinned';
  if (state.isRepeat('P13', mechanism, trace.op(event), -1)) return;
  state.report(
    {
      promise: 'P13',
      mechanism,
      op: trace.op(event),
      event,
      ino: trace.argument(event, AT.extent_map.ino),
      offset: trace.argument(event, AT.extent_map.page) * state.layout.geometry.pageSize,
      store: -1,
      detail: `gets block ${block}, which is still pinned through its former owner`,
    },
    null,
  );
}
