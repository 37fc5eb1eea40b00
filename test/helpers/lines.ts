/** Runs programs on the model, for tests that look at what comes out. */
import assert from 'node:assert/strict';
import { Image } from '../../src/media/image.js';
import { Judge } from '../../src/oracle/judge.js';
import type { Verdict } from '../../src/oracle/state.js';
import type { Violation } from '../../src/oracle/promise.js';
import { signatureOf } from '../../src/finding/finding.js';
import type { Program } from '../../src/program/program.js';
import { parseProgram } from '../../src/program/text.js';
import type { Line, Settings } from '../../src/run.js';
import { DEFAULT_SETTINGS, runOnce } from '../../src/run.js';
import { ReplayScheduler } from '../../src/schedule/replay.js';
import { parseSchedule } from '../../src/schedule/text.js';
import type { Scheduler } from '../../src/schedule/scheduler.js';
import { openTarget, resolveKernel } from '../../src/targets.js';
import type { Execution } from '../../src/target/target.js';
import type { EventName } from '../../src/trace/event.js';
import { AT, EVENT } from '../../src/trace/event.js';
import { printEvent } from '../../src/trace/text.js';
import type { Trace } from '../../src/trace/trace.js';

export interface Setup {
  readonly kernel?: string;
  readonly bugs?: readonly string[];
  readonly settings?: Partial<Settings>;
  /** In the text form, followed to its end; without one the threads run one after the other. */
  readonly schedule?: string;
}

export interface Ran {
  readonly program: Program;
  readonly execution: Execution;
  readonly trace: Trace;
  readonly verdict: Verdict;
  readonly violations: readonly Violation[];
  readonly signatures: readonly string[];
}

/** Where every promise holds every invariant has to as well, whatever the test is about. */
export function lineOf(setup: Setup = {}): Line {
  const spec = resolveKernel(setup.kernel ?? 'mainline', setup.bugs ?? []);
  const invariants = spec.kernel === 'mainline' && spec.bugs.length === 0;
  const settings = { ...DEFAULT_SETTINGS, invariants, ...setup.settings };
  const target = openTarget(spec, settings);
  return { target, judge: new Judge(new Image()), settings };
}

/** Runs a program given as text. */
export function runText(text: string, setup: Setup = {}): Ran {
  const line = lineOf(setup);
  const { pointNames } = line.target;
  const schedule = parseSchedule(setup.schedule ?? '', pointNames);
  const scheduler = new ReplayScheduler(schedule, pointNames, 'lenient');
  const ran = runProgram(line, parseProgram(text), scheduler);
  // A schedule that is not followed tests something else than it says.
  assert.equal(scheduler.followed, schedule.length, 'switches of the schedule that were followed');
  return ran;
}

export function runProgram(line: Line, program: Program, scheduler: Scheduler): Ran {
  const { execution, verdict } = runOnce(line, program, scheduler);
  const { violations } = verdict;
  const signatures = violations.map(signatureOf);
  return { program, execution, trace: execution.trace, verdict, violations, signatures };
}

/** Positions of all events of a kind. */
export function eventsOf(trace: Trace, name: EventName): number[] {
  const found: number[] = [];
  for (let event = 0; event < trace.length; event++) {
    if (trace.kind(event) === EVENT[name]) found.push(event);
  }
  return found;
}

/** What each operation returned, by operation number; undefined for those that never did. */
export function resultsOf(trace: Trace): (number | undefined)[] {
  const results: (number | undefined)[] = [];
  for (const event of eventsOf(trace, 'op_exit'))
    results[trace.op(event)] = trace.argument(event, AT.op_exit.result);
  return results;
}

/** The events of some kinds in the text form, without their positions. */
export function textOf(trace: Trace, names: readonly EventName[]): string[] {
  const kinds = new Set<number>(names.map((name) => EVENT[name]));
  const lines: string[] = [];
  for (let event = 0; event < trace.length; event++) {
    if (kinds.has(trace.kind(event))) lines.push(printEvent(trace, event).slice(7));
  }
  return lines;
}
