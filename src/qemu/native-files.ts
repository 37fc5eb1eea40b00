/** What gcc makes of native/: there, and of the sources that are there. */
import fs from 'node:fs';
import path from 'node:path';
import { EnvironmentError } from '../support/assert.js';

export interface NativeDirectories {
  readonly built: string;
  /** Where they are missing, nobody changes them. */
  readonly sources: string;
}

const ROOT = path.join(__dirname, '..', '..', '..');

/** What `npm run build:native` makes, and of what, seen from dist/src/qemu. */
const DIRECTORIES: NativeDirectories = {
  built: path.join(ROOT, 'dist', 'native'),
  sources: path.join(ROOT, 'src', 'qemu', 'native'),
};

const NATIVE_FILES = ['agent', 'plugin.so', 'clock.so'];

const timeOf = (file: string): number | null =>
  fs.statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? null;

function newestIn(directory: string): number {
  if (!fs.existsSync(directory)) return 0;
  return Math.max(
    ...fs.readdirSync(directory).map((name) => timeOf(path.join(directory, name)) ?? 0),
  );
}

/**
 * A file that gcc makes. One that was made of older sources would not be understood by what is around it.
 * @throws EnvironmentError when it is not there, or older than its sources.
 */
export function nativeFile(name: string, directories = DIRECTORIES): string {
  const file = path.join(directories.built, name);
  const time = timeOf(file);
  const way = 'run "npm run build:native" (it needs gcc)';
  if (time === null) throw new EnvironmentError(`${file} is missing: ${way}`);
  if (time >= newestIn(directories.sources)) return file;
  throw new EnvironmentError(`${file} is older than its sources: ${way}`);
}

export function isNativeBuilt(): boolean {
  try {
    for (const name of NATIVE_FILES) nativeFile(name);
    return true;
  } catch (error) {
    if (error instanceof EnvironmentError) return false;
    throw error;
  }
}
