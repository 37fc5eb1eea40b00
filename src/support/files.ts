/**
 * Files that appear whole or not at all: written beside under another name, then renamed. Whoever reads a
 * directory while a campaign runs, or after one was killed, finds complete files and perhaps leftovers,
 * which `removeLeftovers` tells apart by their names.
 */
import fs from 'node:fs';
import path from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { EnvironmentError, messageOf } from './assert.js';

/** What write-file-atomic appends to the name while it writes. */
const LEFTOVER = /\.(?:json|txt|prog)\.\d+$/;

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
    fs.mkdirSync(path.dirname(path.resolve(file)), { recursive: true });
    writeFileAtomic.sync(file, content, { fsync: durable });
  } catch (error) {
    throw new EnvironmentError(
      `cannot write ${file}: ${messageOf(error)}; free some space or name another directory`,
    );
  }
}

/** Removes what a process that died before `deadline` (a time in ms) has left of the files it was writing. */
export function removeLeftovers(directory: string, deadline: number): void {
  if (!fs.existsSync(directory)) return;
  for (const entry of fs.readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile() || !LEFTOVER.test(entry.name)) continue;
    const file = path.join(entry.parentPath, entry.name);
    // A younger one may belong to a campaign that is running.
    if (fs.statSync(file).mtimeMs < deadline) fs.rmSync(file, { force: true });
  }
}
