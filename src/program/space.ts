/**
 * All programs of a theme up to so many operations and threads, each once, by number.
 *
 * A program is a sequence of operations for each of its threads. Threads do the same in any order, so of the
 * programs that differ in that only one is counted: threads are sorted by length, longest first, and those of
 * one length by their operations.
 */
import { assert, Defect } from '../support/assert.js';
import type { Op } from './op.js';
import type { Program } from './program.js';
import type { Theme } from './themes.js';

export interface SpaceBounds {
  /** Operations of all threads but thread 0, at most. */
  readonly ops: number;
  /** Threads besides thread 0, at most. */
  readonly threads: number;
}

/** How many threads have so many operations each. */
interface Group {
  readonly length: number;
  readonly threads: number;
}

/** Programs of which the threads have the same lengths. */
interface Shape {
  readonly theme: Theme;
  readonly groups: readonly Group[];
  readonly count: number;
}

/** Ways to write `total` as a sum of at most `parts` numbers, none larger than `largest`, largest first. */
function partitions(total: number, parts: number, largest: number): number[][] {
  if (total === 0) return [[]];
  if (parts === 0) return [];
  const found: number[][] = [];
  for (let first = Math.min(total, largest); first >= 1; first--) {
    for (const rest of partitions(total - first, parts - 1, first)) found.push([first, ...rest]);
  }
  return found;
}

function groupsOf(lengths: readonly number[]): Group[] {
  return [...new Set(lengths)].map((length) => ({
    length,
    threads: lengths.filter((other) => other === length).length,
  }));
}

/** Choices of `picks` out of `kinds`, any of them repeatedly, without regard to their order. */
function multisets(kinds: number, picks: number): number {
  let count = 1;
  for (let i = 1; i <= picks; i++) count = (count * (kinds + i - 1)) / i;
  return count;
}

/** The choice with a number: ascending, and in the order of all such choices. */
function multisetAt(index: number, kinds: number, picks: number): number[] {
  const chosen: number[] = [];
  let rest = index;
  let low = 0;
  for (let left = picks; left > 0; left--) {
    for (; ; low++) {
      const below = multisets(kinds - low, left - 1);
      if (rest < below) break;
      rest -= below;
    }
    chosen.push(low);
  }
  return chosen;
}

export class ProgramSpace {
  readonly count: number;
  private readonly shapes: readonly Shape[];

  constructor(
    readonly themes: readonly Theme[],
    readonly bounds: SpaceBounds,
  ) {
    this.shapes = themes.flatMap((theme) => shapesOf(theme, bounds));
    this.count = this.shapes.reduce((sum, { count }) => sum + count, 0);
    assert(Number.isSafeInteger(this.count), 'more programs than can be counted');
  }

  /** How many programs a theme has. */
  countOf(theme: Theme): number {
    const own = this.shapes.filter((shape) => shape.theme === theme);
    return own.reduce((sum, { count }) => sum + count, 0);
  }

  /** The program with a number, below `count`. */
  programAt(index: number): Program {
    const { shape, rest } = this.place(index);
    return programOf(shape, rest);
  }

  /** The number of the theme of that program. */
  themeOf(index: number): number {
    return this.themes.indexOf(this.place(index).shape.theme);
  }

  private place(index: number): { readonly shape: Shape; readonly rest: number } {
    let rest = index;
    for (const shape of this.shapes) {
      if (rest < shape.count) return { shape, rest };
      rest -= shape.count;
    }
    throw new Defect(`no program ${index} among ${this.count}`);
  }
}

function shapesOf(theme: Theme, { ops, threads }: SpaceBounds): Shape[] {
  const kinds = theme.alphabet.length;
  const shapes: Shape[] = [];
  for (let total = 1; total <= ops; total++) {
    for (const lengths of partitions(total, threads, total)) {
      const groups = groupsOf(lengths);
      const count = groups.reduce(
        (product, group) => product * multisets(kinds ** group.length, group.threads),
        1,
      );
      shapes.push({ theme, groups, count });
    }
  }
  return shapes;
}

function programOf({ theme, groups }: Shape, index: number): Program {
  const { alphabet, setup } = theme;
  const threads: (readonly Op[])[] = [...setup.threads];
  let rest = index;
  for (const { length, threads: count } of groups) {
    const sequences = alphabet.length ** length;
    const choices = multisets(sequences, count);
    for (const sequence of multisetAt(rest % choices, sequences, count)) {
      threads.push(operationsAt(alphabet, length, sequence));
    }
    rest = Math.floor(rest / choices);
  }
  return { ...setup, threads };
}

/** The sequence with a number, its last operation the lowest digit. */
function operationsAt(alphabet: readonly Op[], length: number, sequence: number): Op[] {
  const ops: Op[] = [];
  let rest = sequence;
  for (let place = 0; place < length; place++) {
    ops.unshift(alphabet[rest % alphabet.length] as Op);
    rest = Math.floor(rest / alphabet.length);
  }
  return ops;
}
