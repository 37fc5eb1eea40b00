/**
 * Consecutive stores of one operation to consecutive addresses, put together into one event. A store event
 * of more than a word stands for its words in ascending order, so nothing is lost where the stores meet at
 * the end of a word. The bytes of a string instruction are put together, too: which of them go together to
 * memory is the processor's choice.
 */
import { WORD_SIZE } from '../support/units.js';
import { EVENT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { poolData } from '../trace/trace.js';
import { GUEST_PAGE_BYTES } from './guest-program.js';
import type { Extents } from './extents.js';
import type { RawTrace } from './records.js';
import type { PageRange } from './slots.js';
import { NO_FILE } from './slots.js';

export class StoreRun {
  private readonly bytes = new Uint8Array(GUEST_PAGE_BYTES);
  private start = 0;
  private length = 0;
  private cpu = 0;
  private op = 0;
  private how = 0;
  private pc = 0n;
  /** Its first record. */
  private record = 0;

  constructor(
    private readonly trace: Trace,
    private readonly extents: Extents,
    /** The part of a file that an operation is to change. */
    private readonly meantBy: (op: number) => PageRange | null,
  ) {}

  add(raw: RawTrace, record: number, op: number, how: number): void {
    const size = raw.size(record);
    for (let index = 0; index < size;) {
      const address = raw.number(record) + index;
      // A store that crosses a page is two: the pages may be of different files.
      const part = Math.min(size - index, GUEST_PAGE_BYTES - (address % GUEST_PAGE_BYTES));
      if (!this.continues(raw, record, address, part, op, how)) {
        this.end();
        this.start = address;
        this.cpu = raw.cpu(record);
        this.op = op;
        this.how = how;
        this.pc = raw.pc(record);
        this.record = record;
      }
      for (let byte = 0; byte < part; byte++) {
        this.bytes[this.length + byte] = raw.value(record, index + byte);
      }
      this.length += part;
      index += part;
    }
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
