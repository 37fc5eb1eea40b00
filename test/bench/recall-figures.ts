/** What the hunts of the recall benchmark come to: a row for each bug, and what the goals are about. */
import type { Hunt, Mode } from './recall-hunt.js';

export interface Spread {
  readonly median: number;
  readonly worst: number;
}

/** One bug in one mode. */
export interface Recall {
  readonly hunts: number;
  readonly found: number;
  /** Of all hunts; one that found nothing counts with all that it had, so both are lower bounds then. */
  readonly executions: Spread;
  readonly seconds: Spread;
}

/** The owner's goals: each row found by every seed within the first, half of the rows within the second. */
export const SECONDS_MAX = 60;
export const MEDIAN_SECONDS_MAX = 3;

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

const spreadOf = (values: readonly number[]): Spread => ({
  median: medianOf(values),
  worst: Math.max(...values),
});

/** Null if there was no such hunt. */
export function recallOf(hunts: readonly Hunt[], mode: Mode, id: string): Recall | null {
  const own = hunts.filter((hunt) => hunt.mode === mode && hunt.id === id);
  if (own.length === 0) return null;
  return {
    hunts: own.length,
    found: own.filter(({ signature }) => signature !== null).length,
    executions: spreadOf(own.map(({ executions }) => executions)),
    seconds: spreadOf(own.map(({ seconds }) => seconds)),
  };
}

export interface Summary {
  readonly rows: number;
  /** Rows that every seed found, and those of them that each found within SECONDS_MAX. */
  readonly foundByAll: number;
  readonly withinGoal: number;
  /** Of the medians of the rows. */
  readonly medianSeconds: number;
  readonly medianExecutions: number;
  /** The slowest rows, those that some seed missed first. */
  readonly slowest: readonly string[];
}

const SLOWEST = 5;

/** Null if the mode has no rows. */
export function summaryOf(
  hunts: readonly Hunt[],
  mode: Mode,
  ids: readonly string[],
): Summary | null {
  const rows = ids.flatMap((id) => {
    const recall = recallOf(hunts, mode, id);
    return recall === null ? [] : [{ id, recall }];
  });
  if (rows.length === 0) return null;
  const full = rows.filter(({ recall }) => recall.found === recall.hunts);
  const slower = [...rows].sort(
    (a, b) =>
      a.recall.found / a.recall.hunts - b.recall.found / b.recall.hunts ||
      b.recall.seconds.worst - a.recall.seconds.worst,
  );
  return {
    rows: rows.length,
    foundByAll: full.length,
    withinGoal: full.filter(({ recall }) => recall.seconds.worst <= SECONDS_MAX).length,
    medianSeconds: medianOf(rows.map(({ recall }) => recall.seconds.median)),
    medianExecutions: medianOf(rows.map(({ recall }) => recall.executions.median)),
    slowest: slower.slice(0, SLOWEST).map(({ id }) => id),
  };
}
