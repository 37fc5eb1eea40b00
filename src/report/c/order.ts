/**
 * The order of a witness as far as user space can ask for it: which operation begins after which others
 * have begun, and after which have returned.
 */
import type { Op } from '../../program/op.js';
import type { Program } from '../../program/program.js';
import { threadBases } from '../../program/program.js';
import { AT, EVENT } from '../../trace/event.js';
import type { Trace } from '../../trace/trace.js';

/** An operation that had begun when the promise was seen to be broken. */
export interface Turn {
  /** In thread order over the program, as reports number operations. */
  readonly number: number;
  readonly thread: number;
  readonly op: Op;
  /** The event of the first thing that it did. */
  readonly begin: number;
  /** The event of its return; Infinity if the witness never saw it. */
  readonly end: number;
  /** What it returned; null if it never did. */
  readonly result: number | null;
  /** Of each thread, how many operations had returned before this one began. */
  readonly after: readonly number[];
}

/** In the order in which they began; what began after the event `until` is not among them. */
export function turnsOf(program: Program, trace: Trace, until: number): Turn[] {
  const { begins, ends } = scan(trace);
  const bases = threadBases(program);
  const turns: Omit<Turn, 'after'>[] = [];
  program.threads.forEach((ops, thread) => {
    ops.forEach((op, index) => {
      const number = (bases[thread] as number) + index;
      const begin = begins.get(number) ?? Infinity;
      if (begin > until) return;
      const end = ends.get(number) ?? Infinity;
      const result = end === Infinity ? null : trace.argument(end, AT.op_exit.result);
      turns.push({ number, thread, op, begin, end, result });
    });
  });
  turns.sort((a, b) => a.begin - b.begin);
  return turns.map((turn) => ({
    ...turn,
    after: program.threads.map(
      (_, thread) => turns.filter((o) => o.thread === thread && o.end < turn.begin).length,
    ),
  }));
}

/** An operation that was preempted before it did anything begins when it goes on: so it can be here. */
function scan(trace: Trace): { begins: Map<number, number>; ends: Map<number, number> } {
  const begins = new Map<number, number>();
  const ends = new Map<number, number>();
  for (let event = 0; event < trace.length; event++) {
    const number = trace.op(event);
    const kind = trace.kind(event);
    if (number < 0 || kind === EVENT.op_enter || kind === EVENT.context_switch) continue;
    if (!begins.has(number)) begins.set(number, event);
    if (kind === EVENT.op_exit) ends.set(number, event);
  }
  return { begins, ends };
}
