/**
 * The programs on which the whole line is measured, as what a campaign is told: those of `daxfuzz run`
 * without options, and short ones of at most two threads, for which there is a goal.
 */
import { DEFAULT_GENERATE } from '../../src/program/generate.js';
import type { Program } from '../../src/program/program.js';
import { opCount, threadCount } from '../../src/program/program.js';

export interface Workload {
  readonly threadsMax: number;
  readonly opsMax: number;
}

export const USUAL: Workload = {
  threadsMax: DEFAULT_GENERATE.threadsMax,
  opsMax: DEFAULT_GENERATE.opsMax,
};

/** Programs open and map first, so that the mean is well below the maximum. */
export const SHORT: Workload = { threadsMax: 2, opsMax: 20 };

/** What the goal says of a program; SHORT draws others as well, with fewer operations or one thread. */
export const OPS_WANTED = { low: 10, high: 20 } as const;
export const THREADS_WANTED = 2;

export function isWanted(program: Program): boolean {
  const ops = opCount(program);
  const within = ops >= OPS_WANTED.low && ops <= OPS_WANTED.high;
  return within && threadCount(program) === THREADS_WANTED;
}
