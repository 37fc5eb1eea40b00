/**
 * The raw trace of one program, decoded: a view of the plugin's records without copies. It belongs to the
 * guest and is overwritten by the next program. Pure; needs no QEMU.
 */
import { assert, at } from '../support/assert.js';
import { LAYOUT_FD, RECORD, RECORD_BYTES } from './protocol.js';

const WORDS = RECORD_BYTES / 4;
const VALUE = 16;

export interface Extent {
  /** Bytes in the file. */
  readonly logical: number;
  /** Bytes from the start of pmem. */
  readonly physical: number;
  readonly length: number;
  /** FIEMAP's: unwritten, shared, ... */
  readonly flags: number;
}

/** Where a file is from this record on. */
export interface Layout {
  readonly record: number;
  /** A file of the program, or null for one that is open and has no name. */
  readonly file: number | null;
  readonly slot: number | null;
  /** 0 if there is no such file (any more). */
  readonly ino: number;
  readonly size: number;
  readonly extents: readonly Extent[];
}

export class RawTrace {
  private readonly words: Uint32Array;
  private readonly view: DataView;

  /** `bytes` must start at a multiple of 4 of its buffer. */
  constructor(
    private readonly bytes: Uint8Array,
    readonly length: number,
  ) {
    assert(length * RECORD_BYTES <= bytes.length, 'a trace is inside its buffer');
    this.words = new Uint32Array(bytes.buffer, bytes.byteOffset, length * WORDS);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, length * RECORD_BYTES);
  }

  kind(record: number): number {
    return at(this.words, record * WORDS) & 0xff;
  }

  cpu(record: number): number {
    return (at(this.words, record * WORDS) >>> 8) & 0xff;
  }

  /** Of a store or flush in bytes; the thread of a marker. */
  size(record: number): number {
    return (at(this.words, record * WORDS) >>> 16) & 0xff;
  }

  how(record: number): number {
    return at(this.words, record * WORDS) >>> 24;
  }

  /** The address of a store or flush from the start of pmem; the operation of a marker. */
  number(record: number): number {
    return at(this.words, record * WORDS + 1);
  }

  /** The address of the instruction. */
  pc(record: number): bigint {
    return this.view.getBigUint64(record * RECORD_BYTES + 8, true);
  }

  /** Byte `index` of what a store wrote. */
  value(record: number, index: number): number {
    return at(this.bytes, record * RECORD_BYTES + VALUE + index);
  }

  /** What an operation returned: the system call's result or -errno. */
  result(record: number): number {
    return Number(this.view.getBigInt64(record * RECORD_BYTES + VALUE, true));
  }

  /** A marker's 64-bit argument; FIEMAP lengths and offsets fit into a double. */
  private argument(record: number, index: number): number {
    return Number(this.view.getBigUint64(record * RECORD_BYTES + 8 + index * 8, true));
  }

  /** The layout that a record reports, with the extents that follow it. */
  layout(record: number): Layout {
    assert(this.kind(record) === RECORD.layout, 'a layout record');
    const how = this.how(record);
    const extents: Extent[] = [];
    // Other CPUs' records may lie between the extents.
    for (let next = record + 1; extents.length < this.number(record); next++) {
      assert(next < this.length, 'a layout is followed by its extents');
      if (this.kind(next) !== RECORD.extent || this.how(next) !== how) continue;
      extents.push({
        logical: this.argument(next, 0),
        physical: this.argument(next, 1),
        length: this.argument(next, 2),
        flags: this.number(next),
      });
    }
    return {
      record,
      file: how < LAYOUT_FD ? how : null,
      slot: how < LAYOUT_FD ? null : how - LAYOUT_FD,
      ino: this.argument(record, 0),
      size: this.argument(record, 1),
      extents,
    };
  }

  /** All records of a kind, in order. */
  *ofKind(kind: number): Generator<number> {
    for (let record = 0; record < this.length; record++) {
      if (this.kind(record) === kind) yield record;
    }
  }
}

/** Applies every store, in order, to what was in pmem when the trace began. */
export function replayStores(trace: RawTrace, image: Uint8Array): void {
  for (let record = 0; record < trace.length; record++) {
    if (trace.kind(record) !== RECORD.store) continue;
    const start = trace.number(record);
    const size = trace.size(record);
    // A store beyond the file system stays out of its image.
    for (let index = 0; index < size && start + index < image.length; index++) {
      image[start + index] = trace.value(record, index);
    }
  }
}

/** The first byte in which two images differ; null if none does. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number | null {
  if (Buffer.compare(a, b) === 0) return null;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    if (a[index] !== b[index]) return index;
  }
  return length;
}
