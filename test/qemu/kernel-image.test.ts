import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { openKernelImage, versionOf } from '../../src/qemu/kernel-image.js';
import { EnvironmentError, UsageError } from '../../src/support/assert.js';
import { inTemporaryDirectory } from '../helpers/temporary.js';

/** The first sectors of a bzImage, as the boot protocol describes them. */
function bzImage(version: string): Buffer {
  const image = Buffer.alloc(0x4000);
  image.writeUInt16LE(0xaa55, 0x1fe);
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt16LE(0x3000, 0x20e);
  image.write(`${version} (builder@host) #1 SMP\0`, 0x3200, 'latin1');
  return image;
}

describe('a kernel image', () => {
  test('says its version', () => {
    assert.equal(versionOf(bzImage('6.1.0-56-amd64')), '6.1.0-56-amd64');
  });

  test('is not an empty file, a text, or one that is cut off', () => {
    assert.equal(versionOf(Buffer.alloc(0)), null);
    assert.equal(versionOf(Buffer.alloc(0x4000, 'text')), null);
    assert.equal(versionOf(bzImage('6.1.0').subarray(0, 0x1000)), null);
  });
});

describe('opening a kernel image', () => {
  test('finds the modules of an unpacked package', () =>
    inTemporaryDirectory((directory) => {
      const modules = path.join(directory, 'lib', 'modules', '6.1.0-x');
      fs.mkdirSync(path.join(modules, 'kernel'), { recursive: true });
      fs.mkdirSync(path.join(directory, 'boot'));
      const file = path.join(directory, 'boot', 'vmlinuz-6.1.0-x');
      fs.writeFileSync(file, bzImage('6.1.0-x'));
      assert.deepEqual(openKernelImage(file), { file, version: '6.1.0-x', modules });
    }));

  test('finds modules that lie beside the image, as Debian has them since Linux 7', () =>
    inTemporaryDirectory((directory) => {
      const modules = path.join(directory, 'usr', 'lib', 'modules', '7.2.12-x');
      fs.mkdirSync(path.join(modules, 'kernel'), { recursive: true });
      const file = path.join(modules, 'vmlinuz');
      fs.writeFileSync(file, bzImage('7.2.12-x'));
      assert.deepEqual(openKernelImage(file), { file, version: '7.2.12-x', modules });
    }));

  test('without modules says where they were sought', () =>
    inTemporaryDirectory((directory) => {
      const file = path.join(directory, 'vmlinuz');
      fs.writeFileSync(file, bzImage('6.1.0-nowhere'));
      assert.throws(
        () => openKernelImage(file),
        (error) => error instanceof EnvironmentError && /6\.1\.0-nowhere/.test(error.message),
      );
    }));

  test('refuses what is none: another file, a directory, nothing', () =>
    inTemporaryDirectory((directory) => {
      const text = path.join(directory, 'text');
      fs.writeFileSync(text, 'not a kernel\n');
      for (const file of [text, directory, path.join(directory, 'missing')]) {
        assert.throws(() => openKernelImage(file), UsageError, file);
      }
    }));
});
