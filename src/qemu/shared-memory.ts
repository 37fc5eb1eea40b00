/**
 * Memory shared with QEMU: files without a name, of which QEMU inherits the descriptors. However either
 * side ends, nothing is left in /dev/shm.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EnvironmentError, messageOf } from '../support/assert.js';

interface MmapIo {
  readonly PROT_READ: 1;
  readonly PROT_WRITE: 2;
  readonly MAP_SHARED: 1;
  map(size: number, protection: number, flags: number, fd: number, offset?: number): Buffer;
}

function loadMmapIo(): MmapIo {
  try {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- its absence must be explained
    const module = require('mmap-io') as MmapIo & { default?: MmapIo };
    return module.default ?? module;
  } catch (error) {
    throw new EnvironmentError(
      `the native module mmap-io does not load (${messageOf(error)}): run "npm ci" with python3, make and g++ installed`,
    );
  }
}

let filesMade = 0;

/** A file of `length` bytes in memory, open for reading and writing, already without a name. */
export function unnamedFile(length: number): number {
  const directory = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir();
  const file = path.join(directory, `daxfuzz-${process.pid}-${filesMade++}`);
  try {
    const fd = fs.openSync(file, 'wx+', 0o600);
    fs.unlinkSync(file);
    fs.ftruncateSync(fd, length);
    return fd;
  } catch (error) {
    throw new EnvironmentError(
      `cannot make a file of ${length} bytes at ${file}: ${messageOf(error)}; free some space there`,
    );
  }
}

/** Maps a part of a file; the mapping outlives the descriptor. */
export function mapShared(fd: number, length: number, offset = 0): Buffer {
  const mmap = loadMmapIo();
  try {
    return mmap.map(length, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, fd, offset);
  } catch (error) {
    throw new EnvironmentError(`cannot map ${length} bytes shared with QEMU: ${messageOf(error)}`);
  }
}
