/**
 * The append-only record of one execution.
 *
 * Events are rows of eight 32-bit integers in one typed array, and bytes live in a pool beside it: an
 * execution allocates nothing once the arrays have grown, and hashing or comparing two traces is comparing
 * two arrays. No object is ever made of an event; text.ts prints them. The same Trace is reused for the
 * next execution after `clear`.
 */
import { Hasher } from '../support/hash.js';
import type { EventKind } from './event.js';

/** Integers of one row: the header and seven arguments. */
export const STRIDE = 8;
const STRIDE_SHIFT = 3;

/** Header: kind in bits 0-7, task in 8-11, operation number + 1 in 12-31. */
const KIND_MASK = 255;
const TASK_SHIFT = 8;
const OP_SHIFT = 12;

/** Task numbers are below this, a power of two: what the header has room for. */
export const TASK_NUMBERS = 1 << (OP_SHIFT - TASK_SHIFT);

/** The task number of the device that does DMA, and of whatever happened before any task ran. */
export const DEVICE_TASK = 8;
export const NO_TASK = TASK_NUMBERS - 1;

/** What the first integer of a row says, for loops that read rows themselves. */
export const kindOf = (header: number): number => header & KIND_MASK;
export const taskOf = (header: number): number => (header >> TASK_SHIFT) & (TASK_NUMBERS - 1);

export class Trace {
  /** Rows; only the first `length` are valid. */
  rows = new Int32Array(1024 * STRIDE);
  length = 0;
  /** Bytes of stores, loads and commits that are not one repeated byte. */
  pool = new Uint8Array(16 * 1024);
  poolLength = 0;

  clear(): void {
    this.length = 0;
    this.poolLength = 0;
  }

  /** Appends a row and gives its index. Arguments that a kind does not use are zero. */
  append(
    kind: EventKind,
    task: number,
    op: number,
    a = 0,
    b = 0,
    c = 0,
    d = 0,
    e = 0,
    f = 0,
    g = 0,
  ): number {
    const index = this.length;
    const at = index << STRIDE_SHIFT;
    if (at === this.rows.length) this.growRows();
    const rows = this.rows;
    rows[at] = kind | (task << TASK_SHIFT) | ((op + 1) << OP_SHIFT);
    rows[at + 1] = a;
    rows[at + 2] = b;
    rows[at + 3] = c;
    rows[at + 4] = d;
    rows[at + 5] = e;
    rows[at + 6] = f;
    rows[at + 7] = g;
    this.length = index + 1;
    return index;
  }

  kind(index: number): number {
    return kindOf(this.rows[index << STRIDE_SHIFT] as number);
  }

  task(index: number): number {
    return taskOf(this.rows[index << STRIDE_SHIFT] as number);
  }

  /** Operation number in thread order over the program; -1 outside operations. */
  op(index: number): number {
    return ((this.rows[index << STRIDE_SHIFT] as number) >>> OP_SHIFT) - 1;
  }

  /** An argument of an event; AT (event.ts) has the places of each kind. */
  argument(index: number, which: number): number {
    return this.rows[(index << STRIDE_SHIFT) + 1 + which] as number;
  }

  /** Copies bytes into the pool and gives their place there. */
  appendBytes(source: Uint8Array, from: number, length: number): number {
    const at = this.poolLength;
    while (at + length > this.pool.length) this.growPool();
    const pool = this.pool;
    for (let i = 0; i < length; i++) pool[at + i] = source[from + i] as number;
    this.poolLength = at + length;
    return at;
  }

  /** The same events, kept when this one is overwritten. */
  copy(): Trace {
    const copy = new Trace();
    copy.rows = this.rows.slice();
    copy.length = this.length;
    copy.pool = this.pool.slice();
    copy.poolLength = this.poolLength;
    return copy;
  }

  /** 16 hex digits over every row and byte: equal traces, equal hash, on every machine. */
  hash(): string {
    return new Hasher()
      .words(this.rows, this.length << STRIDE_SHIFT)
      .bytes(this.pool, this.poolLength)
      .digest();
  }

  private growRows(): void {
    const larger = new Int32Array(this.rows.length * 2);
    larger.set(this.rows);
    this.rows = larger;
  }

  private growPool(): void {
    const larger = new Uint8Array(this.pool.length * 2);
    larger.set(this.pool);
    this.pool = larger;
  }
}

declare const DATA: unique symbol;

/**
 * The `data` argument of a store or load: a place in the pool, or (as most stores repeat one byte) that
 * byte, written as a negative number. A type of its own, for a byte is a number, too.
 */
export type Data = number & { readonly [DATA]: true };

export const fillData = (byte: number): Data => (-1 - byte) as Data;

/** The `data` argument for bytes, which go into the pool unless they are all the same. */
export function poolData(trace: Trace, bytes: Uint8Array, length: number): Data {
  const first = bytes[0] as number;
  for (let index = 1; index < length; index++) {
    if (bytes[index] !== first) return trace.appendBytes(bytes, 0, length) as Data;
  }
  return fillData(first);
}

/** The data of a part, from `from` on. */
export const dataFrom = (data: Data, from: number): Data =>
  data < 0 ? data : ((data + from) as Data);

export function dataByte(trace: Trace, data: number, index: number): number {
  return data < 0 ? -1 - data : (trace.pool[data + index] as number);
}
