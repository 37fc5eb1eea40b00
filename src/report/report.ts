/**
 * A finding as text: what was promised, what happened, the interleaving, what was lost, how to see it
 * again. A pure function; made to be pasted into a mail.
 */
import type { Finding } from '../finding/finding.js';
import { catalogueRows, signatureOf, titleOf } from '../finding/finding.js';
import { OF_TIMES } from '../oracle/mismatch.js';
import type { Violation } from '../oracle/promise.js';
import { opCount, threadCount } from '../program/program.js';
import { printProgram } from '../program/text.js';
import { contextSwitches } from '../schedule/schedule.js';
import { printSchedule } from '../schedule/text.js';
import { hex } from '../support/units.js';
import { VERSION } from '../support/version.js';
import { plural } from '../support/words.js';
import type { Trace } from '../trace/trace.js';
import { printLost } from './lost.js';
import { fileName, opText, ruleText, taskTitle } from './names.js';
import { printTimeline, wrap } from './timeline.js';

/** Characters of a line of the report. */
export const WIDTH = 96;

export interface ReportOptions {
  readonly pointNames: readonly string[];
  /** Where the reproducer is, for the replay command; null if it is not stored. */
  readonly file: string | null;
}

export function printReport(finding: Finding, trace: Trace, options: ReportOptions): string {
  const { program, schedule, violation } = finding;
  const { pointNames, file } = options;
  const timeline = printTimeline(program, trace, {
    pointNames,
    until: violation.event,
    width: WIDTH,
  });
  return [
    paragraph(titleOf(violation)),
    header(finding, file),
    `\n${paragraph(ruleText(violation))}`,
    paragraph(sentence(finding, trace)),
    `\n${timeline}${ending(violation)}\n`,
    printLost(finding, trace),
    `\nProgram:\n\n${indent(printProgram(program))}`,
    schedule.length === 0 ? '' : `\nSchedule:\n\n${indent(printSchedule(schedule, pointNames))}`,
    file === null ? '' : `\nReplay: npx daxfuzz replay ${file}\n`,
  ].join('');
}

/** How a real kernel was run, and how often it failed. */
function realFields({ setup, hits }: Finding): [string, string][] {
  const { real } = setup;
  if (real === undefined) return [];
  const fields: [string, string][] = [
    [
      'guest',
      [
        plural(real.cpus, 'CPU'),
        real.icountShift === null ? 'in real time' : `deterministic, shift ${real.icountShift}`,
        `block writes atomic by ${real.atomicBytes} bytes`,
        ...(real.ignoreFlush === null ? [] : [`write-backs of ${real.ignoreFlush} ignored`]),
      ].join(', '),
    ],
  ];
  if (hits !== undefined) fields.push(['hit rate', `${hits.failures} of ${hits.runs} runs`]);
  return fields;
}

/** Continuation lines are not indented. */
function paragraph(text: string): string {
  const lines = wrap(text, WIDTH).map((line) => line.trimStart());
  return `${lines.join('\n')}\n`;
}

function header(finding: Finding, file: string | null): string {
  const fields = fieldsOf(finding, file);
  return `\n${fields.map(([name, value]) => `  ${`${name}:`.padEnd(13)} ${value}\n`).join('')}`;
}

/** Where and with what it was found: names and values. */
export function fieldsOf(finding: Finding, file: string | null): [string, string][] {
  const { setup, program, schedule, violation, traceHash } = finding;
  const { module } = setup;
  const bugs = setup.bugs.map((bug) => ` --bug ${bug}`).join('');
  const rows = catalogueRows(violation);
  const like = rows.length === 0 ? '' : ` (looks like ${rows.join(', ')})`;
  const domain = setup.domain === 'adr' ? 'ADR' : 'eADR';
  const size = [
    plural(opCount(program), 'operation'),
    plural(threadCount(program), 'thread'),
    plural(contextSwitches(schedule), 'context switch'),
  ];
  const fields: [string, string][] = [
    ['kernel', `${setup.kernel}${bugs}`],
    ...(module === undefined
      ? []
      : [['module', `${module.name}, SHA-256 ${module.sha256}`] as [string, string]]),
    ['signature', `${signatureOf(violation)}${like}`],
    ['file system', `${setup.fs}, ${domain}, ${setup.persistency}-ordered`],
    ...realFields(finding),
    ['size', size.join(', ')],
    ['trace', traceHash],
    ['daxfuzz', VERSION],
  ];
  if (file !== null) fields.push(['reproducer', file]);
  return fields;
}

/** Who was promised what, and what was found instead. */
export function sentence(finding: Finding, trace: Trace): string {
  const { program, violation } = finding;
  const { ino, offset, detail, store } = violation;
  if (ino < 0 && violation.plan === null) return `The kernel says: ${detail}`;
  if (ino < 0) return `Power fails: the file system ${detail}.`;
  const place = placeText(ino, offset);
  const call = opText(program, violation.op);
  if (violation.plan === null) return `${call}: ${place} ${detail}.`;
  const during = violation.promise === 'P15' ? `In ${call}, power fails` : 'Power fails';
  const promised = violation.promise !== 'P9' && violation.promise !== 'P15' && call !== '';
  const after = promised ? `After ${call} returned, power fails` : during;
  const made =
    store < 0
      ? ''
      : ` Written by ${opText(program, trace.op(store))} of ${taskTitle(trace.task(store))}.`;
  return `${after}: ${place} ${detail}.${made}`;
}

function placeText(ino: number, offset: number): string {
  if (offset === OF_TIMES) return `the times of ${fileName(ino)}`;
  return offset < 0 ? `the size of ${fileName(ino)}` : `${fileName(ino)}+${hex(offset)}`;
}

/** What ends the interleaving. */
export function endLabel({ plan, promise }: Violation): string {
  return plan !== null ? 'POWER FAILS' : promise === 'P13' ? 'STILL PINNED' : 'WRONG';
}

function ending(violation: Violation): string {
  const label = ` ${endLabel(violation)} `;
  const side = Math.floor((WIDTH - label.length) / 2);
  return '#'.repeat(side) + label + '#'.repeat(side);
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '    ');
}
