/**
 * crashes/: one directory a finding, with its reproducer and its report. The reproducer is written last,
 * and nothing that exists is overwritten with something else, so a killed campaign leaves only whole
 * findings.
 */
import fs from 'node:fs';
import path from 'node:path';
import { messageOf, UsageError } from '../support/assert.js';
import { writeWhole } from '../support/files.js';
import { byText } from '../support/order.js';
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
  if (fs.existsSync(file)) return;
  writeWhole(path.join(path.dirname(file), REPORT_FILE), report, { durable: true });
  writeWhole(file, printReproducer(reproducer), { durable: true });
}

/** @throws UsageError when the file is missing, too large or not a reproducer. */
export function readReproducer(file: string): Reproducer {
  let text: string;
  try {
    const { size } = fs.statSync(file);
    if (size > REPRODUCER_BYTES_MAX) {
      throw new UsageError(
        `${file}: ${size} bytes, larger than any reproducer (${REPRODUCER_BYTES_MAX})`,
      );
    }
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file}: cannot be read (${messageOf(error)})`);
  }
  return parseReproducer(text, file);
}

/** Reproducers named on the command line: files, or directories that are searched for them. */
export function findReproducers(paths: readonly string[]): string[] {
  const found: string[] = [];
  for (const name of paths) {
    if (!fs.existsSync(name)) throw new UsageError(`${name}: no such file or directory`);
    if (fs.statSync(name).isDirectory()) found.push(...searchDirectory(name));
    else found.push(name);
  }
  if (found.length === 0) {
    throw new UsageError(`${paths.join(', ')}: no reproducer (a ${REPRODUCER_FILE}) in there`);
  }
  return found;
}

function searchDirectory(directory: string): string[] {
  const entries = fs.readdirSync(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.json'))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort(byText);
}
