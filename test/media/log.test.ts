import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { freshDisk } from '../../src/media/fresh.js';
import { homeAddress, HOLE, LOG_SLOTS, slotAddress } from '../../src/media/layout.js';
import type { FileMetadata, Metadata } from '../../src/media/log.js';
import {
  headOf,
  inosIn,
  putInode,
  putLogWord,
  putMetadata,
  putTransaction,
  readMetadata,
  tailOf,
} from '../../src/media/log.js';
import { parseProgram } from '../../src/program/text.js';
import { WORD_SIZE } from '../../src/support/units.js';

const program = parseProgram(`
  file a pages 4 allocated 3
  file b pages 2 allocated 1
  t0: f0 = open("a")`);
const { layout, metadata } = freshDisk(program);

function device(): Uint8Array {
  const bytes = new Uint8Array(layout.dataStart);
  putMetadata(layout, metadata, bytes);
  return bytes;
}

const fileOf = (size: number, block = HOLE): FileMetadata => {
  const blocks = new Int32Array(layout.geometry.filePagesMax).fill(HOLE);
  blocks[0] = block;
  return { size, mtime: 5, ctime: 6, blocks };
};

/** Puts a transaction into its slot, and does not commit it. */
function log(bytes: Uint8Array, tid: number, changes: readonly [number, FileMetadata][]): void {
  const slot = bytes.subarray(slotAddress(layout, tid));
  let next = putTransaction(slot, tid, changes.length);
  for (const [ino, file] of changes) next = putInode(layout, slot, next, ino, file);
}

function mounted(bytes: Uint8Array): Metadata {
  const found = readMetadata(layout, bytes);
  if (typeof found === 'string') assert.fail(found);
  return found;
}

describe('a device with a log', () => {
  test('shows nothing of a transaction before the head has moved over it', () => {
    const bytes = device();
    log(bytes, 1, [[0, fileOf(100)]]);
    assert.deepEqual(mounted(bytes), metadata);
    putLogWord(bytes, 0, 1);
    assert.deepEqual(mounted(bytes).files[0], fileOf(100));
    assert.deepEqual(mounted(bytes).files[1], metadata.files[1]);
    assert.deepEqual([tailOf(bytes), headOf(bytes), mounted(bytes).tid], [0, 1, 1]);
  });

  test('shows the last of several transactions', () => {
    const bytes = device();
    log(bytes, 1, [[0, fileOf(100)]]);
    log(bytes, 2, [
      [1, fileOf(7)],
      [0, fileOf(200)],
    ]);
    putLogWord(bytes, 0, 2);
    assert.deepEqual(
      mounted(bytes).files.map(({ size }) => size),
      [200, 7],
    );
    assert.deepEqual(inosIn(layout, bytes.subarray(slotAddress(layout, 2))), [1, 0]);
  });

  test('does not care what an inode is at home that the log has', () => {
    const bytes = device();
    log(bytes, 1, [[0, fileOf(100)]]);
    putLogWord(bytes, 0, 1);
    bytes.fill(0xee, homeAddress(layout, 0), homeAddress(layout, 1));
    assert.deepEqual(mounted(bytes).files[0], fileOf(100));
    putLogWord(bytes, 1, 1);
    assert.equal(readMetadata(layout, bytes), 'inode 0 is none');
  });

  test('uses a slot again after as many transactions as there are slots', () => {
    const bytes = device();
    assert.equal(slotAddress(layout, 1), slotAddress(layout, 1 + LOG_SLOTS));
    log(bytes, 1, [[0, fileOf(100)]]);
    putLogWord(bytes, 0, 1);
    log(bytes, 1 + LOG_SLOTS, [[0, fileOf(1)]]);
    assert.equal(readMetadata(layout, bytes), 'transaction 1 is not in the log');
  });

  test('has its word and its inodes in whole words, which do not tear', () => {
    assert.equal(layout.inodeBytes % WORD_SIZE, 0);
    assert.equal(layout.slotBytes % WORD_SIZE, 0);
    assert.equal(homeAddress(layout, 0) % WORD_SIZE, 0);
  });
});

describe('metadata that nobody wrote', () => {
  const BROKEN: readonly [string, (bytes: Uint8Array) => void, RegExp][] = [
    ['a head before the tail', (bytes) => putLogWord(bytes, 3, 1), /the log has -2 transactions/],
    ['more than fits', (bytes) => putLogWord(bytes, 0, 9), /the log has 9 transactions/],
    ['an empty slot', (bytes) => putLogWord(bytes, 0, 1), /transaction 1 is not in the log/],
    [
      'a size beyond all files',
      (bytes) => {
        log(bytes, 1, [[0, fileOf(1 << 30)]]);
        putLogWord(bytes, 0, 1);
      },
      /transaction 1: inode 0 has size 1073741824/,
    ],
    [
      'a block that the device does not have',
      (bytes) => {
        log(bytes, 1, [[1, fileOf(1, 4000)]]);
        putLogWord(bytes, 0, 1);
      },
      /transaction 1: inode 1 has block 4000/,
    ],
    [
      'half an inode',
      (bytes) => {
        log(bytes, 1, [[1, fileOf(1, 2)]]);
        putLogWord(bytes, 0, 1);
        bytes.fill(0, slotAddress(layout, 1) + WORD_SIZE, slotAddress(layout, 1) + 2 * WORD_SIZE);
      },
      /transaction 1: inode 0 is none/,
    ],
  ];
  for (const [what, breaks, expected] of BROKEN) {
    test(`does not mount: ${what}`, () => {
      const bytes = device();
      breaks(bytes);
      const found = readMetadata(layout, bytes);
      assert.match(typeof found === 'string' ? found : 'mounted', expected);
    });
  }
});
