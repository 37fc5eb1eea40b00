/**
 * Where the files of a program are, page by page, as the agent's reports say. A report comes when its
 * operation ends; what it shows may have come about at any time since the first of the operations under way
 * began, and is taken to hold from there, so that no store of theirs is without a file.
 */
import type { FileMetadata } from '../media/layout.js';
import { HOLE } from '../media/layout.js';
import { NO_OP } from '../schedule/schedule.js';
import { EVENT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { GUEST_PAGE_BYTES } from './guest-program.js';
import type { Layout as Report, RawTrace } from './records.js';
import { RECORD } from './protocol.js';
import { NO_FILE } from './slots.js';

/** FIEMAP_EXTENT_UNWRITTEN: allocated, and read as zeros. */
const UNWRITTEN = 0x800;

/** A report, and the record of the operation's start from which on it is taken to hold. */
interface Placed {
  readonly from: number;
  readonly report: Report;
}

/** All reports in the order in which they take effect; those before any operation have `from` -1. */
export function placeReports(raw: RawTrace): Placed[] {
  const placed: Placed[] = [];
  const open = new Map<number, number>();
  for (let record = 0; record < raw.length; record++) {
    switch (raw.kind(record)) {
      case RECORD.op_enter:
        open.set(raw.number(record), record);
        break;
      case RECORD.op_exit:
        open.delete(raw.number(record));
        break;
      case RECORD.layout:
        placed.push({ from: Math.min(...open.values(), record), report: raw.layout(record) });
        if (open.size === 0) placed[placed.length - 1] = { from: -1, report: raw.layout(record) };
        break;
      default:
        break;
    }
  }
  return placed.sort((a, b) => a.from - b.from || a.report.record - b.report.record);
}

export class Extents {
  private readonly sizes: number[];
  private readonly blocks: Int32Array[];
  /** The page that each block holds: file * filePages + page, or NO_FILE. */
  private readonly owners: Int32Array;

  constructor(
    fileCount: number,
    private readonly filePages: number,
    blockCount: number,
  ) {
    this.sizes = new Array<number>(fileCount).fill(0);
    this.blocks = Array.from({ length: fileCount }, () => new Int32Array(filePages).fill(HOLE));
    this.owners = new Int32Array(blockCount).fill(NO_FILE);
  }

  /** A copy of what is so now. */
  files(): FileMetadata[] {
    return this.sizes.map((size, file) => ({ size, blocks: Int32Array.from(this.page(file)) }));
  }

  private page(file: number): Int32Array {
    return this.blocks[file] as Int32Array;
  }

  /** The file and the byte in it that are at an address of the device. */
  placeOf(address: number): { ino: number; offset: number } {
    const owner = this.owners[Math.floor(address / GUEST_PAGE_BYTES)] ?? NO_FILE;
    if (owner === NO_FILE) return { ino: NO_FILE, offset: 0 };
    const ino = Math.floor(owner / this.filePages);
    const offset = (owner % this.filePages) * GUEST_PAGE_BYTES + (address % GUEST_PAGE_BYTES);
    return { ino, offset };
  }

  /** Takes over a report; what changed becomes events of the operation, if there is a trace to tell. */
  apply(report: Report, trace: Trace | null, task = 0, op = NO_OP): void {
    const { file, size, extents } = report;
    if (file === null || file >= this.sizes.length) return;
    const wanted = new Int32Array(this.filePages).fill(HOLE);
    for (const extent of extents) {
      if ((extent.flags & UNWRITTEN) !== 0) continue;
      const pages = Math.ceil(extent.length / GUEST_PAGE_BYTES);
      const first = extent.logical / GUEST_PAGE_BYTES;
      const block = extent.physical / GUEST_PAGE_BYTES;
      for (let page = 0; page < pages && first + page < wanted.length; page++) {
        wanted[first + page] = block + page;
      }
    }
    this.unmap(file, wanted, trace, task, op);
    this.map(file, wanted, trace, task, op);
    if (this.sizes[file] !== size) trace?.append(EVENT.i_size, task, op, file, size);
    this.sizes[file] = size;
  }

  private unmap(
    file: number,
    wanted: Int32Array,
    trace: Trace | null,
    task: number,
    op: number,
  ): void {
    const blocks = this.page(file);
    blocks.forEach((block, page) => {
      if (block === HOLE || block === wanted[page]) return;
      trace?.append(EVENT.extent_unmap, task, op, file, page, block);
      if (this.owners[block] === file * this.filePages + page) this.owners[block] = NO_FILE;
      blocks[page] = HOLE;
    });
  }

  private map(
    file: number,
    wanted: Int32Array,
    trace: Trace | null,
    task: number,
    op: number,
  ): void {
    const blocks = this.page(file);
    wanted.forEach((block, page) => {
      if (block === HOLE || block === blocks[page]) return;
      trace?.append(EVENT.extent_map, task, op, file, page, block);
      this.owners[block] = file * this.filePages + page;
      blocks[page] = block;
    });
  }
}
