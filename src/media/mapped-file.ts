/**
 * pmem media as a real file, mapped shared into this worker's memory with mmap-io, as a DAX mapping of a
 * real device is. Lines are written into it as they become durable; a crash image is this file plus the
 * lines that a cut chose to keep.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EnvironmentError, messageOf } from '../support/assert.js';
import type { AllocateMedia } from './image.js';
import { mapShared } from './mmap-io.js';

/** Where media files live: shared memory when there is some, for speed; both are real files. */
function mediaDirectory(): string {
  const shared = '/dev/shm';
  return fs.existsSync(shared) ? shared : os.tmpdir();
}

/**
 * An allocator of file-backed media. The file is unlinked as soon as it is mapped, so nothing is left
 * behind however the process ends.
 */
export function mappedFileMedia(label: string, directory = mediaDirectory()): AllocateMedia {
  let count = 0;
  return (length) => {
    const file = path.join(directory, `daxfuzz-${process.pid}-${label}-${count++}.pmem`);
    try {
      const fd = fs.openSync(file, 'wx+', 0o600);
      try {
        // Written, not just extended: a full file system must fail here and not with SIGBUS later.
        fs.writeFileSync(fd, Buffer.alloc(length)); // which does not take a short write for a whole one
        const mapped = mapShared(fd, length);
        // The same bytes as any other media has them: loops that meet two kinds of arrays are slower.
        return new Uint8Array(mapped.buffer, mapped.byteOffset, length);
      } finally {
        fs.closeSync(fd);
        fs.unlinkSync(file);
      }
    } catch (error) {
      if (error instanceof EnvironmentError) throw error;
      throw new EnvironmentError(
        `cannot map a pmem file of ${length} bytes at ${file}: ${messageOf(error)}; free some space there`,
      );
    }
  };
}
