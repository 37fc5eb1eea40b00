/** What a run of many programs found, counted and with examples. */
import type { Program } from '../program/program.js';
import type { Comparer, Comparison } from './conformance.js';
import type { Disagreement } from './compare.js';
import { kindOf } from './kind.js';

/** Disagreements of one kind. */
export interface Met {
  readonly kind: string;
  /** The row of the list that covers them; null: none does. */
  readonly listed: string | null;
  /** Programs that showed it. */
  programs: number;
  /** The first of them, or what it was made to. */
  example: Program;
  disagreement: Disagreement;
}

export interface Counts {
  programs: number;
  operations: number;
  promises: number;
  discarded: number;
}

export class Results {
  readonly counts: Counts = { programs: 0, operations: 0, promises: 0, discarded: 0 };
  private readonly byKind = new Map<string, Met>();

  add(program: Program, comparison: Comparison): void {
    const { counts } = this;
    counts.programs++;
    counts.operations += comparison.steps;
    counts.promises += comparison.promises;
    if (comparison.discarded !== null) counts.discarded++;
    const all = [
      ...comparison.unlisted.map((disagreement) => ({ disagreement, listed: null })),
      ...comparison.listed.map(({ row, disagreement }) => ({ disagreement, listed: row.id })),
    ];
    const here = new Set<string>();
    for (const { disagreement, listed } of all) {
      const kind = kindOf(program, disagreement);
      const key = `${listed ?? ''} ${kind}`;
      if (here.has(key)) continue;
      here.add(key);
      const met = this.byKind.get(key);
      if (met !== undefined) met.programs++;
      else this.byKind.set(key, { kind, listed, programs: 1, example: program, disagreement });
    }
  }

  /** Replaces the examples of what is not listed by the smallest programs that show the same. */
  makeSmall(comparer: Comparer): void {
    for (const met of this.byKind.values()) {
      if (met.listed !== null) continue;
      const smaller = comparer.smallest(met.example, met.kind);
      if (smaller === null) continue;
      met.example = smaller.program;
      met.disagreement = smaller.disagreement;
    }
  }

  /** The unlisted first, then by how many programs showed it. */
  met(): Met[] {
    return [...this.byKind.values()].sort(
      (a, b) => Number(a.listed !== null) - Number(b.listed !== null) || b.programs - a.programs,
    );
  }
}
