/** Every schedule of a small program with at most so many switches that nothing forces. */
import type { Program } from '../../src/program/program.js';
import type { Line } from '../../src/run.js';
import type { Agent } from '../../src/schedule/schedule.js';
import type { Scheduler } from '../../src/schedule/scheduler.js';
import { countAgents, isRunnable, nthAgent } from '../../src/schedule/scheduler.js';
import type { Ran } from './lines.js';
import { runProgram } from './lines.js';

/** Goes through a tree of decisions, one leaf an execution, the first branch of each first. */
class EveryScheduler implements Scheduler {
  horizon = 0;
  private readonly path: { taken: number; readonly of: number }[] = [];
  private depth = 0;
  private left = 0;
  private leaves = false;

  constructor(private readonly switchesMax: number) {}

  begin(): void {
    this.depth = 0;
    this.left = this.switchesMax;
    this.leaves = false;
  }

  passes(): boolean {
    if (this.left === 0 || this.decide(2) === 0) return true;
    this.left--;
    this.leaves = true;
    return false;
  }

  next(runnable: number, current: Agent): Agent {
    const others = isRunnable(runnable, current) ? runnable & ~(1 << current) : runnable;
    const from = this.leaves && others !== 0 ? others : runnable;
    this.leaves = false;
    return nthAgent(from, this.decide(countAgents(from)));
  }

  /** Moves on to the next schedule; false after the last one. */
  advance(): boolean {
    this.path.length = this.depth;
    for (;;) {
      const last = this.path.at(-1);
      if (last === undefined) return false;
      if (++last.taken < last.of) return true;
      this.path.pop();
    }
  }

  private decide(of: number): number {
    const decision = (this.path[this.depth] ??= { taken: 0, of });
    this.depth++;
    return decision.taken;
  }
}

export function* everySchedule(
  line: Line,
  program: Program,
  switchesMax: number,
): Generator<Ran, void, undefined> {
  const scheduler = new EveryScheduler(switchesMax);
  do yield runProgram(line, program, scheduler);
  while (scheduler.advance());
}
