/** What the parts of the C text are made from. */
import type { Finding } from '../../finding/finding.js';
import type { PromiseId } from '../../oracle/promise.js';
import type { Expected } from './expected.js';
import type { PartName } from './operations.js';
import type { Turn } from './order.js';

export interface CProgram {
  readonly finding: Finding;
  readonly turns: readonly Turn[];
  readonly expected: Expected;
  readonly promise: PromiseId;
  readonly parts: ReadonlySet<PartName>;
  /** More than one thread: the order has to be enforced. */
  readonly ordered: boolean;
}

/** Operations of thread 0 that run before the other threads start; all of them if there are no others. */
export function openingOf({ finding, turns, ordered }: CProgram): Turn[] {
  const end = ordered ? finding.program.spawnAfter : Infinity;
  return turns.filter(({ thread, number }) => thread === 0 && number < end);
}

/** What a thread does after that. */
export function threadOf(c: CProgram, thread: number): Turn[] {
  const opening = openingOf(c);
  const own = c.turns.filter((turn) => turn.thread === thread && !opening.includes(turn));
  return own.sort((a, b) => a.number - b.number);
}
