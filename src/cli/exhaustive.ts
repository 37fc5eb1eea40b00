/**
 * `daxfuzz run --scheduler exhaustive`: everything within small bounds instead of a random campaign.
 */
import type { Range } from '../campaign/ranges.js';
import type { SweepOptions } from '../campaign/sweep.js';
import type { SweepSummary } from '../campaign/sweep-counts.js';
import { THREADS_MAX } from '../program/program.js';
import { UsageError } from '../support/assert.js';
import { plural, thousands } from '../support/words.js';
import { table } from './print.js';

/** The bounds unless flags say otherwise. */
export const SWEEP_OPS = 3;
const THREADS = 2;
const PREEMPTIONS = 2;

/** Beyond these there are more programs than anybody could wait for. */
const OPS_MAX = 6;

/** What of the flags of `run` concerns it. */
export interface ExhaustiveFlags {
  readonly execs?: number;
  readonly corpus?: string;
  readonly ops?: number;
  readonly threads?: number;
  readonly preemptions?: number;
  readonly programs?: Range;
}

type Bounds = Pick<SweepOptions, 'bounds' | 'programs'>;

/** @throws UsageError for flags that only random campaigns have. */
export function boundsOf(flags: ExhaustiveFlags, isReal: boolean): Bounds {
  if (isReal) {
    throw new UsageError('--scheduler exhaustive: only the model follows a given schedule');
  }
  const no = (flag: string, instead: string): never => {
    throw new UsageError(`${flag}: an exhaustive run has no such bound; ${instead}`);
  };
  if (flags.execs !== undefined) no('--execs', 'use --time, or --programs FROM..TO');
  if (flags.corpus !== undefined) no('--corpus', 'it makes its programs from its own alphabet');
  const ops = flags.ops ?? SWEEP_OPS;
  if (ops > OPS_MAX) {
    throw new UsageError(`--ops: an exhaustive run has at most ${OPS_MAX}, found "${ops}"`);
  }
  const threads = flags.threads ?? THREADS;
  if (threads >= THREADS_MAX) {
    throw new UsageError(
      `--threads: at most ${THREADS_MAX - 1} beside the one that sets up, found "${threads}"`,
    );
  }
  const bounds = {
    ops,
    threads,
    preemptions: flags.preemptions ?? PREEMPTIONS,
  };
  return { bounds, programs: flags.programs ?? null };
}

/** @throws UsageError for flags that only exhaustive runs have. */
export function noBounds({ preemptions, programs }: ExhaustiveFlags): null {
  if (preemptions === undefined && programs === undefined) return null;
  throw new UsageError('--preemptions and --programs are for --scheduler exhaustive');
}

export function range(text: string): Range {
  const match = /^(\d{1,15})\.\.(\d{1,15})$/.exec(text);
  const from = Number(match?.[1]);
  const to = Number(match?.[2]);
  if (match === null || from >= to) {
    throw new UsageError(`--programs: expected numbers such as 0..500, found "${text}"`);
  }
  return { from, to };
}

/** How much of its work an exhaustive run has done. */
export function shareOf({ programs, left, programsInAll }: SweepSummary): number {
  const rest = left.reduce((sum, { from, to }) => sum + to - from, 0);
  return Math.min(1, programs / Math.min(programsInAll, Math.max(1, programs + rest)));
}

/** Exact as long as that is short. */
function count(value: number): string {
  if (value < 1e12) return thousands(value);
  return Number.isFinite(value) ? value.toPrecision(3) : 'more than 10^308';
}

/** What was covered, and what was not. */
export function coveredText(summary: SweepSummary): string {
  const { ops, threads, preemptions, programs, programsInAll, crashStates, themes } = summary;
  const isAll = programs === programsInAll;
  const share = isAll
    ? `all ${thousands(programs)}`
    : `${thousands(programs)} of ${thousands(programsInAll)}`;
  const rows = themes.map((theme) => [
    theme.name,
    thousands(theme.programsInAll),
    thousands(theme.programs),
    thousands(theme.schedules),
  ]);
  const left = summary.left.map(({ from, to }) => `--programs ${from}..${to}`);
  return [
    `bound: programs of up to ${plural(ops, 'operation')} in up to ${plural(threads, 'thread')} beside the one that ` +
      `sets up, all schedules with up to ${plural(preemptions, 'preemption')}`,
    `${share} programs covered, ${count(crashStates)} crash states`,
    '',
    table(['theme', 'programs', 'covered', 'schedules'], rows),
    ...(left.length === 0 ? [] : [`not covered; go on with: ${left.join(', then ')}`, '']),
  ].join('\n');
}
