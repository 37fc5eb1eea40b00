/**
 * The free blocks of an XFS that mkfs has just made, from its free space btrees. mkfs zeroes some of them,
 * and those are the first that files get: exposing one, or losing a copy in one, would not be seen among
 * zeros.
 */
import { assert } from '../support/assert.js';

/** struct xfs_dsb: where the superblock has what, in bytes. */
const SUPERBLOCK = { blockSize: 4, groupBlocks: 84, groups: 88 } as const;
/** struct xfs_agf, in the second sector of a group. */
const FREE_HEADER = { at: 512, root: 16, levels: 28 } as const;
/** struct xfs_btree_block with a checksum, and its records behind it: first block and blocks. */
const LEAF = { count: 6, records: 56, recordBytes: 8 } as const;

/**
 * Fills every free block with `byte`. @throws Defect for more free space than one btree block can tell of.
 */
export function fillFreeSpace(image: Buffer, byte: number): void {
  const blockSize = image.readUInt32BE(SUPERBLOCK.blockSize);
  const groupBytes = image.readUInt32BE(SUPERBLOCK.groupBlocks) * blockSize;
  for (let group = 0; group < image.readUInt32BE(SUPERBLOCK.groups); group++) {
    const start = group * groupBytes;
    const header = start + FREE_HEADER.at;
    assert(image.readUInt32BE(header + FREE_HEADER.levels) === 1, 'free space of a fresh XFS');
    const leaf = start + image.readUInt32BE(header + FREE_HEADER.root) * blockSize;
    const records = leaf + LEAF.records;
    const end = records + image.readUInt16BE(leaf + LEAF.count) * LEAF.recordBytes;
    for (let record = records; record < end; record += LEAF.recordBytes) {
      const from = start + image.readUInt32BE(record) * blockSize;
      image.fill(byte, from, from + image.readUInt32BE(record + 4) * blockSize);
    }
  }
}
