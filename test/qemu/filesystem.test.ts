/** Images made by mkfs, and what the checkers say of them; without a kernel. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { FILESYSTEMS, makeFilesystem } from '../../src/qemu/filesystem.js';
import type { FilesystemName } from '../../src/target/real.js';
import { checkImage } from '../../src/qemu/fsck.js';
import { isNativeBuilt } from '../../src/qemu/native-files.js';
import { STALE_BYTE } from '../../src/program/program.js';
import { EnvironmentError } from '../../src/support/assert.js';

const NAMES = Object.keys(FILESYSTEMS) as FilesystemName[];

const inSbin = (name: string): boolean =>
  ['/usr/sbin', '/sbin'].some((directory) => fs.existsSync(path.join(directory, name)));
const skip =
  ['mkfs.ext4', 'mkfs.xfs'].every(inSbin) && isNativeBuilt()
    ? false
    : 'needs e2fsprogs, xfsprogs and "npm run build:native"';

describe('an empty file system', { skip }, () => {
  for (const name of NAMES) {
    test(`${name} is the same each time, whole, and shows what was never written`, () => {
      const filesystem = FILESYSTEMS[name];
      const image = makeFilesystem(filesystem);
      assert.equal(image.length, filesystem.bytes);
      assert.ok(image.equals(makeFilesystem(filesystem)), 'two images of equal options differ');
      const stale = image.reduce((count, byte) => count + (byte === STALE_BYTE ? 1 : 0), 0);
      assert.ok(stale > image.length / 3, `${stale} bytes`);
      const { status, text } = checkImage(filesystem.mount.type, image);
      assert.equal(status, 0, text);
    });
  }

  test('of XFS has nothing but stale bytes where files will be', () => {
    const image = makeFilesystem(FILESYSTEMS.xfs);
    // The last block and the first ones that files get: mkfs leaves zeros there.
    for (const block of [10, 30, image.length / 4096 - 1]) {
      const bytes = image.subarray(block * 4096, (block + 1) * 4096);
      assert.ok(
        bytes.every((byte) => byte === STALE_BYTE),
        `block ${block}`,
      );
    }
  });

  test('that was damaged is told from a whole one, and not changed', () => {
    for (const name of ['ext4', 'xfs'] as const) {
      const filesystem = FILESYSTEMS[name];
      const image = makeFilesystem(filesystem);
      // Of ext4 the block bitmap or the like, of xfs the root inode: both have checksums.
      image.fill(0xff, 0x10000, 0x10200);
      image.fill(0xff, 0x1000, 0x1040);
      const before = Buffer.from(image);
      const { status, text } = checkImage(filesystem.mount.type, image);
      assert.notEqual(status, 0, text);
      assert.ok(image.equals(before), `${name}: the checker wrote to the image`);
    }
  });
});

describe('mkfs that cannot be used', () => {
  const ext4 = FILESYSTEMS.ext4;

  test('is named with the package that has it', () => {
    assert.throws(
      () => makeFilesystem({ ...ext4, command: ['mkfs.none'] }),
      (error) =>
        error instanceof EnvironmentError &&
        /^mkfs\.none is missing.*e2fsprogs/.test(error.message),
    );
  });

  test('is quoted when it fails', () => {
    assert.throws(
      () => makeFilesystem({ ...ext4, command: ['sh', '-c', 'echo no such option >&2; exit 3'] }),
      (error) =>
        error instanceof EnvironmentError && /status 3 \(no such option\)/.test(error.message),
    );
  });
});
