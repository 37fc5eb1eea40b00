/**
 * What files may hold after a power failure, said by operations alone, for a run of them that only keeps
 * the order in which they begin: calls that overlap may take effect in either order.
 *
 * The oracle's own definition (oracle/expectation.ts) is about one trace, where each effect has its event.
 * Here an effect happens at any time between the beginning of its operation and its return.
 */
import { freshDisk } from '../../media/fresh.js';
import { coveredBefore } from '../../oracle/frozen.js';
import type { Violation } from '../../oracle/promise.js';
import { wholeFiles } from '../../oracle/promise.js';
import type { FileRange } from '../../oracle/promise.js';
import { FALLOCATE, OP } from '../../program/op.js';
import type { Program } from '../../program/program.js';
import { fillOf } from '../../program/program.js';
import { ascending } from '../../support/order.js';
import { AT, EVENT, STORE } from '../../trace/event.js';
import type { Trace } from '../../trace/trace.js';
import { dataByte } from '../../trace/trace.js';
import type { Turn } from './order.js';

/** What bytes [from, to) of a file may be, each of them. */
export interface ExpectedBytes extends FileRange {
  readonly values: readonly number[];
}

export interface Expected {
  readonly bytes: readonly ExpectedBytes[];
  /** The sizes that the file may have; null if its size is not in question. */
  readonly size: { readonly ino: number; readonly values: readonly number[] } | null;
}

/** Something that an operation leaves behind. */
interface Effect {
  readonly turn: Turn;
  readonly value: number;
}

/** Bytes that an operation leaves behind. */
interface Write extends Effect, FileRange {}

export function expectedOf(
  program: Program,
  trace: Trace,
  turns: readonly Turn[],
  violation: Violation,
): Expected {
  const { writes, sizes } = effectsOf(program, trace, turns);
  if (violation.promise === 'P9') {
    const whole = wholeFiles('P3', violation.ino, freshDisk(program).layout);
    const ever = (found: readonly Write[]): number[] => unique([0, ...found.map((w) => w.value)]);
    return { bytes: inRanges(whole, writes, ever), size: null };
  }
  // Memory that goes bad is left out of the C form, and so is what it does to bytes.
  if (violation.promise === 'P15') return { bytes: [], size: null };
  const promise = turns.find(({ number }) => number === violation.op);
  const ranges = promisedRanges(program, trace, violation);
  if (promise === undefined || ranges.length === 0) return { bytes: [], size: null };
  const before = coveredBefore(program, trace, violation.promise, promise.begin, promise.end);
  const sizeOf = (ino: number): number[] => {
    const effects = sizes[ino] as Effect[];
    // The size at the start is promised like any other, as long as nothing may have changed it.
    const start = [initialSize(program, ino), ...effects.map(({ value }) => value)];
    return lastOf(effects, before) ?? unique(start);
  };
  const withinSize = ranges.map(({ ino, from, to }) => ({
    ino,
    from,
    // What lies beyond the end is nobody's content, whatever a mapping of the last page let in.
    to: Math.min(to, ...sizeOf(ino)),
  }));
  const { ino } = violation;
  return {
    bytes: inRanges(withinSize, writes, (found) => lastOf(found, before)),
    size: violation.offset < 0 ? { ino, values: sizeOf(ino) } : null,
  };
}

/** What a call that makes a promise covers; nothing for promises that no call makes. */
function promisedRanges(program: Program, trace: Trace, violation: Violation): FileRange[] {
  const { promise, op, plan } = violation;
  if (promise === 'P12' && plan === null) return []; // the running kernel is wrong, whatever is on media
  if (promise === 'P6' || promise === 'P12') {
    return wholeFiles(promise, -1, freshDisk(program).layout);
  }
  // Of what a program flushed by itself, the byte that was lost.
  if (promise === 'P8')
    return [{ ino: violation.ino, from: violation.offset, to: violation.offset + 1 }];
  if (promise !== 'P3' && promise !== 'P4' && promise !== 'P5') return [];
  const { pageSize } = program.geometry;
  const ranges: FileRange[] = [];
  for (let event = 0; event < trace.length; event++) {
    if (trace.kind(event) !== EVENT.sync_range || trace.op(event) !== op) continue;
    const first = trace.argument(event, AT.sync_range.page);
    const end = first + trace.argument(event, AT.sync_range.pages);
    const ino = trace.argument(event, AT.sync_range.ino);
    ranges.push({ ino, from: first * pageSize, to: end * pageSize });
  }
  return ranges;
}

const unique = (values: readonly number[]): number[] => [...new Set(values)].sort(ascending);

const initialSize = (program: Program, ino: number): number =>
  (program.files[ino]?.pages ?? 0) * program.geometry.pageSize;

/**
 * The values that a promise lets stand: an effect is gone only if another one surely came after it and had
 * happened before the event `before`. Null if the promise settles none of them.
 */
function lastOf(effects: readonly Effect[], before: number): number[] | null {
  const isSettled = ({ turn }: Effect): boolean => turn.end < before;
  if (!effects.some(isSettled)) return null;
  const stands = (effect: Effect, index: number): boolean =>
    !effects.some(
      (later, place) =>
        isSettled(later) &&
        (later.turn.begin > effect.turn.end || (later.turn === effect.turn && place > index)),
    );
  return unique(effects.filter(stands).map(({ value }) => value));
}

/** The parts of the ranges for which something is expected, as long as they can be. */
function inRanges(
  ranges: readonly FileRange[],
  writes: readonly Write[],
  valuesOf: (found: readonly Write[]) => number[] | null,
): ExpectedBytes[] {
  const parts: ExpectedBytes[] = [];
  for (const { ino, from, to } of ranges) {
    const touching = writes.filter((w) => w.ino === ino && w.from < to && w.to > from);
    const borders = unique([from, to, ...touching.flatMap((w) => [w.from, w.to])]);
    const inside = borders.filter((border) => border >= from && border <= to);
    for (let i = 0; i + 1 < inside.length; i++) {
      const [start, end] = [inside[i] as number, inside[i + 1] as number];
      const values = valuesOf(touching.filter((w) => w.from <= start && w.to >= end));
      if (values === null) continue;
      const last = parts[parts.length - 1];
      const joins =
        last?.ino === ino && last.to === start && String(last.values) === String(values);
      if (joins) parts[parts.length - 1] = { ...last, to: end };
      else parts.push({ ino, from: start, to: end, values });
    }
  }
  return parts;
}

/** All effects of the operations, in the order in which these began; sizes by file. */
function effectsOf(
  program: Program,
  trace: Trace,
  turns: readonly Turn[],
): { writes: Write[]; sizes: Effect[][] } {
  const writes: Write[] = [];
  const sizes: Effect[][] = program.files.map(() => []);
  const eventsOf = eventsByOp(trace);
  const sizeBefore = sizesBefore(program, trace);
  for (const turn of turns) {
    const events = eventsOf.get(turn.number) ?? [];
    // First what becomes zero, so that a write that also makes the file grow leaves its bytes.
    for (const event of events) {
      if (trace.kind(event) !== EVENT.i_size) continue;
      const ino = trace.argument(event, AT.i_size.ino);
      const size = trace.argument(event, AT.i_size.size);
      const before = sizeBefore.get(event) as number;
      const to = size < before ? Infinity : size;
      writes.push({ turn, value: 0, ino, from: Math.min(size, before), to });
      (sizes[ino] as Effect[]).push({ turn, value: size });
    }
    const { code, offset, length } = turn.op;
    const ino = inoOf(trace, events);
    const zeroes = code === OP.fallocate && turn.op.flags !== FALLOCATE.unshareRange;
    if (zeroes && ino >= 0 && (turn.result ?? 0) >= 0) {
      writes.push({ turn, value: 0, ino, from: offset, to: offset + length });
    }
    for (const event of events) {
      if (trace.kind(event) === EVENT.content) writes.push(...broughtBy(trace, turn, event));
    }
    if (code === OP.store || code === OP.pwrite) writes.push(...storesOf(trace, turn, events));
  }
  return { writes, sizes };
}

/** The bytes that a store or write puts into files; not the zeros that the kernel puts around them. */
function storesOf(trace: Trace, turn: Turn, events: readonly number[]): Write[] {
  const value = fillOf(turn.number);
  const stores: Write[] = [];
  for (const event of events) {
    if (trace.kind(event) !== EVENT.store) continue;
    const ino = trace.argument(event, AT.store.ino);
    const isDevice = (trace.argument(event, AT.store.how) & STORE.dma) !== 0;
    const byte = dataByte(trace, trace.argument(event, AT.store.data), 0);
    if (ino < 0 || isDevice || byte !== value) continue;
    const from = trace.argument(event, AT.store.offset);
    const to = from + trace.argument(event, AT.store.length);
    const last = stores[stores.length - 1];
    if (last?.ino === ino && last.to === from) stores[stores.length - 1] = { ...last, to };
    else stores.push({ turn, value, ino, from, to });
  }
  return stores;
}

/** What came to a file with a block, in runs of one byte. */
function broughtBy(trace: Trace, turn: Turn, event: number): Write[] {
  const ino = trace.argument(event, AT.content.ino);
  const start = trace.argument(event, AT.content.offset);
  const data = trace.argument(event, AT.content.data);
  const writes: Write[] = [];
  for (let index = 0; index < trace.argument(event, AT.content.length); index++) {
    const value = dataByte(trace, data, index);
    const from = start + index;
    const last = writes[writes.length - 1];
    if (last?.value === value) writes[writes.length - 1] = { ...last, to: from + 1 };
    else writes.push({ turn, value, ino, from, to: from + 1 });
  }
  return writes;
}

function eventsByOp(trace: Trace): Map<number, number[]> {
  const found = new Map<number, number[]>();
  for (let event = 0; event < trace.length; event++) {
    const number = trace.op(event);
    const events = found.get(number);
    if (events === undefined) found.set(number, [event]);
    else events.push(event);
  }
  return found;
}

/** The size of the file before each event that changes it. */
function sizesBefore(program: Program, trace: Trace): Map<number, number> {
  const sizes = program.files.map((_, ino) => initialSize(program, ino));
  const before = new Map<number, number>();
  for (let event = 0; event < trace.length; event++) {
    if (trace.kind(event) !== EVENT.i_size) continue;
    const ino = trace.argument(event, AT.i_size.ino);
    before.set(event, sizes[ino] as number);
    sizes[ino] = trace.argument(event, AT.i_size.size);
  }
  return before;
}

function inoOf(trace: Trace, events: readonly number[]): number {
  const enter = events.find((event) => trace.kind(event) === EVENT.op_enter);
  return enter === undefined ? -1 : trace.argument(enter, AT.op_enter.ino);
}
