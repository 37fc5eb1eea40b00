/**
 * Holds the fast checker against the plain one on one execution.
 */
import { freshDisk } from '../media/layout.js';
import type { PersistencyOptions } from '../persistency/history.js';
import type { Program } from '../program/program.js';
import type { Contract } from '../target/target.js';
import { ascending } from '../support/order.js';
import type { Trace } from '../trace/trace.js';
import { bruteForce } from './brute-force.js';
import type { Judge } from './judge.js';

const list = (set: ReadonlySet<number>): string => [...set].sort(ascending).join(',');

/**
 * Null if both say that the same promises are broken and the same files exposed; otherwise what each says.
 * 'too large' if some cut has more than `statesMax` crash states.
 */
export function compareCheckers(
  judge: Judge,
  program: Program,
  trace: Trace,
  options: PersistencyOptions & { readonly contract: Contract },
  statesMax: number,
): string | null {
  const plain = bruteForce(program, trace, options, statesMax);
  if (plain === null) return 'too large';
  const { violations } = judge.judge(program, trace, freshDisk(program), {
    ...options,
    isKnown: () => false,
    everyInstance: true,
    images: 0,
  });
  const atCrash = violations.filter((violation) => violation.plan !== null);
  const broken = new Set(atCrash.filter(({ promise }) => promise !== 'P9').map(({ op }) => op));
  const exposed = new Set(atCrash.filter(({ promise }) => promise === 'P9').map(({ ino }) => ino));
  const fast = `promises ${list(broken)} files ${list(exposed)}`;
  const slow = `promises ${list(plain.brokenPromises)} files ${list(plain.exposedFiles)}`;
  return fast === slow ? null : `fast: ${fast}; plain: ${slow}`;
}
