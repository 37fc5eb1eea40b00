/**
 * One door for choice. Every draw of generation, mutation and scheduling goes through this interface, so
 * that the same generator serves campaigns (a seeded stream), jsfuzz (fuzz bytes) and tests.
 *
 * Execution never sees a Choice: it is a pure function of program, schedule and configuration.
 */
export interface Choice {
  /** An integer in [0, bound); bound is at least 1. */
  below(bound: number): number;
}

/** True in `numerator` of `denominator` draws. */
export function chance(choice: Choice, numerator: number, denominator: number): boolean {
  return choice.below(denominator) < numerator;
}

/** An integer in [low, high], both included. */
export function between(choice: Choice, low: number, high: number): number {
  return low + choice.below(high - low + 1);
}

export function pick<T>(choice: Choice, list: readonly T[]): T {
  return list[choice.below(list.length)] as T;
}

/** An index into `weights`, drawn in proportion to them; at least one weight is positive. */
export function pickWeighted(choice: Choice, weights: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < weights.length; i++) total += weights[i] as number;
  let rest = choice.below(total);
  for (let i = 0; i < weights.length; i++) {
    rest -= weights[i] as number;
    if (rest < 0) return i;
  }
  return weights.length - 1;
}
