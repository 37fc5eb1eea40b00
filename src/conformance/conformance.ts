/**
 * Does the model do what a kernel does? Programs of one thread are run on both, and what the two executions
 * show is compared operation by operation. Disagreements of a kind are counted together, and the first of a
 * kind is made small.
 */
import type { Failure } from '../minimize/minimize.js';
import { minimize } from '../minimize/minimize.js';
import type { Program } from '../program/program.js';
import { opCount } from '../program/program.js';
import { RandomScheduler } from '../schedule/random.js';
import { Prng } from '../support/prng.js';
import type { FilesystemName } from '../target/real.js';
import type { Target } from '../target/target.js';
import type { Disagreement } from './compare.js';
import { compare, comparedSteps } from './compare.js';
import { kindOf } from './kind.js';
import type { Compared, Listed } from './listed.js';
import { listedAs } from './listed.js';
import { Observer } from './observe.js';

/** The two sides, and what both run on. */
export interface Sides {
  readonly model: Target;
  readonly kernel: Target;
  readonly filesystem: FilesystemName;
}

/** A disagreement that a row of the list covers. */
export interface ListedOne {
  readonly row: Listed;
  readonly disagreement: Disagreement;
}

/** Of one program. */
export interface Comparison {
  /** Those that no row of the list covers. */
  readonly unlisted: readonly Disagreement[];
  readonly listed: readonly ListedOne[];
  /** Operations compared, before the two came to be in different states. */
  readonly steps: number;
  /** Calls whose guarantees were compared. */
  readonly promises: number;
  /** Why the program says nothing; null if it does. */
  readonly discarded: string | null;
}

/** An example of a disagreement. */
export interface Small {
  readonly program: Program;
  readonly disagreement: Disagreement;
}

/** One thread has one schedule. */
const ALONE = new RandomScheduler(new Prng(0, 0));

export class Comparer {
  private readonly ours = new Observer();
  private readonly theirs = new Observer();

  constructor(private readonly sides: Sides) {}

  compare(program: Program): Comparison {
    const { model, kernel, filesystem } = this.sides;
    const ours = this.ours.observe(program, model.execute(program, ALONE));
    const theirs = this.theirs.observe(program, kernel.execute(program, ALONE));
    const discarded = ours.discarded ?? theirs.discarded;
    if (discarded !== null) return { unlisted: [], listed: [], steps: 0, promises: 0, discarded };
    const compared: Compared = { program, filesystem, model: ours, kernel: theirs };
    const found = compare(ours, theirs);
    const unlisted: Disagreement[] = [];
    const listed: ListedOne[] = [];
    for (const disagreement of found) {
      const row = listedAs(disagreement, compared);
      if (row === null) unlisted.push(disagreement);
      else listed.push({ row, disagreement });
    }
    const steps = comparedSteps(ours, theirs, found);
    const promising = ours.steps.slice(0, steps).filter(({ guarantee }) => guarantee !== null);
    return { unlisted, listed, steps, promises: promising.length, discarded };
  }

  /** The smallest program that shows a disagreement of the same kind; null if it does not come again. */
  smallest(program: Program, kind: string): Small | null {
    const find = (candidate: Program): Disagreement | null => {
      const { unlisted } = this.compare(candidate);
      return unlisted.find((one) => kindOf(candidate, one) === kind) ?? null;
    };
    const stillFails = (candidate: Program): Failure | null => {
      const found = find(candidate);
      if (found === null) return null;
      const last = found.op < 0 ? opCount(candidate) - 1 : found.op;
      const started = Array.from({ length: last + 1 }, (_, op) => op);
      return { program: candidate, schedule: [], started, plan: null };
    };
    const first = stillFails(program);
    if (first === null) return null;
    const smallest = minimize(first, stillFails, () => null).program;
    const disagreement = find(smallest);
    return disagreement === null ? null : { program: smallest, disagreement };
  }
}
