/** What a power failure took: the units that did not survive whole, the stores in them, and why. */
import type { ShortUnit } from '../crash/plan.js';
import type { Finding } from '../finding/finding.js';
import { flushesLineOf } from '../oracle/covers.js';
import { hex, LINE_SHIFT, WORD_SHIFT } from '../support/units.js';
import { plural } from '../support/words.js';
import { AT, EVENT, FLUSH, STORE } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { fileName, nameOf, opText, taskTitle } from './names.js';

/** A store, as far as it is in one unit. */
interface PartOfStore {
  readonly event: number;
  readonly words: number;
  /** Where it is in its file, `"a"+0x40..0x48`; empty for the file system's own bytes. */
  readonly place: string;
}

/** A real file system has hundreds of lines on their way at a time. */
const UNITS_SHOWN = 24;

export function printLost(finding: Finding, trace: Trace): string {
  const lines = lostLines(finding, trace);
  return lines.length === 0 ? '' : `\nLost:\n\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** Empty if no power failure is part of the finding. */
export function lostLines(finding: Finding, trace: Trace): string[] {
  const { plan } = finding.violation;
  if (plan === null) return [];
  const lines = plan.short
    .slice(0, UNITS_SHOWN)
    .flatMap((short) => lostUnit(finding, trace, plan.cut, short));
  if (plan.short.length > UNITS_SHOWN) {
    lines.push(`and ${plural(plan.short.length - UNITS_SHOWN, 'unit')} more that were pending`);
  }
  if (plan.short.length === 0) lines.push('every line that was written survives');
  // A real file system's metadata is among the lines above.
  if (finding.setup.real === undefined) {
    const made = plan.version === 0 ? ', as made by mkfs' : '';
    lines.push(`file system metadata: as of commit ${commitOf(trace, plan.version)}${made}`);
  }
  return lines;
}

/** The number of the last transaction in a version of the metadata. */
function commitOf(trace: Trace, version: number): number {
  let left = version;
  for (let event = 0; event < trace.length && left > 0; event++) {
    if (trace.kind(event) !== EVENT.journal_commit) continue;
    if (--left === 0) return trace.argument(event, AT.journal_commit.tid);
  }
  return 0;
}

function lostUnit(
  { setup, program }: Finding,
  trace: Trace,
  cut: number,
  { unit, kept }: ShortUnit,
): string[] {
  const shift = setup.persistency === 'line' ? LINE_SHIFT : WORD_SHIFT;
  const what = setup.persistency === 'line' ? 'cache line' : 'word';
  const address = unit << shift;
  const parts = partsIn(trace, cut, address, 1 << shift);
  const total = parts.reduce((sum, { words }) => sum + words, 0);
  if (kept === total) return [];
  const survives =
    kept === 0 ? 'nothing of it' : `the first ${kept} of ${plural(total, 'word store')}`;
  const lines = [`${what} ${hex(address)}: ${survives} reached media; lost:`];
  let before = 0;
  for (const { event, words, place } of parts) {
    before += words;
    if (before <= kept) continue;
    const who = `${opText(program, trace.op(event))} of ${taskTitle(trace.task(event))}`;
    lines.push(`    ${place} by ${who}${why(trace, event, cut, address, setup.domain === 'adr')}`);
  }
  return lines;
}

/** The stores to [address, address + length) that are visible at the cut, in that order. */
function partsIn(trace: Trace, cut: number, address: number, length: number): PartOfStore[] {
  const parts: PartOfStore[] = [];
  for (let event = 0; event <= cut; event++) {
    if (trace.kind(event) !== EVENT.store) continue;
    const from = trace.argument(event, AT.store.address);
    const low = Math.max(from, address);
    const high = Math.min(from + trace.argument(event, AT.store.length), address + length);
    if (low >= high) continue;
    const ino = trace.argument(event, AT.store.ino);
    const offset = trace.argument(event, AT.store.offset) + low - from;
    const words = ((high - 1) >> WORD_SHIFT) - (low >> WORD_SHIFT) + 1;
    const place =
      ino < 0 ? 'metadata' : `${fileName(ino)}+${hex(offset)}..${hex(offset + high - low)}`;
    parts.push({ event, words, place });
  }
  return parts;
}

/** What had been done by the cut to make a store durable. */
function why(trace: Trace, store: number, cut: number, line: number, adr: boolean): string {
  if (!adr) return '';
  if ((trace.argument(store, AT.store.how) & STORE.nonTemporal) !== 0)
    return ' (non-temporal, not fenced yet)';
  for (let event = store + 1; event <= cut; event++) {
    if (trace.kind(event) !== EVENT.flush) continue;
    if (!flushesLineOf(trace, event, line)) continue;
    const how = nameOf(FLUSH, trace.argument(event, AT.flush.how));
    return ` (${how} by ${taskTitle(trace.task(event))}, not fenced yet)`;
  }
  return ' (no write-back of the line followed)';
}
