/**
 * A finding as a stand-alone C program: the same operations on files of a mounted DAX file system, and a
 * second mode that looks, after a power failure, whether the promise was kept.
 */
import type { Finding } from '../../finding/finding.js';
import { opCount } from '../../program/program.js';
import { UsageError } from '../../support/assert.js';
import type { Trace } from '../../trace/trace.js';
import type { ReportOptions } from '../report.js';
import { expectedOf } from './expected.js';
import type { CProgram } from './form.js';
import { headText } from './head.js';
import { mainText } from './main.js';
import { functionsOf, PART_NAMES } from './operations.js';
import { turnsOf } from './order.js';
import { GIVE_UP, INCLUDES, PARTS, PREPARE, REPORT, STALE, TURNSTILE } from './runtime.js';
import { geometryText, tableText } from './tables.js';
import { threadsText } from './threads.js';

/** Of a program that somebody means to read and run on a real kernel. */
const OPS_MAX = 1000;

export function printC(finding: Finding, trace: Trace, options: ReportOptions): string {
  const { program, violation } = finding;
  if (opCount(program) > OPS_MAX) {
    throw new UsageError(
      `a program of ${opCount(program)} operations is too long for C; "daxfuzz minimize" it first`,
    );
  }
  const turns = turnsOf(program, trace, violation.plan?.cut ?? violation.event);
  const expected = expectedOf(program, trace, turns, violation);
  const { promise } = violation;
  const { text, parts } = functionsOf(turns.map(({ op }) => op));
  if (promise === 'P1') parts.add('mappings').add('guard');
  const ordered = program.threads.length > 1;
  const c: CProgram = { finding, turns, expected, promise, parts, ordered };
  const sections = [
    headText(c, trace, options),
    INCLUDES,
    geometryText(c),
    tableText(c),
    GIVE_UP,
    REPORT,
    ordered ? TURNSTILE : '',
    ...PART_NAMES.filter((name) => parts.has(name)).map((name) => PARTS[name]),
    text,
    promise === 'P9' ? STALE : '',
    PREPARE,
    threadsText(c),
    mainText(c),
  ];
  return sections.filter((section) => section !== '').join('\n');
}
