/**
 * The JSON form of a finding: what is stored under crashes/, replayed, minimised, explained and validated.
 *
 * Reading is a border: the text is parsed, checked against its schema, and program and schedule against
 * their own bounds, before anything acts on it. Numbers that follow from the program (`ops`, `threads`) and
 * the words (`title`) are there for people and scripts; replaying does not use them.
 */
import { opCount, threadCount } from '../program/program.js';
import type { Program } from '../program/program.js';
import { parseProgram, printProgram } from '../program/text.js';
import { contextSwitches } from '../schedule/schedule.js';
import type { Schedule } from '../schedule/schedule.js';
import { parseSchedule, printSchedule } from '../schedule/text.js';
import { UsageError } from '../support/assert.js';
import { JsonForm, parseJson } from '../support/json.js';
import { VERSION } from '../support/version.js';
import type { Finding, FindingSetup, HitRate } from './finding.js';
import { catalogueRows, findingId, placeOf, settingsOf, signatureOf, titleOf } from './finding.js';
import schema from './reproducer.schema.json';

export interface Reproducer extends FindingSetup {
  readonly format: 1;
  readonly daxfuzz: string;
  readonly id: string;
  readonly signature: string;
  readonly promise: string;
  readonly mechanism: string;
  readonly title: string;
  readonly catalogue: readonly string[];
  readonly program: readonly string[];
  readonly schedule: readonly string[];
  readonly violation: {
    readonly op: number;
    readonly event: number;
    readonly place: string;
    readonly detail: string;
    readonly crash: {
      readonly cut: number;
      readonly version: number;
      readonly lost: readonly { readonly unit: number; readonly kept: number }[];
    } | null;
  };
  readonly traceHash: string;
  /** Of targets that do not repeat: how often it failed when it was filed. */
  readonly hits?: HitRate;
  readonly ops: number;
  readonly threads: number;
  readonly contextSwitches: number;
}

/** Files larger than this are refused unread. */
export const REPRODUCER_BYTES_MAX = 64 * 1024 * 1024;

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

export function toReproducer(finding: Finding, pointNames: readonly string[]): Reproducer {
  const { setup, violation } = finding;
  const program = printProgram(finding.program);
  const schedule = printSchedule(finding.schedule, pointNames);
  const signature = signatureOf(violation);
  return {
    format: 1,
    daxfuzz: VERSION,
    id: findingId(signature, setup, program, schedule),
    signature,
    promise: violation.promise,
    mechanism: violation.mechanism,
    title: titleOf(violation),
    catalogue: catalogueRows(violation),
    kernel: setup.kernel,
    bugs: setup.bugs,
    ...(setup.module === undefined ? {} : { module: setup.module }),
    fs: setup.fs,
    domain: setup.domain,
    persistency: setup.persistency,
    ...(setup.invariants === true ? { invariants: true } : {}),
    ...(setup.real === undefined ? {} : { real: setup.real }),
    program: lines(program),
    schedule: lines(schedule),
    violation: {
      op: violation.op,
      event: violation.event,
      place: placeOf(violation),
      detail: violation.detail,
      crash:
        violation.plan === null
          ? null
          : {
              cut: violation.plan.cut,
              version: violation.plan.version,
              lost: violation.plan.short.map(({ unit, kept }) => ({ unit, kept })),
            },
    },
    traceHash: finding.traceHash,
    ...(finding.hits === undefined ? {} : { hits: finding.hits }),
    ops: opCount(finding.program),
    threads: threadCount(finding.program),
    contextSwitches: contextSwitches(finding.schedule),
  };
}

export function setupOf(reproducer: Reproducer): FindingSetup {
  const { kernel, bugs, module } = reproducer;
  return {
    kernel,
    bugs,
    ...(module === undefined ? {} : { module }),
    ...settingsOf(reproducer),
  };
}

/** @throws UsageError when the program is malformed or out of bounds. */
export function programOf(reproducer: Reproducer): Program {
  return parseProgram(reproducer.program.join('\n'));
}

/** @throws UsageError when the schedule is malformed or names unknown points. */
export function scheduleOf(reproducer: Reproducer, pointNames: readonly string[]): Schedule {
  return parseSchedule(reproducer.schedule.join('\n'), pointNames);
}

const FORM = new JsonForm<Reproducer>(schema);

/**
 * Parses the text of a reproducer file.
 * @throws UsageError that says what is wrong with it and where, starting with `source`.
 */
export function parseReproducer(text: string, source: string): Reproducer {
  const value = parseJson(text, source);
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format !== 1) {
    throw new UsageError(
      `${source}: format ${format} is not known to daxfuzz ${VERSION}, which reads format 1; use the version that wrote it`,
    );
  }
  if (!FORM.fits(value)) {
    const problem = FORM.firstProblem('the file');
    throw new UsageError(`${source}: not a daxfuzz reproducer: ${problem}`);
  }
  return value;
}

export function printReproducer(reproducer: Reproducer): string {
  return `${JSON.stringify(reproducer, null, 2)}\n`;
}
