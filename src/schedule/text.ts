/**
 * The text form of a schedule, one switch a line:
 *
 *     start -> t0
 *     t0 op 3 at dax_writeback_one:flushed #1 -> t1
 *     t1 op 5 at op_end #1 -> t0
 *
 * `b0` is the store buffer of t0's CPU. Point names belong to the target, which passes them in.
 */
import { UsageError } from '../support/assert.js';
import type { Agent, Schedule, Switch } from './schedule.js';
import { bufferOf, isBuffer, NO_AGENT, NO_OP, TASKS_MAX } from './schedule.js';

/** More switches than any program of ours can make; a bound for hostile files. */
const SWITCHES_MAX = 1_000_000;

export function agentName(agent: Agent): string {
  if (agent === NO_AGENT) return 'nobody';
  return isBuffer(agent) ? `b${agent - TASKS_MAX}` : `t${agent}`;
}

export function describeSwitch(step: Switch, pointNames: readonly string[]): string {
  if (step.from === NO_AGENT) return 'the start';
  const point = pointNames[step.point] ?? `point ${step.point}`;
  const op = step.op === NO_OP ? '' : ` op ${step.op}`;
  return `${agentName(step.from)}${op} at ${point} #${step.nth}`;
}

function printSwitch(step: Switch, pointNames: readonly string[]): string {
  const from = step.from === NO_AGENT ? 'start' : describeSwitch(step, pointNames);
  return `${from} -> ${agentName(step.to)}`;
}

export function printSchedule(schedule: Schedule, pointNames: readonly string[]): string {
  return schedule.map((step) => `${printSwitch(step, pointNames)}\n`).join('');
}

function parseAgent(text: string, line: number): Agent {
  const match = /^([tb])([0-3])$/.exec(text);
  if (match === null)
    throw new UsageError(`schedule line ${line}: expected t0..t3 or b0..b3, found "${text}"`);
  return match[1] === 't' ? Number(match[2]) : bufferOf(Number(match[2]));
}

/** @throws UsageError naming the line, what was expected there and what was found. */
export function parseSchedule(text: string, pointNames: readonly string[]): Schedule {
  const steps: Switch[] = [];
  text.split('\n').forEach((raw, index) => {
    const line = raw.replace(/\s#[^\d].*$/, '').trim();
    if (line === '') return;
    const number = index + 1;
    if (steps.length >= SWITCHES_MAX)
      throw new UsageError(`schedule: more than ${SWITCHES_MAX} switches`);
    const start = /^start -> (\S+)$/.exec(line);
    if (start !== null) {
      steps.push({
        from: NO_AGENT,
        op: NO_OP,
        point: 0,
        nth: 0,
        to: parseAgent(start[1] as string, number),
      });
      return;
    }
    const match = /^(\S+)(?: op (\d{1,6}))? at (\S+) #(\d{1,6}) -> (\S+)$/.exec(line);
    if (match === null) {
      throw new UsageError(
        `schedule line ${number}: expected "tN op N at POINT #N -> tN", found "${line}"`,
      );
    }
    const point = pointNames.indexOf(match[3] as string);
    if (point < 0)
      throw new UsageError(`schedule line ${number}: unknown preemption point "${match[3]}"`);
    steps.push({
      from: parseAgent(match[1] as string, number),
      op: match[2] === undefined ? NO_OP : Number(match[2]),
      point,
      nth: Number(match[4]),
      to: parseAgent(match[5] as string, number),
    });
  });
  return steps;
}
