/** Every schedule of a small program with at most so many switches that nothing forces. */
import assert from 'node:assert/strict';
import type { Program } from '../../src/program/program.js';
import { parseProgram } from '../../src/program/text.js';
import type { Line } from '../../src/run.js';
import { Decisions } from '../../src/schedule/decisions.js';
import type { Agent } from '../../src/schedule/schedule.js';
import type { Scheduler } from '../../src/schedule/scheduler.js';
import { countAgents, isRunnable, nthAgent } from '../../src/schedule/scheduler.js';
import type { Ran, Setup } from './lines.js';
import { lineOf, runProgram } from './lines.js';

class EveryScheduler implements Scheduler {
  horizon = 0;
  readonly decisions = new Decisions();
  private left = 0;
  private leaves = false;

  constructor(private readonly switchesMax: number) {}

  begin(): void {
    this.decisions.begin();
    this.left = this.switchesMax;
    this.leaves = false;
  }

  passes(): boolean {
    if (this.left === 0 || this.decisions.decide(2) === 0) return true;
    this.left--;
    this.leaves = true;
    return false;
  }

  next(runnable: number, current: Agent): Agent {
    const others = isRunnable(runnable, current) ? runnable & ~(1 << current) : runnable;
    const from = this.leaves && others !== 0 ? others : runnable;
    this.leaves = false;
    return nthAgent(from, this.decisions.decide(countAgents(from)));
  }
}

export function* everySchedule(
  line: Line,
  program: Program,
  switchesMax: number,
): Generator<Ran, void, undefined> {
  const scheduler = new EveryScheduler(switchesMax);
  do yield runProgram(line, program, scheduler);
  while (scheduler.decisions.advance());
}

/** Which promises some schedule with two switches breaks, and how; there must be more schedules than that. */
export function foundBySomeSchedule(text: string, setup: Setup, moreThan: number): Set<string> {
  const seen = new Set<string>();
  let schedules = 0;
  for (const { signatures } of everySchedule(lineOf(setup), parseProgram(text), 2)) {
    schedules++;
    for (const signature of signatures) seen.add(signature);
  }
  assert.ok(schedules > moreThan, `${schedules} schedules`);
  return seen;
}
