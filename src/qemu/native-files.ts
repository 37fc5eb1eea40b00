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

/** Why a file cannot be used; null if it can. One of older sources is not understood by what is around it. */
function problemOf(file: string, sources: string): string | null {
  const time = timeOf(file);
  if (time === null) return 'is missing';
  return time < newestIn(sources) ? 'is older than its sources' : null;
}

/** A file that gcc makes. @throws EnvironmentError when it is not there, or older than its sources. */
export function nativeFile(name: string, { built, sources } = DIRECTORIES): string {
  const file = path.join(built, name);
  const problem = problemOf(file, sources);
  if (problem === null) return file;
  throw new EnvironmentError(`${file} ${problem}: run "npm run build:native" (it needs gcc)`);
}

export const isNativeBuilt = (): boolean =>
  NATIVE_FILES.every(
    (name) => problemOf(path.join(DIRECTORIES.built, name), DIRECTORIES.sources) === null,
  );
