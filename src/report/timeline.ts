/**
 * The interleaving of a finding in one column per thread, as kernel developers draw it on the mailing list:
 * each operation, the steps of the kernel that matter, where a thread was preempted, and the power cut.
 */
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import { specOf } from '../program/op.js';
import { ascending } from '../support/order.js';
import { EVENT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { NO_TASK } from '../trace/trace.js';
import { taskTitle } from './names.js';
import { describe, INDENT } from './steps.js';

export interface TimelineOptions {
  readonly pointNames: readonly string[];
  /** The last event that happened before the power failed or the fault showed. */
  readonly until: number;
  /** Characters of the whole drawing. */
  readonly width: number;
}

/** What a step is to its operation, for drawings. */
type StepRole = 'enter' | 'exit' | 'whole' | 'switch' | 'inside' | 'unfinished';

/** One text in the column of a task. */
export interface Step {
  readonly task: number;
  readonly text: string;
  readonly role: StepRole;
}

const COLUMN_MIN = 24;
const GAP = 2;

const ROLES: ReadonlyMap<number, StepRole> = new Map<number, StepRole>([
  [EVENT.op_enter, 'enter'],
  [EVENT.op_exit, 'exit'],
  [EVENT.context_switch, 'switch'],
]);

/** What is drawn, in the order in which it happened. */
export function timelineSteps(program: Program, trace: Trace, options: TimelineOptions): Step[] {
  return fold([...stepsOf(program, trace, options), ...unfinished(program, trace, options.until)]);
}

/** The tasks that have steps, and the characters of each one's column. */
export function columnsOf(
  steps: readonly Step[],
  total: number,
): { tasks: number[]; width: number } {
  const tasks = [...new Set(steps.map((step) => step.task))].sort(ascending);
  const share = Math.floor((total - GAP * (tasks.length - 1)) / tasks.length);
  return { tasks, width: Math.max(COLUMN_MIN, share) };
}

export function printTimeline(program: Program, trace: Trace, options: TimelineOptions): string {
  const steps = timelineSteps(program, trace, options);
  const { tasks: used, width } = columnsOf(steps, options.width);
  const inColumns = (text: (task: number) => string): string =>
    used.map((task) => text(task).padEnd(width)).join(' '.repeat(GAP));
  const lines = [inColumns(taskTitle), inColumns((task) => '='.repeat(taskTitle(task).length))];
  for (const step of steps) {
    const margin = ' '.repeat(used.indexOf(step.task) * (width + GAP));
    for (const part of wrap(step.text, width)) lines.push(margin + part);
  }
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

/** Breaks at spaces; continuation lines are indented two more than the first. */
export function wrap(text: string, width: number): string[] {
  const indent = ' '.repeat(text.length - text.trimStart().length);
  const lines: string[] = [];
  let line = '';
  for (const word of text.trimStart().split(' ')) {
    const start = lines.length === 0 ? indent : `${indent}  `;
    if (line !== '' && start.length + line.length + 1 + word.length > width) {
      lines.push(start + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push((lines.length === 0 ? indent : `${indent}  `) + line);
  return lines.map((part) => part.replace(/\u00a0/g, ' '));
}

function stepsOf(program: Program, trace: Trace, options: TimelineOptions): Step[] {
  const steps: Step[] = [];
  const last = Math.min(options.until, trace.length - 1);
  for (let event = 0; event <= last; event++) {
    const task = trace.task(event);
    if (task === NO_TASK) continue;
    const text = describe(program, trace, event, options.pointNames);
    if (text !== null) steps.push({ task, text, role: ROLES.get(trace.kind(event)) ?? 'inside' });
  }
  return steps;
}

/** The calls that had not returned, each in its column. */
function unfinished(program: Program, trace: Trace, until: number): Step[] {
  const inside = new Map<number, number>();
  for (let event = 0; event <= until; event++) {
    if (trace.kind(event) === EVENT.op_enter) inside.set(trace.task(event), trace.op(event));
    if (trace.kind(event) === EVENT.op_exit) inside.delete(trace.task(event));
  }
  return [...inside].flatMap(([task, number]) => {
    const op = opAt(program, number);
    return op === null
      ? []
      : [{ task, text: `${INDENT}(still in ${specOf(op.code).name})`, role: 'unfinished' }];
  });
}

/** Two steps that read better as one. */
function fold(steps: readonly Step[]): Step[] {
  const folded: Step[] = [];
  for (const step of steps) {
    const before = folded[folded.length - 1];
    const joined = before?.task === step.task ? join(before.text, step.text) : null;
    if (joined === null) folded.push(step);
    else folded[folded.length - 1] = { ...step, text: joined, role: joinedRole(step) };
  }
  return folded;
}

/** An exit is only ever joined to its enter. */
const joinedRole = ({ role }: Step): StepRole => (role === 'exit' ? 'whole' : role);

const WRITE_BACK = /^( *\w+ 0x[0-9a-f]+\.\.)(0x[0-9a-f]+)$/;

function join(first: string, second: string): string | null {
  // `open("a") {` and `} = 0` are `open("a") = 0`.
  if (first.endsWith(' {') && second.startsWith('} =')) return first.slice(0, -2) + second.slice(1);
  // Two write-backs of the same kind, the second where the first ends.
  const [, start = '', end = ''] = WRITE_BACK.exec(first) ?? [];
  const kind = start.slice(0, start.indexOf('0x'));
  if (end === '' || !second.startsWith(`${kind}${end}..`)) return null;
  return start + second.slice(`${kind}${end}..`.length);
}
