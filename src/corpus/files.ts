/**
 * corpora/: programs as text files named by content hash. A file appears whole or not at all, and one that
 * cannot be read or parsed is named and skipped, not fatal: the rest of a corpus is still worth having.
 */
import fs from 'node:fs';
import path from 'node:path';
import { parseProgram } from '../program/text.js';
import type { Program } from '../program/program.js';
import { messageOf, UsageError } from '../support/assert.js';
import { readError, readWhole, writeWhole } from '../support/files.js';
import { hashText } from '../support/hash.js';
import { byText } from '../support/order.js';

const EXTENSION = '.prog';
/** As saveProgram names them; hand-written programs have names of their own. */
const HASH_NAME = /^[0-9a-f]{16}\.prog$/;
/** Larger files are skipped unread. */
const BYTES_MAX = 4 * 1024 * 1024;

export interface LoadedCorpus {
  readonly programs: Program[];
  /** What could not be used, one sentence each. */
  readonly problems: string[];
}

/**
 * All programs in a directory, in the order of their names; empty if there is none.
 * @throws EnvironmentError when the directory cannot be read.
 */
export function loadCorpus(directory: string): LoadedCorpus {
  const programs: Program[] = [];
  const problems: string[] = [];
  if (!fs.existsSync(directory)) return { programs, problems };
  for (const name of namesIn(directory)) {
    const file = path.join(directory, name);
    try {
      programs.push(parseProgram(readText(file, name)));
    } catch (error) {
      const what = messageOf(error);
      const where = what.startsWith(file) ? '' : `${file}: `;
      problems.push(`${where}${what}; skipped: delete it or restore it`);
    }
  }
  return { programs, problems };
}

function namesIn(directory: string): string[] {
  try {
    const names = fs.readdirSync(directory);
    return names.filter((name) => name.endsWith(EXTENSION)).sort(byText);
  } catch (error) {
    throw readError(directory, error);
  }
}

/** A file cut short at the end of a line is a program, too, but not the one that was kept. */
function readText(file: string, name: string): string {
  const text = readWhole(file, BYTES_MAX);
  if (text.trim() === '') throw new UsageError('it is empty');
  if (HASH_NAME.test(name) && name !== nameOf(text)) {
    throw new UsageError(
      'its content is not what its name is the hash of; if you edited it, give it another name',
    );
  }
  return text;
}

function nameOf(text: string): string {
  return hashText(text) + EXTENSION;
}

/**
 * Stores a program's text, unless it is there already.
 * @throws EnvironmentError when it cannot be written.
 */
export function saveProgram(directory: string, text: string): void {
  const file = path.join(directory, nameOf(text));
  if (!fs.existsSync(file)) writeWhole(file, text, { durable: false });
}
