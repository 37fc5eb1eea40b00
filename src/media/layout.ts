/**
 * Where things are on the emulated pmem device.
 *
 *     0 ..                the log's word, and a line behind it (log.ts has the form of all metadata)
 *     homesStart ..       the inodes, each at home
 *     logStart ..         the log's slots
 *     dataStart ..        data blocks, numbered from 0; dataStart is PMD aligned, so block n can head a PMD
 *                         mapping exactly when n is a multiple of pmdPages
 */
import { LINE_SIZE, WORD_SIZE } from '../support/units.js';
import type { Geometry } from '../program/geometry.js';

/** Block number of a hole. */
export const HOLE = -1;

/** Transactions that the log holds; a slot is used again when what is in it has been written home. */
export const LOG_SLOTS = 4;

/** Words of an inode beside its block map: magic and number, size, mtime, ctime. */
const INODE_WORDS = 4;
const WORD_BYTES = 4;
/** Bytes before a transaction's inodes: its number, and how many there are. */
export const SLOT_HEADER_BYTES = 2 * WORD_BYTES;

export interface Layout {
  readonly geometry: Geometry;
  /** log2 of the page size: offsets become page numbers tens of times an execution and operation. */
  readonly pageShift: number;
  readonly fileCount: number;
  /** Bytes of one inode, in whole words. */
  readonly inodeBytes: number;
  readonly homesStart: number;
  readonly logStart: number;
  /** Bytes of one slot of the log, in whole lines. */
  readonly slotBytes: number;
  /** Where the log ends. */
  readonly logEnd: number;
  /** Address of block 0. */
  readonly dataStart: number;
  /** Bytes of the device. */
  readonly mediaBytes: number;
}

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

export function layoutOf(geometry: Geometry, fileCount: number): Layout {
  const inodeBytes = roundUp(WORD_BYTES * (INODE_WORDS + geometry.filePagesMax), WORD_SIZE);
  const homesStart = LINE_SIZE;
  const logStart = roundUp(homesStart + fileCount * inodeBytes, LINE_SIZE);
  const slotBytes = roundUp(SLOT_HEADER_BYTES + fileCount * inodeBytes, LINE_SIZE);
  const logEnd = logStart + LOG_SLOTS * slotBytes;
  const dataStart = roundUp(logEnd, geometry.pageSize * geometry.pmdPages);
  return {
    geometry,
    pageShift: Math.log2(geometry.pageSize),
    fileCount,
    inodeBytes,
    homesStart,
    logStart,
    slotBytes,
    logEnd,
    dataStart,
    mediaBytes: dataStart + geometry.blockCount * geometry.pageSize,
  };
}

export const blockAddress = (layout: Layout, block: number): number =>
  layout.dataStart + block * layout.geometry.pageSize;

/** The block that holds an address, or a negative number inside the metadata. */
export const blockOf = (layout: Layout, address: number): number =>
  (address - layout.dataStart) >> layout.pageShift;

/** The page of a file that holds an offset. */
export const pageOf = (layout: Layout, offset: number): number => offset >> layout.pageShift;

/** Where inode `ino` is at home. */
export const homeAddress = (layout: Layout, ino: number): number =>
  layout.homesStart + ino * layout.inodeBytes;

/** The slot of the log that transaction `tid` is in. */
export const slotOfTransaction = (tid: number): number => tid % LOG_SLOTS;

export const slotAddress = (layout: Layout, tid: number): number =>
  layout.logStart + slotOfTransaction(tid) * layout.slotBytes;
