/**
 * crashes/: one directory a finding, with its reproducer and its report. The reproducer is written last,
 * and nothing that exists is overwritten with something else, so a killed campaign leaves only whole
 * findings. A reproducer that a broken disk has damaged is set aside, not trusted and not removed.
 */
import fs from 'node:fs';
import path from 'node:path';
import { EnvironmentError, messageOf, UsageError } from '../support/assert.js';
import { jsonFiles, readWhole, writeWhole } from '../support/files.js';
import type { Reproducer } from './reproducer.js';
import { parseReproducer, printReproducer, REPRODUCER_BYTES_MAX } from './reproducer.js';

const REPRODUCER_FILE = 'finding.json';
const REPORT_FILE = 'report.txt';

/** Where a finding is stored: its directory is named by its id, a hash of its content. */
export function reproducerPath(directory: string, reproducer: Reproducer): string {
  return path.join(directory, reproducer.id, REPRODUCER_FILE);
}

/**
 * Stores a finding and its report, unless it is there already.
 * @throws EnvironmentError when it cannot be written.
 */
export function storeFinding(directory: string, reproducer: Reproducer, report: string): void {
  const file = reproducerPath(directory, reproducer);
  if (fs.existsSync(file)) {
    if (isReproducer(file)) return;
    setAside(file);
  }
  writeWhole(path.join(path.dirname(file), REPORT_FILE), report, { durable: true });
  writeWhole(file, printReproducer(reproducer), { durable: true });
}

function isReproducer(file: string): boolean {
  try {
    readReproducer(file);
    return true;
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

/** Under the first free name that no search takes for a reproducer. */
function setAside(file: string): void {
  let name = `${file}.damaged`;
  for (let number = 2; fs.existsSync(name); number++) name = `${file}.damaged-${number}`;
  try {
    fs.renameSync(file, name);
  } catch (error) {
    throw new EnvironmentError(`${file}: damaged and cannot be set aside (${messageOf(error)})`);
  }
}

/**
 * @throws UsageError when the file is missing, too large or not a reproducer, EnvironmentError when it
 * cannot be read.
 */
export function readReproducer(file: string): Reproducer {
  return parseReproducer(readWhole(file, REPRODUCER_BYTES_MAX), file);
}

/** Reproducers named on the command line: files, or directories that are searched for them. */
export function findReproducers(paths: readonly string[]): string[] {
  const found = paths.flatMap(jsonFiles);
  if (found.length === 0) {
    throw new UsageError(`${paths.join(', ')}: no reproducer (a .json file) in there`);
  }
  return found;
}
