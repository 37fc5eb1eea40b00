/**
 * Memory shared with QEMU: files without a name, of which QEMU inherits the descriptors. However either
 * side ends, nothing is left in /dev/shm.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EnvironmentError, messageOf } from '../support/assert.js';

let filesMade = 0;

/** Where files in memory can be; where /dev/shm is small, as in containers, they are on a disk. */
const DIRECTORIES: readonly string[] = ['/dev/shm', os.tmpdir()];

/** Free bytes of a directory; a file system without a limit has none to tell. */
function spaceIn(directory: string): number {
  try {
    const { blocks, bavail, bsize } = fs.statfsSync(directory);
    return blocks === 0 ? Infinity : bavail * bsize;
  } catch {
    return 0;
  }
}

/**
 * A file of `length` bytes in memory, open for reading and writing, already without a name. Its bytes are
 * only taken when they are written, and then a full file system would end the process (SIGBUS): so there
 * must be space for all of them.
 * @throws EnvironmentError when there is not.
 */
export function unnamedFile(length: number, directories = DIRECTORIES): number {
  const directory = directories.find((place) => spaceIn(place) >= length);
  if (directory === undefined) {
    const places = directories.join(' nor in ');
    throw new EnvironmentError(
      `no space for a file of ${length} bytes in ${places}: free some there, or set TMPDIR to a directory that has it`,
    );
  }
  const file = path.join(directory, `daxfuzz-${process.pid}-${filesMade++}`);
  try {
    const fd = fs.openSync(file, 'wx+', 0o600);
    fs.unlinkSync(file);
    fs.ftruncateSync(fd, length);
    return fd;
  } catch (error) {
    throw new EnvironmentError(
      `cannot make a file of ${length} bytes at ${file}: ${messageOf(error)}`,
    );
  }
}

/** Writes to a file, which is closed if that fails. @throws EnvironmentError */
export function attemptWrite(fd: number, bytes: number, write: () => void): void {
  try {
    write();
  } catch (error) {
    fs.closeSync(fd);
    throw new EnvironmentError(`cannot write ${bytes} bytes: ${messageOf(error)}`);
  }
}

/** An unnamed file with a content. */
export function fillFile(content: Uint8Array): number {
  const fd = unnamedFile(content.length);
  attemptWrite(fd, content.length, () => {
    for (let done = 0; done < content.length;) {
      done += fs.writeSync(fd, content, done, content.length - done, done);
    }
  });
  return fd;
}
