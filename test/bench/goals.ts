/** What the benchmark is to reach. A figure that misses its goal is reported like any other. */
export interface Goal {
  readonly is: 'atLeast' | 'atMost';
  readonly bound: number;
}

export const atLeast = (bound: number): Goal => ({ is: 'atLeast', bound });
export const atMost = (bound: number): Goal => ({ is: 'atMost', bound });

export const GOALS = {
  /** Executions a second of one worker, for programs of 10 to 20 operations in two threads. */
  wholeLineExecutions: atLeast(20_000),
  twoWorkersToOne: atLeast(1.8),
  onePassToFastCheckExecutions: atLeast(1),
  /** A second, each for all its survivor sets. */
  onePassCuts: atLeast(2_000_000),
  growthExponent: atMost(1.1),
  /** A store's cost, as a multiple of the limit loop's. */
  storeToLimit: atMost(100),
} as const satisfies Record<string, Goal>;

export function isReached(goal: Goal, figure: number): boolean {
  return goal.is === 'atLeast' ? figure >= goal.bound : figure <= goal.bound;
}

/** The goal and whether a figure reaches it, for a table. */
export function goalText(goal: Goal, figure: number, print: (value: number) => string): string {
  const words = goal.is === 'atLeast' ? 'at least' : 'at most';
  return `${words} ${print(goal.bound)}: ${isReached(goal, figure) ? 'reached' : 'missed'}`;
}
