/** What the programs of a bounded exhaustive run add up to. */
import type { SpaceBounds } from '../program/space.js';
import type { Counts } from './counts.js';
import { addCounts, noCounts } from './counts.js';
import type { Range } from './ranges.js';

/** How much of everything there is to run. */
export interface SweepBounds extends SpaceBounds {
  /** Preemptions and held stores of a schedule, at most. */
  readonly preemptions: number;
}

export interface SweepCounts {
  readonly counts: Counts;
  /** In how many executions each mark of the target was taken, by its number. */
  readonly marks: number[];
  programs: number;
  /** Crash states of all cuts of all executions; beyond the range of a number, Infinity. */
  crashStates: number;
  /** Programs and schedules by theme, in the order of the themes. */
  readonly byTheme: { programs: number; schedules: number }[];
}

export function noSweepCounts(themes: number, marks: number): SweepCounts {
  return {
    counts: noCounts(),
    marks: Array.from({ length: marks }, () => 0),
    programs: 0,
    crashStates: 0,
    byTheme: Array.from({ length: themes }, () => ({ programs: 0, schedules: 0 })),
  };
}

/** How much of everything was run, and what was not; the names are those of the JSON. */
export interface SweepSummary extends SweepBounds {
  /** Programs within the bounds, and those of them that were run under all their schedules. */
  readonly programsInAll: number;
  readonly programs: number;
  readonly crashStates: number;
  readonly themes: readonly ThemeSummary[];
  /** Numbers of the programs that were to be run and were not. */
  readonly left: readonly Range[];
}

export interface ThemeSummary {
  readonly name: string;
  readonly programsInAll: number;
  readonly programs: number;
  readonly schedules: number;
}

/** Adds the program with all its schedules, of a theme. */
export function addProgram(totals: SweepCounts, theme: number, own: SweepCounts): void {
  addSweepCounts(totals, own);
  const row = totals.byTheme[theme];
  totals.programs++;
  if (row === undefined) return;
  row.programs++;
  row.schedules += own.counts.executions;
}

export function addSweepCounts(totals: SweepCounts, more: SweepCounts): void {
  addCounts(totals.counts, more.counts);
  more.marks.forEach((executions, mark) => {
    totals.marks[mark] = (totals.marks[mark] ?? 0) + executions;
  });
  totals.programs += more.programs;
  totals.crashStates += more.crashStates;
  more.byTheme.forEach(({ programs, schedules }, index) => {
    const theme = totals.byTheme[index];
    if (theme === undefined) return;
    theme.programs += programs;
    theme.schedules += schedules;
  });
}
