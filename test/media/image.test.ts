import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import { describe, test } from 'node:test';
import { Image } from '../../src/media/image.js';
import { freshDisk } from '../../src/media/fresh.js';
import { blockAddress, blockOf, HOLE, layoutOf } from '../../src/media/layout.js';
import { putMetadata, readMetadata } from '../../src/media/log.js';
import { mappedFileMedia } from '../../src/media/mapped-file.js';
import { STALE_BYTE } from '../../src/program/program.js';
import type { Program } from '../../src/program/program.js';
import { parseProgram } from '../../src/program/text.js';
import { EnvironmentError } from '../../src/support/assert.js';
import { freshImage } from '../helpers/images.js';

const program = parseProgram(
  'file a pages 4 allocated 3\nfile b pages 2 allocated 1\nt0: f0 = open("a")\n',
);
const layoutFor = (of: Program): ReturnType<typeof layoutOf> =>
  layoutOf(of.geometry, of.files.length);

describe('a fresh device', () => {
  test('has zeros in the blocks of files and stale bytes in all others', () => {
    const image = freshImage(program);
    const layout = layoutFor(program);
    const owned = new Set(freshDisk(program).metadata.files.flatMap((file) => [...file.blocks]));
    for (let block = 0; block < program.geometry.blockCount; block++) {
      const from = blockAddress(layout, block);
      const expected = owned.has(block) ? 0 : STALE_BYTE;
      assert.ok(
        image.subarray(from, from + 4096).every((byte) => byte === expected),
        `${block}`,
      );
    }
  });

  test('has each file in consecutive blocks, aligned for a huge page', () => {
    const [first, second] = freshDisk(program).metadata.files;
    assert.deepEqual([...(first?.blocks ?? [])].slice(0, 4), [0, 1, 2, HOLE]);
    assert.deepEqual([...(second?.blocks ?? [])].slice(0, 2), [4, HOLE]);
    const layout = layoutFor(program);
    assert.equal(blockOf(layout, blockAddress(layout, 7) + 4095), 7);
    assert.equal(layout.dataStart % (4096 * 4), 0);
  });

  test('carries metadata that reads back as it was written', () => {
    const metadata = { ...freshDisk(program).metadata, tid: 9 };
    const bytes = new Uint8Array(layoutFor(program).logEnd);
    putMetadata(layoutFor(program), metadata, bytes);
    assert.deepEqual(readMetadata(layoutFor(program), bytes), metadata);
  });

  test('with overwritten inodes cannot be mounted, and is no empty file system', () => {
    const bytes = new Uint8Array(layoutFor(program).logEnd);
    assert.equal(readMetadata(layoutFor(program), bytes), 'inode 0 is none');
  });
});

describe('an image that is used again', () => {
  test('is as fresh as a new one, whatever was written to it and whichever program comes next', () => {
    const other = parseProgram('file a pages 8 allocated 8\nt0: sync()\n');
    const smaller = parseProgram('geometry page 2048 pmd 8 file-pages 8 blocks 32\nt0: sync()\n');
    const image = new Image();
    for (const next of [program, other, program, smaller, program]) {
      image.reset(freshDisk(next));
      assert.deepEqual(Buffer.from(image.bytes), Buffer.from(freshImage(next)));
      for (const block of [0, 3, 15]) {
        image.touch(block);
        image.bytes.fill(
          1,
          blockAddress(layoutFor(next), block),
          blockAddress(layoutFor(next), block + 1),
        );
      }
    }
  });

  test('is fresh when more files move the blocks behind a longer metadata record', () => {
    const geometry = 'geometry page 64 pmd 2 file-pages 1024 blocks 8\n';
    const one = parseProgram(`${geometry}file a pages 2 allocated 2\nt0: sync()\n`);
    const two = parseProgram(
      `${geometry}file a pages 2 allocated 0\nfile b pages 2 allocated 2\nt0: sync()\n`,
    );
    assert.notEqual(layoutFor(one).dataStart, layoutFor(two).dataStart);
    const image = new Image();
    for (const next of [one, two, one]) {
      image.reset(freshDisk(next));
      const { dataStart, mediaBytes } = layoutFor(next);
      assert.deepEqual(
        Buffer.from(image.bytes.subarray(dataStart, mediaBytes)),
        Buffer.from(freshImage(next).subarray(dataStart, mediaBytes)),
      );
    }
  });

  test('lives in a real file that is mapped shared and leaves nothing behind', () => {
    const image = new Image(mappedFileMedia('test'));
    image.reset(freshDisk(program));
    image.bytes[blockAddress(layoutFor(program), 2)] = 7;
    assert.deepEqual(image.bytes[blockAddress(layoutFor(program), 2)], 7);
    const maps = fs.readFileSync('/proc/self/maps', 'utf8');
    assert.match(maps, /rw-s .*daxfuzz-\d+-test-0\.pmem \(deleted\)/);
    for (const directory of ['/dev/shm', os.tmpdir()].filter((name) => fs.existsSync(name))) {
      const left = fs
        .readdirSync(directory)
        .filter((name) => name.includes(`-${process.pid}-test-`));
      assert.deepEqual(left, []);
    }
  });

  test('in a directory that does not exist is an error of the environment that names it', () => {
    const allocate = mappedFileMedia('test', '/nonexistent');
    assert.throws(
      () => allocate(4096),
      (error) => error instanceof EnvironmentError && error.message.includes('/nonexistent'),
    );
  });
});
