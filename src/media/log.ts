/**
 * The on-media form of the file system's metadata: inodes at home, and a log in front of them.
 *
 *     word    two numbers in 8 bytes that reach media together: of the last transaction whose inodes are all
 *             at home (tail), and of the last one that has committed (head)
 *     home    one inode: size, times, block map
 *     slot    one transaction: its number, how many inodes it changed, and these, whole
 *
 * What the files are is read from the homes and, over them, from transactions tail + 1 to head. So a commit
 * is one store of the word, once its slot is on media; and a checkpoint is one, once the homes are.
 * Nothing has a checksum: whoever stores the word too early leaves metadata that nobody wrote.
 */
import { Defect } from '../support/assert.js';
import type { Layout } from './layout.js';
import { HOLE, homeAddress, LOG_SLOTS, slotAddress, SLOT_HEADER_BYTES } from './layout.js';

/** In the upper three bytes of an inode's first word; the lowest is its number. */
const MAGIC = 0x64617800;

export interface FileMetadata {
  readonly size: number;
  /** In ticks of the clock (trace/clock.ts). */
  readonly mtime: number;
  readonly ctime: number;
  /** Block of each page, HOLE where there is none. */
  readonly blocks: Int32Array;
}

export interface Metadata {
  /** Number of the last transaction in it. */
  readonly tid: number;
  readonly files: readonly FileMetadata[];
}

/** 32 bits, little-endian on every machine; a DataView would cost more to make than to use. */
function putWord(target: Uint8Array, at: number, value: number): number {
  target[at] = value;
  target[at + 1] = value >> 8;
  target[at + 2] = value >> 16;
  target[at + 3] = value >> 24;
  return at + 4;
}

function wordAt(source: Uint8Array, at: number): number {
  return (
    (source[at] as number) |
    ((source[at + 1] as number) << 8) |
    ((source[at + 2] as number) << 16) |
    ((source[at + 3] as number) << 24)
  );
}

export function putLogWord(target: Uint8Array, tail: number, head: number): void {
  putWord(target, 0, tail);
  putWord(target, 4, head);
}

export const tailOf = (device: Uint8Array): number => wordAt(device, 0);
export const headOf = (device: Uint8Array): number => wordAt(device, 4);

/** Writes inode `ino` at `at`; gives where it ends. */
export function putInode(
  layout: Layout,
  target: Uint8Array,
  at: number,
  ino: number,
  file: FileMetadata,
): number {
  let next = putWord(target, at, MAGIC | ino);
  next = putWord(target, next, file.size);
  next = putWord(target, next, file.mtime);
  next = putWord(target, next, file.ctime);
  for (let page = 0; page < file.blocks.length; page++) {
    next = putWord(target, next, file.blocks[page] as number);
  }
  if (next < at + layout.inodeBytes) putWord(target, next, 0);
  return at + layout.inodeBytes;
}

/** Begins transaction `tid` at the start of `target`; gives where its inodes go. */
export function putTransaction(target: Uint8Array, tid: number, inodes: number): number {
  putWord(target, 0, tid);
  putWord(target, 4, inodes);
  return SLOT_HEADER_BYTES;
}

/** Number of inodes in a transaction that begins at `at`. */
export const inodesIn = (source: Uint8Array, at: number): number => wordAt(source, at + 4);

/** Number of the inode at `at`, whatever its magic is. */
export const inoAt = (source: Uint8Array, at: number): number => wordAt(source, at) & 0xff;

/** Numbers of the inodes that a transaction, which is at the start of `source`, changed. */
export function inosIn(layout: Layout, source: Uint8Array): number[] {
  return Array.from({ length: Math.min(inodesIn(source, 0), layout.fileCount) }, (_, index) =>
    inoAt(source, SLOT_HEADER_BYTES + index * layout.inodeBytes),
  );
}

/** Writes all metadata of a file system with an empty log. */
export function putMetadata(layout: Layout, metadata: Metadata, device: Uint8Array): void {
  putLogWord(device, metadata.tid, metadata.tid);
  metadata.files.forEach((file, ino) => {
    putInode(layout, device, homeAddress(layout, ino), ino, file);
  });
}

/** The inode at `at`, which should have the number `ino`; a string says what is wrong with it. */
function readInode(
  layout: Layout,
  source: Uint8Array,
  at: number,
  ino: number,
): FileMetadata | string {
  if (wordAt(source, at) !== (MAGIC | ino)) return `inode ${ino} is none`;
  const { filePagesMax, pageSize, blockCount } = layout.geometry;
  const size = wordAt(source, at + 4);
  if (size < 0 || size > filePagesMax * pageSize) return `inode ${ino} has size ${size}`;
  const blocks = new Int32Array(filePagesMax);
  for (let page = 0; page < filePagesMax; page++) {
    const block = wordAt(source, at + 16 + 4 * page);
    if (block !== HOLE && (block < 0 || block >= blockCount))
      return `inode ${ino} has block ${block}`;
    blocks[page] = block;
  }
  return { size, mtime: wordAt(source, at + 8), ctime: wordAt(source, at + 12), blocks };
}

/** The files of `before` with what the transaction at `at` changed; a string says what is wrong with it. */
function replay(
  layout: Layout,
  before: readonly FileMetadata[],
  source: Uint8Array,
  at: number,
  tid: number,
): FileMetadata[] | string {
  const inodes = inodesIn(source, at);
  if (wordAt(source, at) !== tid || inodes < 1 || inodes > layout.fileCount) {
    return `transaction ${tid} is not in the log`;
  }
  const files = [...before];
  for (let index = 0; index < inodes; index++) {
    const place = at + SLOT_HEADER_BYTES + index * layout.inodeBytes;
    const ino = inoAt(source, place);
    if (ino >= layout.fileCount) return `transaction ${tid} has no such inode`;
    const file = readInode(layout, source, place, ino);
    if (typeof file === 'string') return `transaction ${tid}: ${file}`;
    files[ino] = file;
  }
  return files;
}

/** The metadata after transaction `tid`, whose bytes are `source`. */
export function afterTransaction(
  layout: Layout,
  before: Metadata,
  source: Uint8Array,
  tid: number,
): Metadata {
  const files = replay(layout, before.files, source, 0, tid);
  if (typeof files === 'string') throw new Defect(`a trace's own record: ${files}`);
  return { tid, files };
}

/**
 * Reads a device as a mount does; nothing is written. A string says why it cannot be mounted.
 */
export function readMetadata(layout: Layout, device: Uint8Array): Metadata | string {
  const tail = tailOf(device);
  const head = headOf(device);
  if (head < tail || head - tail > LOG_SLOTS) return `the log has ${head - tail} transactions`;
  // An inode that the log has whole may be half written at home: that is what the log is for.
  const logged = new Set<number>();
  for (let tid = tail + 1; tid <= head; tid++) {
    const slot = slotAddress(layout, tid);
    for (const ino of inosIn(layout, device.subarray(slot))) logged.add(ino);
  }
  let files: FileMetadata[] = [];
  for (let ino = 0; ino < layout.fileCount; ino++) {
    const home = readInode(layout, device, homeAddress(layout, ino), ino);
    if (typeof home !== 'string') files.push(home);
    else if (!logged.has(ino)) return home;
    else files.push(NO_FILE);
  }
  for (let tid = tail + 1; tid <= head; tid++) {
    const replayed = replay(layout, files, device, slotAddress(layout, tid), tid);
    if (typeof replayed === 'string') return replayed;
    files = replayed;
  }
  return { tid: head, files };
}

/** In the place of an inode that the log is going to bring. */
const NO_FILE: FileMetadata = { size: 0, mtime: 0, ctime: 0, blocks: new Int32Array(0) };

/** Do two states of the metadata show the same files? */
export function sameFiles(a: Metadata, b: Metadata): boolean {
  return a.files.every((file, ino) => {
    const other = b.files[ino];
    if (file.size !== other?.size || file.mtime !== other.mtime || file.ctime !== other.ctime) {
      return false;
    }
    return file.blocks.every((block, page) => block === other.blocks[page]);
  });
}
