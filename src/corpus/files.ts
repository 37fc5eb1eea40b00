/**
 * corpora/: programs as text files named by content hash. A file appears whole or not at all, and one that
 * cannot be read or parsed is named and skipped, not fatal: the rest of a corpus is still worth having.
 */
import fs from 'node:fs';
import path from 'node:path';
import { parseProgram } from '../program/text.js';
import type { Program } from '../program/program.js';
import { messageOf } from '../support/assert.js';
import { writeWhole } from '../support/files.js';
import { hashText } from '../support/hash.js';
import { byText } from '../support/order.js';

const EXTENSION = '.prog';

export interface LoadedCorpus {
  readonly programs: Program[];
  /** What could not be used, one sentence each. */
  readonly problems: string[];
}

/** All programs below a directory, in the order of their names; empty if there is none. */
export function loadCorpus(directory: string): LoadedCorpus {
  const programs: Program[] = [];
  const problems: string[] = [];
  if (!fs.existsSync(directory)) return { programs, problems };
  const names = fs.readdirSync(directory).filter((name) => name.endsWith(EXTENSION));
  for (const name of names.sort(byText)) {
    const file = path.join(directory, name);
    try {
      programs.push(parseProgram(fs.readFileSync(file, 'utf8')));
    } catch (error) {
      problems.push(`${file}: skipped: ${messageOf(error)}; delete it or restore it`);
    }
  }
  return { programs, problems };
}

/**
 * Stores a program's text, unless it is there already.
 * @throws EnvironmentError when it cannot be written.
 */
export function saveProgram(directory: string, text: string): void {
  const file = path.join(directory, hashText(text) + EXTENSION);
  if (!fs.existsSync(file)) writeWhole(file, text, { durable: false });
}
