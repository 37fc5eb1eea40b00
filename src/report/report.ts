/**
 * A finding as text: what was promised, what happened, the interleaving, what was lost, how to see it
 * again. A pure function; made to be pasted into a mail.
 */
import type { Finding } from '../finding/finding.js';
import { catalogueRows, opText, placeOf, signatureOf, titleOf } from '../finding/finding.js';
import { PROMISES } from '../oracle/promise.js';
import type { Violation } from '../oracle/promise.js';
import { FILE_NAMES, opCount, threadCount } from '../program/program.js';
import { printProgram } from '../program/text.js';
import { contextSwitches } from '../schedule/schedule.js';
import { printSchedule } from '../schedule/text.js';
import { hex, LINE_SHIFT, WORD_SHIFT } from '../support/units.js';
import { VERSION } from '../support/version.js';
import { EVENT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { taskName } from '../trace/text.js';
import { printTimeline } from './timeline.js';

const WIDTH = 96;

export interface ReportOptions {
  readonly pointNames: readonly string[];
  /** Where the reproducer is, for the replay command; a placeholder if it is not stored yet. */
  readonly file: string;
}

export function printReport(finding: Finding, trace: Trace, options: ReportOptions): string {
  const { program, schedule, violation } = finding;
  const timeline = printTimeline(program, trace, {
    pointNames: options.pointNames,
    until: violation.event,
    width: WIDTH,
  });
  return [
    `${titleOf(violation)}\n`,
    header(finding, options),
    `\nPromise ${violation.promise}: ${PROMISES[violation.promise]}.\n`,
    `${sentence(finding, trace)}\n`,
    `\n${timeline}${ending(violation)}\n`,
    lostText(finding, trace),
    `\nProgram:\n\n${indent(printProgram(program))}`,
    `\nSchedule:\n\n${indent(printSchedule(schedule, options.pointNames))}`,
    `\nReplay: npx daxfuzz replay ${options.file}\n`,
  ].join('');
}

function header(finding: Finding, options: ReportOptions): string {
  const { setup, program, schedule, violation, traceHash } = finding;
  const bugs =
    setup.bugs.length === 0 ? '' : ` with ${setup.bugs.map((bug) => `--bug ${bug}`).join(' ')}`;
  const rows = catalogueRows(violation);
  const like = rows.length === 0 ? '' : ` (looks like ${rows.join(', ')})`;
  const fields: [string, string][] = [
    ['kernel', `${setup.kernel}${bugs}`],
    ['signature', `${signatureOf(violation)}${like}`],
    [
      'file system',
      `${setup.fs}, ${setup.domain === 'adr' ? 'ADR' : 'eADR'}, ${setup.persistency}-ordered`,
    ],
    [
      'size',
      `${opCount(program)} operations, ${threadCount(program)} thread(s), ${contextSwitches(schedule)} context switch(es)`,
    ],
    ['trace', traceHash],
    ['daxfuzz', VERSION],
    ['reproducer', options.file],
  ];
  return `\n${fields.map(([name, value]) => `  ${`${name}:`.padEnd(13)} ${value}\n`).join('')}`;
}

/** One sentence on what was promised to whom and what was found. */
function sentence(finding: Finding, trace: Trace): string {
  const { program, violation } = finding;
  const who = opText(program, violation.op);
  const place = placeOf(violation);
  if (violation.plan === null)
    return `${who === '' ? 'The kernel' : who}: ${place}: ${violation.detail}.`;
  const store =
    violation.store < 0
      ? ''
      : ` The store is that of ${opText(program, trace.op(violation.store))}, by ${taskName(trace.task(violation.store))}.`;
  const after = who === '' ? '' : `After ${who} returned, power`;
  return `${after === '' ? 'Power' : after} fails; the recovered file shows at ${place}: ${violation.detail}.${store}`;
}

function ending(violation: Violation): string {
  const label = violation.plan === null ? ' HERE ' : ' POWER FAILS ';
  const side = Math.floor((WIDTH - label.length) / 2);
  return '#'.repeat(side) + label + '#'.repeat(side);
}

/** The lines that did not survive, by the file bytes that they held. */
function lostText(finding: Finding, trace: Trace): string {
  const { plan } = finding.violation;
  if (plan === null) return '';
  const shift = finding.setup.persistency === 'line' ? LINE_SHIFT : WORD_SHIFT;
  const what = finding.setup.persistency === 'line' ? 'cache line' : 'word';
  const lines = plan.short.map(({ unit, kept }) => {
    const address = unit << shift;
    const bytes = fileBytes(trace, plan.cut, address, 1 << shift);
    return `  ${what} ${hex(address)}: only its first ${kept} word store(s) reached media${bytes}\n`;
  });
  if (plan.short.length === 0) lines.push('  every line that was written survives\n');
  return `\nLost:\n\n${lines.join('')}  file system metadata: commit ${plan.version}${plan.version === 0 ? ' (as made by mkfs)' : ''}\n`;
}

function fileBytes(trace: Trace, cut: number, address: number, length: number): string {
  const places = new Set<string>();
  for (let event = 0; event <= cut; event++) {
    if (trace.kind(event) !== EVENT.store) continue;
    const from = trace.argument(event, 0);
    const to = from + trace.argument(event, 1);
    const low = Math.max(from, address);
    const high = Math.min(to, address + length);
    if (low >= high || trace.argument(event, 4) < 0) continue;
    const offset = trace.argument(event, 5) + low - from;
    places.add(
      `${FILE_NAMES[trace.argument(event, 4)]}+${hex(offset)}..${hex(offset + high - low)}`,
    );
  }
  return places.size === 0 ? '' : ` (written: ${[...places].join(', ')})`;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ');
}
