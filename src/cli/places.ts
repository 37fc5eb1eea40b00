/**
 * Where a verb is going to write: looked at before the work begins, so that hours of it are not lost to a
 * name that was wrong from the start. Nothing is made here.
 */
import fs from 'node:fs';
import path from 'node:path';
import { EnvironmentError, messageOf, UsageError } from '../support/assert.js';

/**
 * A directory to write in; it need not be there.
 * @throws UsageError when a file is in its place, EnvironmentError when it could not be written in.
 */
export function checkDirectory(what: string, directory: string): void {
  let nearest = path.resolve(directory);
  while (!fs.existsSync(nearest)) nearest = path.dirname(nearest);
  if (!fs.statSync(nearest).isDirectory()) {
    throw new UsageError(`${what}: ${nearest} is not a directory; name another place`);
  }
  try {
    fs.accessSync(nearest, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  } catch (error) {
    throw new EnvironmentError(
      `${what}: ${nearest} cannot be written in (${messageOf(error)}); name another place`,
    );
  }
}

/**
 * A file to write that is none of `inputs`.
 * @throws UsageError when it is, or is a directory; EnvironmentError when it could not be written.
 */
export function checkOutput(flag: string, file: string, inputs: readonly string[] = []): void {
  const found = fs.existsSync(file) ? fs.statSync(file) : null;
  if (found?.isDirectory() === true || file.endsWith(path.sep)) {
    throw new UsageError(`${flag}: ${file} is a directory; name a file in it`);
  }
  for (const input of inputs) {
    if (path.resolve(input) === path.resolve(file)) {
      throw new UsageError(`${flag}: ${file} would be overwritten; name another file`);
    }
  }
  // A pipe or a device is written as it is, not by way of a new file beside it.
  if (found === null || found.isFile()) checkDirectory(flag, path.dirname(file));
}
