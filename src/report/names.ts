/** What things are called in a report: files in quotes, threads in full. */
import { invariantOf } from '../oracle/invariant-names.js';
import type { Violation } from '../oracle/promise.js';
import { PROMISES } from '../oracle/promise.js';
import { specOf } from '../program/op.js';
import { FILE_NAMES, opAt } from '../program/program.js';
import type { Program } from '../program/program.js';
import { DEVICE_TASK } from '../trace/trace.js';

export function fileName(ino: number): string {
  const name = FILE_NAMES[ino];
  return name === undefined ? `ino ${ino}` : `"${name}"`;
}

export function taskTitle(task: number): string {
  return task === DEVICE_TASK ? 'device' : `thread ${task}`;
}

/** What was broken, in one sentence. */
export function ruleText({ promise, mechanism }: Pick<Violation, 'promise' | 'mechanism'>): string {
  const invariant = invariantOf(mechanism);
  return invariant === null
    ? `Promise ${promise}: ${PROMISES[promise]}.`
    : `Invariant ${invariant} of the running kernel: no promise, but what some of them rest on.`;
}

/** `fsync (operation 5)`, or the empty string. */
export function opText(program: Program, op: number): string {
  const found = op < 0 ? null : opAt(program, op);
  return found === null ? '' : `${specOf(found.code).name} (operation ${op})`;
}

/** The key of a value in a table such as FLUSH. */
export function nameOf(table: Record<string, number>, value: number): string {
  return Object.keys(table).find((key) => table[key] === value) ?? String(value);
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** A text as the content or the attribute of an XML or HTML element. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
