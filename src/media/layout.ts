/**
 * Where things are on the emulated pmem device, and the on-media form of the file system's metadata.
 *
 *     0 .. dataStart      the journal's commit block: one metadata record, replaced atomically by a commit
 *     dataStart ..        data blocks, numbered from 0; dataStart is PMD aligned, so block n can head a PMD
 *                         mapping exactly when n is a multiple of pmdPages
 *
 * The record holds the size and the block map of every file, which is all that recovery needs. That one
 * commit is atomic is the assumption that this file system models (a journal with checksummed commits).
 */
import { Defect } from '../support/assert.js';
import type { Geometry } from '../program/geometry.js';
import type { Program } from '../program/program.js';

const MAGIC = 0x64617866;
const HEADER_WORDS = 3;
/** Block number of a hole. */
export const HOLE = -1;

export interface Layout {
  readonly geometry: Geometry;
  /** log2 of the page size: offsets become page numbers tens of times an execution and operation. */
  readonly pageShift: number;
  readonly fileCount: number;
  /** Bytes of one metadata record. */
  readonly recordBytes: number;
  /** Address of block 0. */
  readonly dataStart: number;
  /** Bytes of the device. */
  readonly mediaBytes: number;
}

export function layoutOf(geometry: Geometry, fileCount: number): Layout {
  const recordBytes = 4 * (HEADER_WORDS + fileCount * (1 + geometry.filePagesMax));
  const pmdBytes = geometry.pageSize * geometry.pmdPages;
  const dataStart = Math.ceil(recordBytes / pmdBytes) * pmdBytes;
  return {
    geometry,
    pageShift: Math.log2(geometry.pageSize),
    fileCount,
    recordBytes,
    dataStart,
    mediaBytes: dataStart + geometry.blockCount * geometry.pageSize,
  };
}

export const blockAddress = (layout: Layout, block: number): number =>
  layout.dataStart + block * layout.geometry.pageSize;

/** The block that holds an address, or a negative number inside the journal. */
export const blockOf = (layout: Layout, address: number): number =>
  (address - layout.dataStart) >> layout.pageShift;

/** The page of a file that holds an offset. */
export const pageOf = (layout: Layout, offset: number): number => offset >> layout.pageShift;

export interface FileMetadata {
  readonly size: number;
  /** Block of each page, HOLE where there is none. */
  readonly blocks: Int32Array;
}

export interface Metadata {
  readonly tid: number;
  readonly files: readonly FileMetadata[];
}

/** What mkfs leaves for a program: the same for the kernel, the media and the oracle. */
export interface FreshDisk {
  readonly kind: 'fresh';
  readonly layout: Layout;
  readonly metadata: Metadata;
  /** The metadata as it is on media. */
  readonly record: Uint8Array;
}

/** The last answer: four stages ask about one program, one after the other, and programs do not change. */
let latest: { readonly program: Program; readonly disk: FreshDisk } | null = null;

export function freshDisk(program: Program): FreshDisk {
  if (latest?.program === program) return latest.disk;
  const layout = layoutOf(program.geometry, program.files.length);
  const metadata = mkfs(program);
  const record = new Uint8Array(layout.recordBytes);
  encodeMetadata(metadata, record);
  latest = { program, disk: { kind: 'fresh', layout, metadata, record } };
  return latest.disk;
}

/**
 * The metadata of a fresh file system: each file's leading pages in consecutive blocks, starting PMD
 * aligned where the device has room for that.
 */
function mkfs(program: Program): Metadata {
  const { geometry, files } = program;
  const total = files.reduce((sum, file) => sum + file.allocated, 0);
  let next = 0;
  let rest = total;
  return {
    tid: 0,
    files: files.map((file) => {
      const aligned = Math.ceil(next / geometry.pmdPages) * geometry.pmdPages;
      if (aligned + rest <= geometry.blockCount) next = aligned;
      const blocks = new Int32Array(geometry.filePagesMax).fill(HOLE);
      for (let page = 0; page < file.allocated; page++) blocks[page] = next++;
      rest -= file.allocated;
      return { size: file.pages * geometry.pageSize, blocks };
    }),
  };
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

/** Writes the record of `metadata` at the start of `target`; gives its length. */
export function encodeMetadata(metadata: Metadata, target: Uint8Array): number {
  let at = putWord(target, 0, MAGIC);
  at = putWord(target, at, metadata.tid);
  at = putWord(target, at, metadata.files.length);
  for (const file of metadata.files) {
    at = putWord(target, at, file.size);
    for (let page = 0; page < file.blocks.length; page++) {
      at = putWord(target, at, file.blocks[page] as number);
    }
  }
  return at;
}

/** Reads a record back, as recovery does. */
export function decodeMetadata(layout: Layout, source: Uint8Array): Metadata {
  let at = 0;
  const take = (): number => {
    const value = wordAt(source, at);
    at += 4;
    return value;
  };
  if (take() !== MAGIC)
    throw new Defect('metadata record: bad magic, the commit block was overwritten');
  const tid = take();
  if (take() !== layout.fileCount) throw new Defect('metadata record: wrong file count');
  const files: FileMetadata[] = [];
  for (let ino = 0; ino < layout.fileCount; ino++) {
    const size = take();
    const blocks = new Int32Array(layout.geometry.filePagesMax);
    for (let page = 0; page < blocks.length; page++) blocks[page] = take();
    files.push({ size, blocks });
  }
  return { tid, files };
}
