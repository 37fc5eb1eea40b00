/**
 * The running file system as its annotation events describe it: block maps, sizes, pins, and the contents
 * that every file should have at this point of the trace. Rules that look at one event at a time read it.
 */
import type { Disk } from '../media/disk.js';
import type { Layout } from '../media/layout.js';
import { blockOf, HOLE, pageOf } from '../media/layout.js';
import type { Program } from '../program/program.js';
import { opCount } from '../program/program.js';
import { AT, EVENT, STORE } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { dataByte, kindOf, STRIDE } from '../trace/trace.js';
import { isFaultZeroing } from './fault-zeroing.js';

export const NEVER = 0x7fffffff;
const NONE: readonly number[] = [];
export const NOBODY = -1;

/** Where a row has the arguments, after its header. Constants of this file: `apply` sees every event. */
const { store: STORE_AT, extent_map: MAP_AT, extent_unmap: UNMAP_AT, i_size: SIZE_AT } = AT;
const { pin: PIN_AT, unpin: UNPIN_AT, content: CONTENT_AT, extent_remap: REMAP_AT } = AT;
const { inode_time: TIME_AT } = AT;

export class FileView {
  layout!: Layout;
  /** The block of each page, all files in one array: index ino * filePagesMax + page. */
  blocks = new Int32Array(0);
  /** The page (as an index into `blocks`) that owns each block, or NOBODY. */
  owner = new Int32Array(0);
  /** The event that gave each block to its owner; -1 for mkfs. */
  mappedAt = new Int32Array(0);
  /** The event that took each block from its former owner, before `mappedAt`; -1 if there was none. */
  freedAt = new Int32Array(0);
  private lastUnmap = new Int32Array(0);
  /** The last event that brought each page bytes with its block; -1 if none did. */
  broughtAt = new Int32Array(0);
  /** The last event that gave each page its block; -1 for mkfs. */
  placedAt = new Int32Array(0);
  /** 1 for each page that got its block with its own bytes copied to it. */
  copied = new Uint8Array(0);
  /** 1 for each block that several pages have had at a time. */
  shared = new Uint8Array(0);
  /** Unreleased pins of each block. */
  pins = new Int32Array(0);
  /** i_size of each file. */
  sizes = new Int32Array(0);
  /** The older of i_mtime and i_ctime of each file, in ticks. */
  times = new Int32Array(0);
  /** When each operation returned; NEVER while it has not. */
  exits = new Int32Array(0);
  filePages = 0;
  /** When the file system was shut down. */
  shutdownAt = NEVER;
  /** Blocks that cannot be read. */
  readonly poisoned = new Set<number>();
  /** 1 for each byte of `contents` that a media error has destroyed; null while there has been none. */
  private lost: Uint8Array | null = null;

  /** The contents that the files should have, one after the other. */
  private contents = new Uint8Array(0);
  /** 1 for each page of `contents` that may hold something else than zeros. */
  private written = new Uint8Array(0);
  private contentsPageSize = 0;
  private trace!: Trace;
  private program!: Program;
  private disk!: Disk;

  reset(program: Program, disk: Disk, trace: Trace): void {
    const { layout, metadata } = disk;
    const { pageSize, filePagesMax, blockCount } = layout.geometry;
    const pages = metadata.files.length * filePagesMax;
    this.layout = layout;
    this.program = program;
    this.disk = disk;
    this.trace = trace;
    this.filePages = filePagesMax;
    if (this.contentsPageSize !== pageSize || this.written.length < pages) {
      this.contents = new Uint8Array(pages * pageSize);
      this.written = new Uint8Array(pages);
      this.contentsPageSize = pageSize;
    }
    for (let page = 0; page < this.written.length; page++) {
      if (this.written[page] === 0) continue;
      this.contents.fill(0, page * pageSize, (page + 1) * pageSize);
      this.written[page] = 0;
    }
    if (this.blocks.length !== pages) {
      this.blocks = new Int32Array(pages);
      this.broughtAt = new Int32Array(pages);
      this.placedAt = new Int32Array(pages);
      this.copied = new Uint8Array(pages);
    }
    this.broughtAt.fill(-1);
    this.placedAt.fill(-1);
    this.copied.fill(0);
    if (this.owner.length !== blockCount) {
      this.owner = new Int32Array(blockCount);
      this.mappedAt = new Int32Array(blockCount);
      this.freedAt = new Int32Array(blockCount);
      this.lastUnmap = new Int32Array(blockCount);
      this.pins = new Int32Array(blockCount);
      this.shared = new Uint8Array(blockCount);
    }
    this.shared.fill(0);
    this.shutdownAt = NEVER;
    if (this.lost !== null) {
      this.lost = null;
      this.poisoned.clear();
    }
    if (this.sizes.length !== metadata.files.length) {
      this.sizes = new Int32Array(metadata.files.length);
      this.times = new Int32Array(metadata.files.length);
    }
    const ops = opCount(program);
    if (this.exits.length < ops) {
      this.exits = new Int32Array(ops * 2);
    }
    this.exits.fill(NEVER, 0, ops);
    this.owner.fill(NOBODY);
    this.mappedAt.fill(-1);
    this.freedAt.fill(-1);
    this.lastUnmap.fill(-1);
    this.pins.fill(0);
    metadata.files.forEach((file, ino) => {
      this.sizes[ino] = file.size;
      this.times[ino] = Math.min(file.mtime, file.ctime);
      for (let page = 0; page < filePagesMax; page++) {
        const block = file.blocks[page] as number;
        this.blocks[ino * filePagesMax + page] = block;
        if (block !== HOLE) this.owner[block] = ino * filePagesMax + page;
      }
    });
  }

  private pageSize(): number {
    return this.layout.geometry.pageSize;
  }

  /** Folds one event. */
  apply(index: number): void {
    const rows = this.trace.rows;
    const at = index * STRIDE;
    const args = at + 1;
    switch (kindOf(rows[at] as number)) {
      case EVENT.op_exit:
        this.exits[this.trace.op(index)] = index;
        break;
      case EVENT.store:
        this.storeContents(index, args);
        break;
      case EVENT.extent_map:
        this.map(
          this.pageIndex(rows[args + MAP_AT.ino] as number, rows[args + MAP_AT.page] as number),
          rows[args + MAP_AT.block] as number,
          index,
        );
        break;
      case EVENT.extent_unmap:
        this.unmap(
          this.pageIndex(rows[args + UNMAP_AT.ino] as number, rows[args + UNMAP_AT.page] as number),
          rows[args + UNMAP_AT.block] as number,
          index,
        );
        break;
      case EVENT.content:
        this.bringContents(index, args);
        break;
      case EVENT.extent_remap:
        this.remap(
          this.pageIndex(rows[args + REMAP_AT.ino] as number, rows[args + REMAP_AT.page] as number),
          rows[args + REMAP_AT.block] as number,
          index,
        );
        break;
      case EVENT.i_size:
        this.sizes[rows[args + SIZE_AT.ino] as number] = rows[args + SIZE_AT.size] as number;
        break;
      case EVENT.inode_time:
        this.times[rows[args + TIME_AT.ino] as number] = Math.min(
          rows[args + TIME_AT.mtime] as number,
          rows[args + TIME_AT.ctime] as number,
        );
        break;
      case EVENT.fs_shutdown:
        this.shutdownAt = index;
        break;
      case EVENT.media_error:
        this.strike(this.trace.argument(index, AT.media_error.block));
        break;
      case EVENT.clear_poison:
        this.poisoned.delete(this.trace.argument(index, AT.clear_poison.block));
        break;
      case EVENT.pin:
        (this.pins[rows[args + PIN_AT.block] as number] as number)++;
        break;
      case EVENT.unpin:
        (this.pins[rows[args + UNPIN_AT.block] as number] as number)--;
        break;
      default:
        break;
    }
  }

  /** When an operation returned; NEVER for what happened outside of operations. */
  exitOf(op: number): number {
    return op < 0 ? NEVER : (this.exits[op] as number);
  }

  pageIndex(ino: number, page: number): number {
    return ino * this.filePages + page;
  }

  /** The page that holds an offset. */
  pageAt(ino: number, offset: number): number {
    return ino * this.filePages + pageOf(this.layout, offset);
  }

  /** The pages, over all files, that have the block now. */
  pagesOf(block: number): readonly number[] {
    if (this.owner[block] === NOBODY) return NONE;
    const pages: number[] = [];
    for (
      let page = this.blocks.indexOf(block);
      page >= 0;
      page = this.blocks.indexOf(block, page + 1)
    )
      pages.push(page);
    return pages;
  }

  /** The byte that the file should show at `offset` now. */
  byteOf(ino: number, offset: number): number {
    return this.contents[ino * this.filePages * this.pageSize() + offset] as number;
  }

  /** The first byte of [from, to) that a media error has destroyed and nobody stored since; -1 if none. */
  firstLost(ino: number, from: number, to: number): number {
    if (this.lost === null) return -1;
    const start = ino * this.filePages * this.pageSize();
    for (let at = start + from; at < start + to; at++) if (this.lost[at] === 1) return at - start;
    return -1;
  }

  /** What a file shows now, as far as it goes. */
  copyOf(ino: number): Uint8Array {
    const start = ino * this.filePages * this.pageSize();
    return this.contents.slice(start, start + (this.sizes[ino] as number));
  }

  /** The first byte of [from, to) that is not `byte`; -1 if there is none. */
  firstOther(ino: number, from: number, to: number, byte: number): number {
    const pageSize = this.pageSize();
    const start = ino * this.filePages * pageSize;
    for (let at = start + from; at < start + to;) {
      const page = pageOf(this.layout, at);
      const end = Math.min(start + to, (page + 1) * pageSize);
      // Growing and punching are about zeros, and most pages have never held anything else.
      if (byte !== 0 || this.written[page] === 1) {
        for (; at < end; at++) if (this.contents[at] !== byte) return at - start;
      }
      at = end;
    }
    return -1;
  }

  private strike(block: number): void {
    this.lost ??= new Uint8Array(this.contents.length);
    this.poisoned.add(block);
    const bytes = this.pageSize();
    for (const page of this.pagesOf(block)) this.lost.fill(1, page * bytes, (page + 1) * bytes);
  }

  private map(page: number, block: number, event: number): void {
    this.blocks[page] = block;
    this.placedAt[page] = event;
    this.copied[page] = 0;
    if (this.owner[block] !== NOBODY) this.shared[block] = 1;
    this.owner[block] = page;
    this.mappedAt[block] = event;
    this.freedAt[block] = this.lastUnmap[block] as number;
  }

  /** The bytes stay what they are, and have been copied to the new block before. */
  private remap(page: number, block: number, event: number): void {
    const old = this.blocks[page] as number;
    if (old !== HOLE) this.leave(page, old, event);
    this.map(page, block, event);
    this.copied[page] = 1;
  }

  private leave(page: number, block: number, event: number): void {
    this.blocks[page] = HOLE;
    if (this.owner[block] === page) {
      this.owner[block] = this.shared[block] === 0 ? NOBODY : this.blocks.indexOf(block);
    }
    if (this.owner[block] !== NOBODY) return; // another page still has it
    this.lastUnmap[block] = event;
    this.shared[block] = 0;
  }

  private unmap(page: number, block: number, event: number): void {
    this.leave(page, block, event);
    this.contents.fill(0, page * this.pageSize(), (page + 1) * this.pageSize());
    this.lost?.fill(0, page * this.pageSize(), (page + 1) * this.pageSize());
  }

  /** Does the store at `event` zero a block that the page has already, in a fault? */
  isFaultZeroing(event: number): boolean {
    const page = this.pageAt(
      this.trace.argument(event, STORE_AT.ino),
      this.trace.argument(event, STORE_AT.offset),
    );
    const mapped = this.blocks[page] as number;
    return isFaultZeroing(this.program, this.disk, this.trace, event, mapped);
  }

  /** A store changes the contents of the file that it was meant for. */
  private storeContents(event: number, args: number): void {
    const rows = this.trace.rows;
    const ino = rows[args + STORE_AT.ino] as number;
    if (ino < 0) return;
    const offset = rows[args + STORE_AT.offset] as number;
    const length = rows[args + STORE_AT.length] as number;
    const data = rows[args + STORE_AT.data] as number;
    const page = this.pageAt(ino, offset);
    if (((rows[args + STORE_AT.how] as number) & STORE.dma) !== 0) {
      // A device writes to a block; it is the file's content only while the block is the file's.
      const block = blockOf(this.layout, rows[args + STORE_AT.address] as number);
      if (this.blocks[page] !== block) return;
    }
    if (data === -1 && this.isFaultZeroing(event)) return;
    this.fillContents(ino, offset, length, data);
  }

  private bringContents(event: number, args: number): void {
    const rows = this.trace.rows;
    const ino = rows[args + CONTENT_AT.ino] as number;
    const offset = rows[args + CONTENT_AT.offset] as number;
    const length = rows[args + CONTENT_AT.length] as number;
    this.broughtAt[this.pageAt(ino, offset)] = event;
    this.fillContents(ino, offset, length, rows[args + CONTENT_AT.data] as number);
  }

  private fillContents(ino: number, offset: number, length: number, data: number): void {
    const start = ino * this.filePages * this.pageSize() + offset;
    if (this.lost !== null) this.lost.fill(0, start, start + length);
    if (data === -1) {
      this.contents.fill(0, start, start + length);
      return;
    }
    const last = pageOf(this.layout, start + length - 1);
    for (let p = pageOf(this.layout, start); p <= last; p++) this.written[p] = 1;
    if (data < 0) {
      this.contents.fill(-1 - data, start, start + length);
    } else {
      for (let i = 0; i < length; i++) this.contents[start + i] = dataByte(this.trace, data, i);
    }
  }
}
