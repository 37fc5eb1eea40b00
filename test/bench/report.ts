/** What the benchmark says in the end, as one JSON object; tables.ts prints it. */
import type { Census } from './census.js';
import { KERNEL, SEED } from './campaign.js';
import { RATE_GOALS, RATIOS } from './contestants.js';
import type { Goal } from './goals.js';
import { GOALS, isReached } from './goals.js';
import type { Growth, GrowthTimes } from './growth.js';
import { fittedExponent, lastStep } from './growth.js';
import type { StoreCosts } from './limit.js';
import { STORES_PER_FENCE } from './limit.js';
import type { Contestant, Rounds, Spread } from './rounds.js';
import { cpusOf, rateOf, ratioOf, spreadOf } from './rounds.js';
import type { Stage, StageTimes } from './stages.js';
import { STAGES } from './stages.js';

export interface Machine {
  readonly daxfuzz: string;
  readonly node: string;
  readonly cpus: number;
  /** One-minute load averages: others at work make every number smaller. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

/** What the rounds have left; the lists have one item a round. */
export interface Material {
  readonly machine: Machine;
  readonly contestants: readonly Contestant[];
  readonly rounds: Rounds;
  readonly census: Readonly<Record<'short' | 'usual', Census>>;
  readonly growths: readonly { readonly growth: Growth; readonly times: readonly GrowthTimes[] }[];
  readonly stores: readonly StoreCosts[];
  readonly stages: readonly StageTimes[];
}

export interface Rates {
  readonly executions: Spread;
  readonly operations: Spread;
  readonly events: Spread;
  readonly cuts: Spread;
  /** Processors busy. */
  readonly cpus: Spread;
}

export interface GrowthResult {
  readonly name: string;
  readonly title: string;
  readonly sizes: readonly {
    readonly size: number;
    readonly length: number;
    readonly microseconds: Spread;
  }[];
  /** Fitted over all sizes, and between the two largest. */
  readonly exponent: Spread;
  readonly lastStep: Spread;
}

export interface StoreResult {
  readonly storesPerFence: number;
  /** Nanoseconds. */
  readonly folded: Spread;
  /** Multiples of the limit loop. */
  readonly foldedToLimit: Spread;
  readonly writtenAndFoldedToLimit: Spread;
}

interface Judged extends Goal {
  readonly figure: string;
  readonly median: number;
  readonly reached: boolean;
}

export interface BenchResult {
  readonly format: 2;
  readonly machine: Machine;
  readonly rounds: number;
  readonly kernel: string;
  readonly seed: string;
  readonly goals: readonly Judged[];
  readonly ratios: Readonly<Record<string, Spread>>;
  readonly rates: Readonly<Record<string, Rates>>;
  readonly census: Material['census'];
  readonly growth: readonly GrowthResult[];
  /** Nanoseconds of a store in the limit loop. */
  readonly limit: Spread;
  readonly stores: readonly StoreResult[];
  /** Microseconds of a mean execution in one thread. */
  readonly stages: Readonly<Record<Stage, Spread>>;
}

export function resultOf(material: Material): BenchResult {
  const { machine, contestants, rounds, census } = material;
  const rates = contestants.map(({ name }): [string, Rates] => [
    name,
    {
      executions: rateOf(rounds, name, 'executions'),
      operations: rateOf(rounds, name, 'operations'),
      events: rateOf(rounds, name, 'events'),
      cuts: rateOf(rounds, name, 'cuts'),
      cpus: cpusOf(rounds, name),
    },
  ]);
  const ratios = RATIOS.map(({ name, above, below, what }): [string, Spread] => [
    name,
    ratioOf(rounds, above, below, what),
  ]);
  const stages = STAGES.map((stage) => [
    stage,
    spreadOf(material.stages.map((times) => times[stage])),
  ]);
  const figures = {
    ratios: Object.fromEntries(ratios),
    rates: Object.fromEntries(rates),
    growth: material.growths.map(({ growth, times }) => growthResult(growth, times)),
    stores: STORES_PER_FENCE.map((_, index) => storeResult(material.stores, index)),
  };
  return {
    format: 2,
    machine,
    rounds: material.stores.length,
    kernel: KERNEL,
    seed: SEED,
    goals: judge(figures),
    ...figures,
    census,
    limit: spreadOf(material.stores.map(({ limit }) => limit)),
    stages: Object.fromEntries(stages) as BenchResult['stages'],
  };
}

export function growthResult(growth: Growth, times: readonly GrowthTimes[]): GrowthResult {
  const lengths = growth.sizes.map(({ length }) => length);
  const { name, title } = growth;
  return {
    name,
    title,
    sizes: growth.sizes.map(({ size, length }, index) => ({
      size,
      length,
      microseconds: spreadOf(times.map((round) => round[index] as number)),
    })),
    exponent: spreadOf(times.map((round) => fittedExponent(lengths, round))),
    lastStep: spreadOf(times.map((round) => lastStep(lengths, round))),
  };
}

/** `index` is a place in STORES_PER_FENCE; multiples are taken within each round. */
function storeResult(rounds: readonly StoreCosts[], index: number): StoreResult {
  const found = rounds.flatMap(({ limit, costs }) => {
    const cost = costs[index];
    return cost === undefined ? [] : [{ limit, ...cost }];
  });
  return {
    storesPerFence: STORES_PER_FENCE[index] as number,
    folded: spreadOf(found.map(({ folded }) => folded)),
    foldedToLimit: spreadOf(found.map(({ folded, limit }) => folded / limit)),
    writtenAndFoldedToLimit: spreadOf(
      found.map(({ writtenAndFolded, limit }) => writtenAndFolded / limit),
    ),
  };
}

type Figures = Pick<BenchResult, 'ratios' | 'rates' | 'growth' | 'stores'>;

/** Everything that has a goal. */
function judge({ ratios, rates, growth, stores }: Figures): Judged[] {
  const judged = (figure: string, goal: Goal, { median }: Spread): Judged => ({
    figure,
    ...goal,
    median,
    reached: isReached(goal, median),
  });
  return [
    ...RATIOS.flatMap(({ name, goal }) =>
      goal === undefined ? [] : [judged(name, goal, ratios[name] as Spread)],
    ),
    ...RATE_GOALS.map(({ name, what, goal }) =>
      judged(`${name}.${what}`, goal, (rates[name] as Rates)[what]),
    ),
    ...growth.flatMap(({ name, exponent, lastStep: last }) => [
      judged(`${name}.exponent`, GOALS.growthExponent, exponent),
      judged(`${name}.lastStep`, GOALS.growthExponent, last),
    ]),
    ...stores.map(({ storesPerFence, foldedToLimit }) =>
      judged(`stores.${storesPerFence}`, GOALS.storeToLimit, foldedToLimit),
    ),
  ];
}
