/**
 * Holds the fast checker against the plain one on one execution.
 */
import { freshDisk } from '../media/fresh.js';
import type { PersistencyOptions } from '../persistency/history.js';
import type { Program } from '../program/program.js';
import type { Contract } from '../target/target.js';
import { ascending } from '../support/order.js';
import type { Trace } from '../trace/trace.js';
import { bruteForce } from './brute-force.js';
import type { Judge } from './judge.js';

const list = (set: ReadonlySet<number>): string => [...set].sort(ascending).join(',');

/**
 * Null if both say that the same promises are broken and the same files exposed, or show what was destroyed;
 * otherwise what each says.
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
  const OF_FILES: readonly string[] = ['P0', 'P9', 'P15'];
  const calls = atCrash.filter(({ promise }) => !OF_FILES.includes(promise));
  const broken = new Set(calls.map(({ op }) => op));
  const unrecovered = atCrash.some(({ promise }) => promise === 'P0');
  const exposed = new Set(atCrash.filter(({ promise }) => promise === 'P9').map(({ ino }) => ino));
  const destroyed = new Set(
    atCrash.filter(({ promise }) => promise === 'P15').map(({ ino }) => ino),
  );
  const said = (
    promises: ReadonlySet<number>,
    files: ReadonlySet<number>,
    lost: ReadonlySet<number>,
    isLost: boolean,
  ): string =>
    `promises ${list(promises)} files ${list(files)} destroyed ${list(lost)}${isLost ? ' unrecovered' : ''}`;
  const fast = said(broken, exposed, destroyed, unrecovered);
  const slow = said(plain.brokenPromises, plain.exposedFiles, plain.lostFiles, plain.unrecovered);
  return fast === slow ? null : `fast: ${fast}; plain: ${slow}`;
}
