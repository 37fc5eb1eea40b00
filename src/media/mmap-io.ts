/**
 * The native module that maps files, and what is said when it does not load. The dependency is the maintained
 * fork of mmap-io under that name; see decisions.md.
 */
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

/**
 * Maps a part of a file, shared; the mapping outlives the descriptor.
 * @throws EnvironmentError
 */
export function mapShared(fd: number, length: number, offset = 0): Buffer {
  const mmap = loadMmapIo();
  try {
    return mmap.map(length, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED, fd, offset);
  } catch (error) {
    throw new EnvironmentError(`cannot map ${length} bytes of a file: ${messageOf(error)}`);
  }
}
