/** Sets of program numbers, as ranges in ascending order. */

/** Programs [from, to). */
export interface Range {
  readonly from: number;
  readonly to: number;
}

/** What is still to be done of a range, handed out in pieces; pieces that were not done come back. */
export class Remaining {
  private ranges: Range[];

  constructor(whole: Range) {
    this.ranges = whole.from < whole.to ? [whole] : [];
  }

  /** The first piece of at most so many; null if nothing is left. */
  take(most: number): Range | null {
    const [first, ...rest] = this.ranges;
    if (first === undefined) return null;
    const to = Math.min(first.to, first.from + most);
    this.ranges = to < first.to ? [{ from: to, to: first.to }, ...rest] : rest;
    return { from: first.from, to };
  }

  giveBack(range: Range): void {
    if (range.from === range.to) return;
    const all = [...this.ranges, range].sort((a, b) => a.from - b.from);
    const merged: Range[] = [];
    for (const next of all) {
      const last = merged.at(-1);
      if (last?.to === next.from) merged[merged.length - 1] = { from: last.from, to: next.to };
      else merged.push(next);
    }
    this.ranges = merged;
  }

  get all(): readonly Range[] {
    return this.ranges;
  }
}
