/**
 * The persistency model: folds the persistency events of a trace into what a power failure would leave.
 *
 * A *unit* is what persists in order: a cache line in line-ordered mode, an aligned word in location mode.
 * Each unit has a *chain*: the stores to it in the order in which they became visible, counted in words (a
 * store of more than a word is that many instructions, ascending). Two counts say it all:
 *
 *     visible   how much of the chain is visible; a cut after this event may keep any prefix up to here
 *     durable   how much is on media for certain; never falls
 *
 * durable rises when a write-back completes: clflush at its place; clwb, clflushopt and non-temporal stores
 * at the next fence of the same CPU, to the count that the chain had when they were issued. With eADR the
 * caches are inside the power-fail domain: a visible store is durable, except a non-temporal one, which
 * sits in a write-combining buffer until its fence.
 *
 * Approximation: in line-ordered mode a non-temporal store and its fence make the older stores of that line
 * durable, too: the cache evicts a line that a non-temporal store hits. Location mode does not assume it.
 *
 * The stores to the log's word form one more chain (persistency/versions.ts): one unit, a version a commit.
 *
 * The arrays are indexed by unit and reused from one execution to the next; `reset` clears only what was
 * touched. This file is hot: hence the plain loops.
 */
import { assert } from '../support/assert.js';
import { Hasher } from '../support/hash.js';
import { ascending } from '../support/order.js';
import { LINE_SHIFT, WORD_SHIFT } from '../support/units.js';
import type { Disk } from '../media/disk.js';
import type { Image } from '../media/image.js';
import type { Layout } from '../media/layout.js';
import { blockOf } from '../media/layout.js';
import { AT, EVENT, FLUSH, STORE } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { kindOf, STRIDE, TASK_NUMBERS, taskOf } from '../trace/trace.js';
import { grow, Outstanding } from './outstanding.js';
import { Versions } from './versions.js';

export type PersistencyMode = 'line' | 'location';
export type PowerDomain = 'adr' | 'eadr';

export interface PersistencyOptions {
  readonly persistency: PersistencyMode;
  readonly domain: PowerDomain;
}

/** log2 of small integers, for counting crash states. */
const LOG2 = Float64Array.from({ length: 4096 }, (_, n) => Math.log2(Math.max(1, n)));

const log2Of = (n: number): number => (n < LOG2.length ? (LOG2[n] as number) : Math.log2(n));

export const NO_RECORD = -1;
const NO_EVENT = -1;
/** NO_RECORD in the loops of this file: what is exported or imported is looked up each time. */
const NONE = NO_RECORD;
const ROW = STRIDE;
const {
  store: STORE_EVENT,
  flush: FLUSH_EVENT,
  fence: FENCE_EVENT,
  journal_commit: COMMIT_EVENT,
} = EVENT;
/** A call of the runtime's fill costs as much as a loop over so many bytes. */
const FILL_BYTES_MIN = 32;

/** Where a row has the arguments, after its header. Constants of this file: `apply` sees every event. */
const { store: STORE_AT, flush: FLUSH_AT } = AT;

export class PersistHistory {
  readonly versions = new Versions();
  layout!: Layout;
  trace!: Trace;
  /** 6 in line-ordered mode, 3 in location mode. */
  unitShift = LINE_SHIFT;

  /** Counts of words, by unit. */
  visible = new Int32Array(0);
  durable = new Int32Array(0);
  /** Units of each block whose durable count is behind the visible one. */
  pendingInBlock = new Int32Array(0);
  /** The same before the first block. */
  pendingInMetadata = 0;
  /** Units, over the whole device, that are pending. */
  pendingUnits = 0;
  /** log2 of the number of distinct survivor choices at this point of the trace. */
  statesLog2 = 0;

  /** Chains: first and last record of each unit, and the last durable one. */
  private head = new Int32Array(0);
  private tail = new Int32Array(0);
  private settled = new Int32Array(0);

  /** Records: the store event, the chain count before it, its words in the unit, the next record. */
  recordEvent = new Int32Array(1024);
  recordBefore = new Int32Array(1024);
  recordWords = new Int32Array(1024);
  recordNext = new Int32Array(1024);
  private records = 0;

  private touched = new Int32Array(256);
  private touchedCount = 0;
  private readonly outstanding = Array.from({ length: TASK_NUMBERS }, () => new Outstanding());
  private eadr = false;
  /**
   * The store whose bytes are on their way to media, NO_EVENT between events, and which of its bytes. A page
   * of zeros is one store of 64 units that become durable one after the other: it is written once.
   */
  private writing = NO_EVENT;
  private writingFrom = 0;
  private writingTo = 0;

  /** `media` receives every line as it becomes durable. */
  constructor(readonly media: Image) {}

  reset(disk: Disk, trace: Trace, options: PersistencyOptions): void {
    const { layout } = disk;
    this.clear();
    this.media.reset(disk);
    this.layout = layout;
    this.trace = trace;
    this.eadr = options.domain === 'eadr';
    const shift = options.persistency === 'line' ? LINE_SHIFT : WORD_SHIFT;
    const units = layout.mediaBytes >> shift;
    if (this.visible.length !== units || this.unitShift !== shift) {
      this.unitShift = shift;
      this.visible = new Int32Array(units);
      this.durable = new Int32Array(units);
      this.head = new Int32Array(units).fill(NONE);
      this.tail = new Int32Array(units).fill(NONE);
      this.settled = new Int32Array(units).fill(NONE);
    }
    const blocks = layout.geometry.blockCount;
    if (this.pendingInBlock.length !== blocks) this.pendingInBlock = new Int32Array(blocks);
    this.versions.reset(disk);
  }

  private clear(): void {
    for (let i = 0; i < this.touchedCount; i++) {
      const unit = this.touched[i] as number;
      this.visible[unit] = 0;
      this.durable[unit] = 0;
      this.head[unit] = NONE;
      this.tail[unit] = NONE;
      this.settled[unit] = NONE;
    }
    this.touchedCount = 0;
    this.records = 0;
    this.pendingInBlock.fill(0);
    this.pendingInMetadata = 0;
    this.pendingUnits = 0;
    this.statesLog2 = 0;
    for (const list of this.outstanding) list.length = 0;
  }

  /** Folds one event; annotation events change nothing. */
  apply(index: number): void {
    const rows = this.trace.rows;
    const at = index * ROW;
    const header = rows[at] as number;
    const args = at + 1;
    const cpu = taskOf(header);
    switch (kindOf(header)) {
      case STORE_EVENT:
        this.store(
          index,
          cpu,
          rows[args + STORE_AT.address] as number,
          rows[args + STORE_AT.length] as number,
          rows[args + STORE_AT.how] as number,
        );
        break;
      case FLUSH_EVENT:
        this.flush(
          cpu,
          rows[args + FLUSH_AT.address] as number,
          rows[args + FLUSH_AT.length] as number,
          rows[args + FLUSH_AT.how] as number,
        );
        break;
      case FENCE_EVENT:
        this.fence(cpu);
        break;
      case COMMIT_EVENT:
        this.statesLog2 += this.versions.write(index, cpu, this.trace);
        break;
      default:
        break;
    }
  }

  blockOfUnit(unit: number): number {
    return blockOf(this.layout, unit << this.unitShift);
  }

  unitOfAddress(address: number): number {
    return address >> this.unitShift;
  }

  /** The first record of a unit that is not durable for certain, or NONE. */
  firstPending(unit: number): number {
    const settled = this.settled[unit] as number;
    if (settled === NONE) return this.head[unit] as number;
    return this.recordNext[settled] as number;
  }

  firstRecord(unit: number): number {
    return this.head[unit] as number;
  }

  private store(index: number, cpu: number, address: number, length: number, how: number): void {
    const shift = this.unitShift;
    const first = address >> shift;
    const last = (address + length - 1) >> shift;
    const nonTemporal = (how & STORE.nonTemporal) !== 0;
    const end = address + length;
    for (let unit = first; unit <= last; unit++) {
      const from = unit === first ? address : unit << shift;
      const to = unit === last ? end : (unit + 1) << shift;
      const words = ((to - 1) >> WORD_SHIFT) - (from >> WORD_SHIFT) + 1;
      this.append(unit, index, words);
      if (nonTemporal)
        (this.outstanding[cpu] as Outstanding).push(unit, this.visible[unit] as number);
      else if (this.eadr) this.raise(unit, this.visible[unit] as number);
    }
    this.finishWriting();
  }

  private append(unit: number, event: number, words: number): void {
    const record = this.newRecord();
    const before = this.visible[unit] as number;
    this.recordEvent[record] = event;
    this.recordBefore[record] = before;
    this.recordWords[record] = words;
    this.recordNext[record] = NONE;
    const tail = this.tail[unit] as number;
    if (tail === NONE) {
      this.head[unit] = record;
      this.touch(unit);
    } else {
      this.recordNext[tail] = record;
    }
    this.tail[unit] = record;
    this.visible[unit] = before + words;
    const pending = before - (this.durable[unit] as number);
    if (pending === 0) {
      this.pendingUnits++;
      this.countPending(this.blockOfUnit(unit), 1);
    }
    this.statesLog2 += log2Of(pending + words + 1) - log2Of(pending + 1);
  }

  private touch(unit: number): void {
    if (this.touchedCount === this.touched.length) this.touched = grow(this.touched);
    this.touched[this.touchedCount++] = unit;
  }

  private newRecord(): number {
    if (this.records === this.recordEvent.length) {
      this.recordEvent = grow(this.recordEvent);
      this.recordBefore = grow(this.recordBefore);
      this.recordWords = grow(this.recordWords);
      this.recordNext = grow(this.recordNext);
    }
    return this.records++;
  }

  private flush(cpu: number, address: number, length: number, how: number): void {
    if (this.eadr) return;
    const first = address >> this.unitShift;
    const last = (address + length - 1) >> this.unitShift;
    if (this.pendingUnits === 0) return;
    const outstanding = this.outstanding[cpu] as Outstanding;
    for (let unit = first; unit <= last; unit++) {
      const visible = this.visible[unit] as number;
      if (visible === (this.durable[unit] as number)) continue;
      if (how === FLUSH.clflush) this.raise(unit, visible);
      else outstanding.push(unit, visible);
    }
    this.finishWriting();
  }

  private fence(cpu: number): void {
    const list = this.outstanding[cpu] as Outstanding;
    for (let i = 0; i < list.length; i++) {
      this.raise(list.units[i] as number, list.counts[i] as number);
    }
    list.length = 0;
    this.finishWriting();
    this.statesLog2 -= this.versions.fence(cpu, this.media.bytes);
  }

  /** The chain of `unit` is durable up to `count`, which is at the end of a record. */
  private raise(unit: number, count: number): void {
    const durable = this.durable[unit] as number;
    if (count <= durable) return;
    let record = this.firstPending(unit);
    let settled = record;
    while (record !== NONE && (this.recordBefore[record] as number) < count) {
      this.toMedia(unit, record);
      settled = record;
      record = this.recordNext[record] as number;
    }
    this.settled[unit] = settled;
    this.durable[unit] = count;
    const visible = this.visible[unit] as number;
    this.statesLog2 += log2Of(visible - count + 1) - log2Of(visible - durable + 1);
    const block = this.blockOfUnit(unit);
    this.media.touch(block);
    if (visible === count) {
      this.pendingUnits--;
      this.countPending(block, -1);
    }
  }

  private countPending(block: number, more: number): void {
    if (block >= 0) (this.pendingInBlock[block] as number) += more;
    else this.pendingInMetadata += more;
  }

  /** A record goes to media, together with the units of the same store before it. */
  private toMedia(unit: number, record: number): void {
    const event = this.recordEvent[record] as number;
    const args = event * ROW + 1;
    const address = this.trace.rows[args + STORE_AT.address] as number;
    const end = address + (this.trace.rows[args + STORE_AT.length] as number);
    const from = Math.max(address, unit << this.unitShift);
    const to = Math.min(end, (unit + 1) << this.unitShift);
    if (event === this.writing && from === this.writingTo) {
      this.writingTo = to;
      return;
    }
    this.finishWriting();
    this.writing = event;
    this.writingFrom = from;
    this.writingTo = to;
  }

  private finishWriting(): void {
    if (this.writing === NO_EVENT) return;
    this.copyStore(this.media.bytes, this.writing, this.writingFrom, this.writingTo);
    this.writing = NO_EVENT;
  }

  /** Copies what a store has at [from, to) of the media into `bytes`. */
  private copyStore(bytes: Uint8Array, event: number, from: number, to: number): void {
    const args = event * ROW + 1;
    const address = this.trace.rows[args + STORE_AT.address] as number;
    const data = this.trace.rows[args + STORE_AT.data] as number;
    if (data >= 0) {
      const { pool } = this.trace;
      const shift = data - address;
      for (let a = from; a < to; a++) bytes[a] = pool[a + shift] as number;
    } else if (to - from > FILL_BYTES_MIN) {
      bytes.fill(-1 - data, from, to);
    } else {
      const byte = -1 - data;
      for (let a = from; a < to; a++) bytes[a] = byte;
    }
  }

  /** Puts what a prefix of `count` words of the chain leaves in a unit on top of the durable bytes. */
  writePrefix(bytes: Uint8Array, unit: number, count: number): void {
    assert(
      count >= (this.durable[unit] as number) && count <= (this.visible[unit] as number),
      () => `unit ${unit}: no survivor of ${count} words`,
    );
    let record = this.firstPending(unit);
    while (record !== NONE && (this.recordBefore[record] as number) < count) {
      const words = Math.min(
        this.recordWords[record] as number,
        count - (this.recordBefore[record] as number),
      );
      const event = this.recordEvent[record] as number;
      const address = this.trace.argument(event, STORE_AT.address);
      const end = address + this.trace.argument(event, STORE_AT.length);
      const from = Math.max(address, unit << this.unitShift);
      const wordEnd = ((from >> WORD_SHIFT) + words) << WORD_SHIFT;
      this.copyStore(bytes, event, from, Math.min(end, (unit + 1) << this.unitShift, wordEnd));
      record = this.recordNext[record] as number;
    }
  }

  /** Equal for equal survivors: how many words each unit keeps, where `short` does not say all. */
  survivorKey(short: ReadonlyMap<number, number>): string {
    const units = this.touched.slice(0, this.touchedCount).sort(ascending);
    const kept = units.map((unit) => short.get(unit) ?? (this.visible[unit] as number));
    return new Hasher().words(units, units.length).words(kept, kept.length).digest();
  }

  /** Every pending unit, in ascending order. */
  pending(): number[] {
    const units: number[] = [];
    for (let i = 0; i < this.touchedCount; i++) {
      const unit = this.touched[i] as number;
      if ((this.visible[unit] as number) > (this.durable[unit] as number)) units.push(unit);
    }
    return units.sort(ascending);
  }
}
