/**
 * Interleaved rounds: every contestant once, then every contestant again, so that a machine that drifts
 * does so for all alike; and what is said of the rounds in the end.
 */
import { ascending } from '../../src/support/order.js';

/** One measurement, without its warm-up. */
export interface Measured {
  readonly executions: number;
  readonly operations: number;
  readonly events: number;
  /** Power cuts decided. */
  readonly cuts: number;
  readonly seconds: number;
  /** Processor time of the whole process over the same span. */
  readonly cpuSeconds: number;
}

export type Times = Pick<Measured, 'seconds' | 'cpuSeconds'>;

export interface Contestant {
  /** In the JSON output, for good. */
  readonly name: string;
  readonly title: string;
  readonly measure: () => Measured | Promise<Measured>;
  /** For those that do not leave out their warm-up themselves: run once before the first round. */
  readonly warmUp?: Contestant['measure'];
}

/** The measurements of each contestant, by name, one a round. */
export type Rounds = ReadonlyMap<string, readonly Measured[]>;

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Starts both clocks; gives what reads them. */
export function startClocks(): () => Times {
  const start = performance.now();
  const cpuStart = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(cpuStart);
    return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 };
  };
}

export function timesOf(body: () => void): Times {
  const read = startClocks();
  body();
  return read();
}

export async function runRounds(
  contestants: readonly Contestant[],
  count: number,
  onRound: (round: number) => void,
): Promise<Rounds> {
  const rounds = new Map<string, Measured[]>(contestants.map(({ name }) => [name, []]));
  for (const { warmUp } of contestants) await warmUp?.();
  for (let round = 1; round <= count; round++) {
    onRound(round);
    for (const { name, measure } of contestants) rounds.get(name)?.push(await measure());
  }
  return rounds;
}

/** Of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort(ascending);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
  return { median, min: sorted[0] as number, max: sorted[sorted.length - 1] as number };
}

export type Quantity = 'executions' | 'operations' | 'events' | 'cuts';

const rate = (measured: Measured, what: Quantity): number => measured[what] / measured.seconds;

export function rateOf(rounds: Rounds, name: string, what: Quantity): Spread {
  return spreadOf((rounds.get(name) ?? []).map((measured) => rate(measured, what)));
}

/** Processors that a contestant kept busy: less than it has threads when others were at work. */
export function cpusOf(rounds: Rounds, name: string): Spread {
  const measured = rounds.get(name) ?? [];
  return spreadOf(measured.map(({ cpuSeconds, seconds }) => cpuSeconds / seconds));
}

/** Of the rates of two contestants, divided within each round. */
export function ratioOf(rounds: Rounds, above: string, below: string, what: Quantity): Spread {
  const others = rounds.get(below) ?? [];
  return spreadOf(
    (rounds.get(above) ?? []).map(
      (measured, round) => rate(measured, what) / rate(others[round] as Measured, what),
    ),
  );
}
