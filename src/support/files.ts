/**
 * Files that appear whole or not at all: written beside under another name, then renamed. Whoever reads a
 * directory while a campaign runs, or after one was killed, finds complete files and perhaps leftovers,
 * which `removeLeftovers` tells apart by their names. Reading is bounded, so that no file hangs us.
 */
import fs from 'node:fs';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { EnvironmentError, messageOf, UsageError } from './assert.js';
import { byText } from './order.js';

/**
 * The names that a campaign writes, with what write-file-atomic appends while it does. No wider: the user
 * may have named a directory with files of his own, and `log.txt.1` is one of them.
 */
const LEFTOVER = /^(?:finding\.json|report\.txt|[0-9a-f]{16}\.prog)\.\d{1,10}$/;

export interface WriteOptions {
  /** Waits until the file would survive a power failure. */
  readonly durable: boolean;
}

/**
 * Writes a file whole; its directory is made if need be.
 * @throws EnvironmentError when it cannot be written.
 */
export function writeWhole(
  file: string,
  content: string | Buffer,
  { durable }: WriteOptions,
): void {
  try {
    const directory = path.dirname(path.resolve(file));
    const made = fs.mkdirSync(directory, { recursive: true });
    const found = fs.statSync(file, { throwIfNoEntry: false });
    if (found !== undefined && !found.isFile()) {
      // A pipe, a terminal, /dev/null: renaming a file over it would remove it.
      fs.writeFileSync(file, content);
      return;
    }
    // The content is written by the callback: the package itself takes a short write for a whole one.
    const tmpfileCreated = (name: string): void => fs.writeFileSync(name, content);
    writeFileAtomic.sync(file, Buffer.alloc(0), { fsync: durable, tmpfileCreated });
    if (durable) syncDirectories(directory, made);
  } catch (error) {
    throw new EnvironmentError(
      `cannot write ${file}: ${messageOf(error)}; free some space or name another directory`,
    );
  }
}

/** A new name survives a power failure once its directory does, and so on up to one that was there. */
function syncDirectories(directory: string, made: string | undefined): void {
  const last = made === undefined ? directory : path.dirname(made);
  for (let name = directory; ; name = path.dirname(name)) {
    const fd = fs.openSync(name, 'r');
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    if (name === last || name === path.dirname(name)) return;
  }
}

/**
 * The text of a file of at most `bytesMax` bytes.
 * @throws UsageError for a wrong name or a file that is none of ours, EnvironmentError when it cannot be
 * read.
 */
export function readWhole(file: string, bytesMax: number): string {
  try {
    const found = fs.statSync(file);
    if (found.isDirectory()) throw new UsageError(`${file}: is a directory; name a file in it`);
    // A device may never end, and a pipe never begin.
    if (!found.isFile()) throw new UsageError(`${file}: not a regular file; save it as one first`);
    if (found.size > bytesMax) {
      throw new UsageError(
        `${file}: ${found.size} bytes, more than the ${bytesMax} that such a file can have; is it the right one?`,
      );
    }
    return fs.readFileSync(file, 'utf8');
  } catch (error) {
    throw readError(file, error);
  }
}

/**
 * A file, whatever it is called, or the .json files below a directory, in the order of their names.
 * @throws UsageError for a wrong name, EnvironmentError when the directory cannot be read.
 */
export function jsonFiles(name: string): string[] {
  try {
    if (!fs.statSync(name).isDirectory()) return [name];
    return fs
      .readdirSync(name, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
      .map((entry) => path.join(entry.parentPath, entry.name))
      .sort(byText);
  } catch (error) {
    throw readError(name, error);
  }
}

/** What the system says about a name that is wrong, and not about a file that it does not give us. */
const WRONG_NAME = ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'];

/** The error of whoever is to blame for a file or directory that cannot be read. */
export function readError(file: string, error: unknown): Error {
  if (error instanceof UsageError) return error;
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (WRONG_NAME.includes(code)) {
    return new UsageError(`${file}: no such file or directory (${code}); is the name right?`);
  }
  return new EnvironmentError(
    `${file}: cannot be read (${messageOf(error)}); are you permitted to, is the disk sound?`,
  );
}

/** Removes what a process that died before `deadline` (a time in ms) has left of the files it was writing. */
export function removeLeftovers(directory: string, deadline: number): void {
  if (!fs.existsSync(directory)) return;
  for (const entry of fs.readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !LEFTOVER.test(entry.name)) continue;
    const file = path.join(entry.parentPath, entry.name);
    // A younger one may belong to a campaign that is running; one that has gone since, too.
    const found = fs.statSync(file, { throwIfNoEntry: false });
    if (found !== undefined && found.mtimeMs < deadline) fs.rmSync(file, { force: true });
  }
}
