/**
 * Where the files of a program are, page by page, as the agent's reports say. A report comes when its
 * operation ends; what it shows may have come about at any time since the first of the operations under way
 * began, and is taken to hold from there, so that no store of theirs is without a file.
 *
 * A block belongs to several pages once it is shared. What came to a page with a block that was another
 * page's becomes a `content` event. So do the zeros that a page shows whose block became unwritten and is
 * written again: nobody has freed it, and a crash may show it where it was before.
 */
import type { FileMetadata } from '../media/log.js';
import { HOLE } from '../media/layout.js';
import { EVENT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { fillData, poolData } from '../trace/trace.js';
import { GUEST_PAGE_BYTES } from './guest-program.js';
import type { Layout as Report, RawTrace } from './records.js';
import { RECORD } from './protocol.js';
import type { PageRange } from './slots.js';

/** FIEMAP_EXTENT_UNWRITTEN: allocated, and read as zeros. */
const UNWRITTEN = 0x800;

/** A report, and the record of the operation's start from which on it is taken to hold. */
interface Placed {
  readonly from: number;
  readonly report: Report;
  /** The operations that were under way, by their numbers. */
  readonly ops: readonly number[];
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
      case RECORD.layout: {
        const from = open.size === 0 ? -1 : Math.min(...open.values());
        placed.push({ from, report: raw.layout(record), ops: [...open.keys()] });
        break;
      }
      default:
        break;
    }
  }
  return placed.sort((a, b) => a.from - b.from || a.report.record - b.report.record);
}

/** Who is told what a report changes. */
export interface Audience {
  readonly trace: Trace;
  readonly task: number;
  readonly op: number;
  /** What a block held when the report begins to hold; null if no operation can have moved any. */
  readonly contentOf: ((block: number) => Uint8Array) | null;
}

interface Place {
  readonly ino: number;
  readonly offset: number;
}

export class Extents {
  private readonly sizes: number[];
  private readonly blocks: Int32Array[];
  /** The pages that each block holds: file * filePages + page. */
  private readonly owners: (number[] | undefined)[] = [];
  /** Blocks that the report being applied has taken from a page. */
  private readonly taken = new Set<number>();
  /** By file, its blocks that are unwritten. */
  private readonly unwritten: Set<number>[];
  /** Those among them that have been a page's, and allocated ever since. */
  private readonly emptied = new Set<number>();
  /** The record at which a block is certainly shared: a store before may be in both files. */
  private readonly sharedAt = new Map<number, number>();

  constructor(
    fileCount: number,
    private readonly filePages: number,
  ) {
    this.sizes = new Array<number>(fileCount).fill(0);
    this.blocks = Array.from({ length: fileCount }, () => new Int32Array(filePages).fill(HOLE));
    this.unwritten = Array.from({ length: fileCount }, () => new Set<number>());
  }

  /** A copy of what is so now. */
  files(): FileMetadata[] {
    return this.sizes.map((size, file) => {
      return { size, mtime: 0, ctime: 0, blocks: Int32Array.from(this.page(file)) };
    });
  }

  private page(file: number): Int32Array {
    return this.blocks[file] as Int32Array;
  }

  private ownersOf(block: number): number[] {
    return (this.owners[block] ??= []);
  }

  /**
   * The files, and the bytes in them, that a store at `record` to an address of the device changes. Of the
   * pages that share a block it is the one that the operation means: if the others change, too, then the
   * kernel is wrong.
   */
  placesOf(address: number, record: number, meant: PageRange | null): Place[] {
    const block = Math.floor(address / GUEST_PAGE_BYTES);
    const owners = this.owners[block] ?? [];
    const places = owners.map((owner) => ({
      ino: Math.floor(owner / this.filePages),
      offset: (owner % this.filePages) * GUEST_PAGE_BYTES + (address % GUEST_PAGE_BYTES),
    }));
    const [first, ...others] = places;
    if (first === undefined || others.length === 0) return places;
    const chosen = places.find((place) => isMeant(place, meant)) ?? first;
    if (record >= (this.sharedAt.get(block) ?? 0)) return [chosen];
    return [chosen, ...places.filter((place) => place !== chosen)];
  }

  /** Takes over a report; what changed becomes events, if there is anybody to tell. */
  apply(report: Report, audience: Audience | null): void {
    const { file, size, extents } = report;
    if (file === null || file >= this.sizes.length) return;
    const wanted = new Int32Array(this.filePages).fill(HOLE);
    const unwritten = new Set<number>();
    for (const extent of extents) {
      const pages = Math.ceil(extent.length / GUEST_PAGE_BYTES);
      const first = extent.logical / GUEST_PAGE_BYTES;
      const block = extent.physical / GUEST_PAGE_BYTES;
      const isUnwritten = (extent.flags & UNWRITTEN) !== 0;
      for (let page = 0; page < pages && (isUnwritten || first + page < wanted.length); page++) {
        if (isUnwritten) unwritten.add(block + page);
        else wanted[first + page] = block + page;
      }
    }
    this.taken.clear();
    this.unmap(file, wanted, audience);
    this.empty(file, unwritten, wanted);
    this.map(report, file, wanted, audience);
    if (this.sizes[file] !== size) {
      audience?.trace.append(EVENT.i_size, audience.task, audience.op, file, size);
    }
    this.sizes[file] = size;
  }

  private unmap(file: number, wanted: Int32Array, audience: Audience | null): void {
    const blocks = this.page(file);
    blocks.forEach((block, page) => {
      if (block === HOLE || block === wanted[page]) return;
      audience?.trace.append(EVENT.extent_unmap, audience.task, audience.op, file, page, block);
      const owners = this.ownersOf(block);
      owners.splice(owners.indexOf(file * this.filePages + page), 1);
      this.taken.add(block);
      blocks[page] = HOLE;
    });
  }

  /** Notes which blocks the file has without bytes in them. */
  private empty(file: number, unwritten: Set<number>, wanted: Int32Array): void {
    for (const block of this.unwritten[file] as Set<number>) {
      if (!unwritten.has(block) && !wanted.includes(block)) this.emptied.delete(block);
    }
    for (const block of unwritten) if (this.taken.has(block)) this.emptied.add(block);
    this.unwritten[file] = unwritten;
  }

  private map(report: Report, file: number, wanted: Int32Array, audience: Audience | null): void {
    const blocks = this.page(file);
    wanted.forEach((block, page) => {
      if (block === HOLE || block === blocks[page]) return;
      blocks[page] = block;
      const owners = this.ownersOf(block);
      const changesHands = owners.length > 0 || this.taken.has(block);
      owners.push(file * this.filePages + page);
      if (owners.length > 1) this.sharedAt.set(block, report.record);
      if (audience === null) return;
      const { trace, task, op, contentOf } = audience;
      trace.append(EVENT.extent_map, task, op, file, page, block);
      const wasEmptied = this.emptied.delete(block);
      const moves = changesHands && contentOf !== null;
      if (!moves && !wasEmptied) return;
      const offset = page * GUEST_PAGE_BYTES;
      const data = moves ? poolData(trace, contentOf(block), GUEST_PAGE_BYTES) : fillData(0);
      trace.append(EVENT.content, task, op, file, GUEST_PAGE_BYTES, data, offset);
    });
  }
}

function isMeant({ ino, offset }: Place, meant: PageRange | null): boolean {
  const page = Math.floor(offset / GUEST_PAGE_BYTES);
  return meant?.ino === ino && page >= meant.page && page < meant.page + meant.pages;
}
