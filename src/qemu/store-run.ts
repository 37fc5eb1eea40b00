/**
 * Consecutive stores of one operation to consecutive addresses, put together into one event. A store event
 * of more than a word stands for its words in ascending order, so nothing is lost where the stores meet at
 * the end of a word. The bytes of a string instruction are put together, too: which of them go together to
 * memory is the processor's choice.
 */
import { WORD_SIZE } from '../support/units.js';
import { EVENT, FENCE, STORE } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { poolData } from '../trace/trace.js';
import { GUEST_PAGE_BYTES } from './guest-program.js';
import type { Extents } from './extents.js';
import type { RawTrace } from './records.js';
import { RECORD, STORE_NON_TEMPORAL } from './protocol.js';
import type { PageRange } from './slots.js';
import { NO_FILE } from './slots.js';

const NO_RECORD = -1;
/** No driver writes less. */
const SECTOR_BYTES = 512;

/** A write of a block that an interrupt has stopped inside, and the record with which it goes on. */
interface Interrupted {
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly record: number;
  readonly resumes: number;
}

export class StoreRun {
  private readonly bytes = new Uint8Array(GUEST_PAGE_BYTES);
  private start = 0;
  private length = 0;
  private cpu = 0;
  private op = 0;
  private how = 0;
  private pc = 0n;
  /** Its first record, and its last. */
  private record = 0;
  private last = 0;
  private interrupted: Interrupted | null = null;

  constructor(
    private readonly trace: Trace,
    private readonly extents: Extents,
    /** The part of a file that an operation is to change. */
    private readonly meantBy: (op: number) => PageRange | null,
  ) {}

  add(raw: RawTrace, record: number, op: number, how: number): void {
    if (this.interrupted?.resumes === record) this.resume(raw, record, op, how);
    const size = raw.size(record);
    for (let index = 0; index < size;) {
      const address = raw.number(record) + index;
      // A store that crosses a page is two: the pages may be of different files.
      const part = Math.min(size - index, GUEST_PAGE_BYTES - (address % GUEST_PAGE_BYTES));
      if (!this.continues(raw, record, address, part, op, how)) {
        this.pause(raw);
        this.begin(raw, record, address, op, how);
      }
      for (let byte = 0; byte < part; byte++) {
        this.bytes[this.length + byte] = raw.value(record, index + byte);
      }
      this.length += part;
      index += part;
    }
    this.last = record;
  }

  private begin(raw: RawTrace, record: number, start: number, op: number, how: number): void {
    this.start = start;
    this.cpu = raw.cpu(record);
    this.op = op;
    this.how = how;
    this.pc = raw.pc(record);
    this.record = record;
  }

  private continues(
    raw: RawTrace,
    record: number,
    address: number,
    part: number,
    op: number,
    how: number,
  ): boolean {
    const end = this.start + this.length;
    if (this.length === 0 || address !== end || end % GUEST_PAGE_BYTES === 0) return false;
    if (raw.cpu(record) !== this.cpu || op !== this.op || how !== this.how) return false;
    return end % WORD_SIZE === 0 || (part === 1 && raw.pc(record) === this.pc);
  }

  /**
   * Before something that is not of the run. A block that a driver writes is written as a whole; what an
   * interrupt does in the middle of that, its fences above all, comes before it.
   */
  pause(raw: RawTrace): void {
    const { start, length } = this;
    const resumes = this.interrupted === null ? this.resumption(raw) : NO_RECORD;
    if (resumes === NO_RECORD) {
      this.end();
      return;
    }
    const bytes = this.bytes.slice(0, length);
    this.interrupted = { start, bytes, record: this.record, resumes };
    this.length = 0;
  }

  /** The record with which the write of a block goes on after what has come between; NO_RECORD if none. */
  private resumption(raw: RawTrace): number {
    const end = this.start + this.length;
    const inside = this.length > 0 && end % GUEST_PAGE_BYTES !== 0;
    if (!inside || (this.how & STORE.nonTemporal) === 0 || (this.how & STORE.kernel) === 0)
      return NO_RECORD;
    if (this.extents.placesOf(this.start, this.record, null).length > 0) return NO_RECORD;
    const page = this.start - (this.start % GUEST_PAGE_BYTES);
    // It may also have ended, and the next one follow it: logs are written by the sector.
    const mayHaveEnded = end % SECTOR_BYTES === 0;
    for (let record = this.last + 1; record < raw.length; record++) {
      const kind = raw.kind(record);
      if (kind === RECORD.op_enter || kind === RECORD.op_exit) break;
      if (mayHaveEnded && kind === RECORD.fence && raw.how(record) !== FENCE.locked) break;
      if (kind !== RECORD.store) continue;
      const address = raw.number(record);
      if (address < page || address >= page + GUEST_PAGE_BYTES) {
        if (mayHaveEnded) break;
        continue;
      }
      const goesOn = address === end && raw.pc(record) === this.pc && raw.cpu(record) === this.cpu;
      return goesOn && (raw.how(record) & STORE_NON_TEMPORAL) !== 0 ? record : NO_RECORD;
    }
    return NO_RECORD;
  }

  private resume(raw: RawTrace, record: number, op: number, how: number): void {
    const { start, bytes, record: first } = this.interrupted as Interrupted;
    this.interrupted = null;
    this.end();
    this.begin(raw, record, start, op, how);
    this.bytes.set(bytes);
    this.length = bytes.length;
    this.record = first;
  }

  /** Writes the event, if a run is open. */
  end(): void {
    const { start, length, trace } = this;
    if (length === 0) return;
    this.length = 0;
    const data = poolData(trace, this.bytes, length);
    const { cpu, op, how } = this;
    const places = this.extents.placesOf(start, this.record, this.meantBy(op));
    const { ino, offset } = places[0] ?? { ino: NO_FILE, offset: 0 };
    trace.append(EVENT.store, cpu, op, start, length, data, how, ino, offset, trace.length);
    for (const other of places.slice(1)) {
      trace.append(EVENT.content, cpu, op, other.ino, length, data, other.offset);
    }
  }
}
