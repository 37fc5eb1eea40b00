/**
 * Private mappings (P1, P9): what the program stored through one stays there until the page is truncated away
 * or unmapped, whatever happens to the file; and what else a private copy shows has been the file's.
 *
 * POSIX leaves open whether a private mapping shows changes of the file, so nothing else is asked of it. A
 * byte is only known while its last store was alone: calls that overlap a store to the same mapping, a
 * truncation or a change of the mapping make it unknown.
 */
import type { Op } from '../program/op.js';
import { FALLOCATE, MAP_PRIVATE, OP } from '../program/op.js';
import { fillOf, opAt } from '../program/program.js';
import { empty } from '../support/lists.js';
import { hex } from '../support/units.js';
import { AT, LOAD } from '../trace/event.js';
import { dataByte } from '../trace/trace.js';
import type { JudgeState } from './state.js';

/** Nobody knows which byte should be there. */
const UNKNOWN = -1;

/** A mapping slot that holds a private mapping. */
interface PrivateMapping {
  /** The event at which it was there. */
  readonly since: number;
  /** Where the mapping begins in its file, in bytes. */
  readonly start: number;
  /** By offset in the mapping: what the program stored there last, or UNKNOWN. */
  readonly known: Int16Array;
  /** Every byte that any store through the slot may leave; null where a read may leave anything. */
  readonly stored: ReadonlySet<number> | null;
}

/** A call under way that stores to a mapping, changes one, or takes private copies away. */
interface OpenCall {
  readonly op: Op;
  readonly begin: number;
  /** Another one that may have met it was under way. */
  disturbed: boolean;
}

export class PrivateRule {
  /** Does the program ask for a private mapping at all? Most do not. */
  private concerned = false;
  private readonly mappings = new Map<number, PrivateMapping>();
  private readonly open: OpenCall[] = [];

  constructor(private readonly state: JudgeState) {}

  reset(): void {
    this.concerned = this.state.program.threads.some((ops) =>
      ops.some(({ code, flags }) => code === OP.mmap && (flags & MAP_PRIVATE) !== 0),
    );
    if (this.mappings.size > 0) this.mappings.clear();
    empty(this.open);
  }

  enter(event: number): void {
    if (!this.concerned) return;
    const op = this.opOf(event);
    if (op === null) return;
    if (op.code === OP.store) {
      const mapping = this.mappings.get(op.target);
      if (mapping !== undefined) forget(mapping, op);
    } else if (removes(op)) {
      this.remove(op);
    } else if (op.code !== OP.mmap) {
      return;
    }
    const meets = this.open.filter((other) => mayMeet(other.op, op));
    for (const other of meets) other.disturbed = true;
    this.open.push({ op, begin: event, disturbed: meets.length > 0 });
  }

  exit(event: number): void {
    if (this.open.length === 0) return;
    const op = this.opOf(event);
    const at = this.open.findIndex((call) => call.op === op);
    if (at < 0) return;
    const [call] = this.open.splice(at, 1) as [OpenCall];
    if (call.op.code === OP.mmap) this.noteMapping(call.op, event);
    else if (call.op.code === OP.store) this.noteStore(call, event);
    else this.remove(call.op);
  }

  private noteStore({ op, begin, disturbed }: OpenCall, event: number): void {
    const mapping = this.mappings.get(op.target);
    if (mapping === undefined) return;
    const { trace } = this.state;
    const succeeded = trace.argument(event, AT.op_exit.result) === 0;
    if (disturbed || !succeeded || begin < mapping.since) {
      forget(mapping, op);
      return;
    }
    const byte = fillOf(trace.op(event));
    mapping.known.fill(byte, op.offset, op.offset + op.length);
  }

  /** A load through a private mapping. */
  load(event: number): void {
    if (this.mappings.size === 0) return;
    const op = this.opOf(event);
    const mapping = op?.code === OP.load ? this.mappings.get(op.target) : undefined;
    if (mapping === undefined) return;
    const { trace } = this.state;
    const offset = trace.argument(event, AT.load.offset);
    const data = trace.argument(event, AT.load.data);
    const isCopy = (trace.argument(event, AT.load.how) & LOAD.private) !== 0;
    if (isCopy && this.isBeyondEnd(event)) return;
    for (let index = 0; index < trace.argument(event, AT.load.length); index++) {
      const found = dataByte(trace, data, index);
      const known = mapping.known[offset + index - mapping.start] ?? UNKNOWN;
      if (known !== UNKNOWN && known !== found) {
        this.reportLost(event, offset + index, found, known);
        return;
      }
      if (isCopy && known === UNKNOWN && mapping.stored?.has(found) === false) {
        if (!this.isOwn(event, offset + index, found)) return;
      }
    }
  }

  /** A copy of a page that truncation has taken away, after it has returned: the load should have failed. */
  private isBeyondEnd(event: number): boolean {
    const { state } = this;
    const ino = state.trace.argument(event, AT.load.ino);
    const offset = state.trace.argument(event, AT.load.offset);
    const { pageSize } = state.layout.geometry;
    const page = Math.floor(offset / pageSize);
    if (page * pageSize < (state.view.sizes[ino] as number)) return false;
    if (this.open.some(({ op }) => removes(op))) return false;
    const mechanism = 'foreign-private-copy';
    const op = state.trace.op(event);
    if (state.isRepeat('P9', mechanism, op, ino)) return true;
    const detail = 'is beyond the end of the file and still readable through a private mapping';
    state.report({ promise: 'P9', mechanism, op, event, ino, offset, store: -1, detail }, null);
    return true;
  }

  /** Has the file shown this byte? If not, that is reported. */
  private isOwn(event: number, offset: number, found: number): boolean {
    const { state } = this;
    const ino = state.trace.argument(event, AT.load.ino);
    if (found === 0 || found === state.view.byteOf(ino, offset)) return true;
    if (state.expectation().hasHeld(ino, offset, found, event)) return true;
    const mechanism = 'foreign-private-copy';
    const op = state.trace.op(event);
    if (state.isRepeat('P9', mechanism, op, ino)) return false;
    const detail = `reads ${hex(found)} through a private mapping, which was never the file's`;
    state.report({ promise: 'P9', mechanism, op, event, ino, offset, store: -1, detail }, null);
    return false;
  }

  private reportLost(event: number, offset: number, found: number, expected: number): void {
    const { state } = this;
    const mechanism = 'private-copy-lost';
    const op = state.trace.op(event);
    const ino = state.trace.argument(event, AT.load.ino);
    if (state.isRepeat('P1', mechanism, op, ino)) return;
    const detail = `reads ${hex(found)} through a private mapping, expected ${hex(expected)}`;
    state.report({ promise: 'P1', mechanism, op, event, ino, offset, store: -1, detail }, null);
  }

  private opOf(event: number): Op | null {
    return opAt(this.state.program, this.state.trace.op(event));
  }

  private noteMapping(op: Op, event: number): void {
    if (this.state.trace.argument(event, AT.op_exit.result) < 0) return;
    this.mappings.delete(op.target); // what was there has been unmapped
    if ((op.flags & MAP_PRIVATE) === 0) return;
    const { pageSize, filePagesMax } = this.state.layout.geometry;
    const start = op.offset * pageSize;
    const known = new Int16Array(filePagesMax * pageSize).fill(UNKNOWN);
    const stored = this.fillsOf(op.target);
    this.mappings.set(op.target, { since: event, start, known, stored });
  }

  private fillsOf(slot: number): ReadonlySet<number> | null {
    const ops = this.state.program.threads.flat();
    if (ops.some(({ code, source }) => code === OP.pread_into && source === slot)) return null;
    const fills = ops.flatMap(({ code, target }, number) =>
      code === OP.store && target === slot ? [fillOf(number)] : [],
    );
    return new Set(fills);
  }

  /** What `op` may take away, whichever file it is about. */
  private remove(op: Op): void {
    const { pageSize } = this.state.layout.geometry;
    for (const [slot, mapping] of this.mappings) {
      if (isOfMapping(op)) {
        const concerned = (op.code === OP.pread_into ? op.source : op.target) === slot;
        if (concerned) mapping.known.fill(UNKNOWN);
        continue;
      }
      // Whole pages go.
      const from = op.code === OP.ftruncate ? Math.floor(op.length / pageSize) * pageSize : 0;
      mapping.known.fill(UNKNOWN, Math.max(0, from - mapping.start));
    }
  }
}

/** Does the call take private copies away, or fill them with something else? */
function removes(op: Op): boolean {
  if (op.code === OP.ftruncate || isOfMapping(op)) return true;
  const shifts = op.flags === FALLOCATE.collapseRange || op.flags === FALLOCATE.insertRange;
  return op.code === OP.fallocate && shifts;
}

/** The same, for the copies of one mapping. */
function isOfMapping({ code }: Op): boolean {
  return code === OP.munmap || code === OP.madvise || code === OP.pread_into;
}

/** Two calls on the same slot, or one that takes copies away wherever they are. */
function mayMeet(a: Op, b: Op): boolean {
  return removes(a) || removes(b) || a.target === b.target;
}

function forget(mapping: PrivateMapping, op: Op): void {
  mapping.known.fill(UNKNOWN, op.offset, op.offset + op.length);
}
