/**
 * The workload as a fast-check property, and as a plain loop: the same simulation without a library around
 * it, so that the cost of deciding a cut and the cost of the library can be told apart.
 *
 * Of the forms that a property of this workload can take (records, one-of, bytes, packed integers, biased
 * and not), packed unbiased integers were the fastest; fast-check is measured in that form.
 */
import fc from 'fast-check';
import type { Choice } from '../../src/support/choice.js';
import { Prng } from '../../src/support/prng.js';
import type { Measured, Times } from './rounds.js';
import { timesOf } from './rounds.js';
import { drawOps, Memory, OP_BOUND, OPS, survives } from './store-flush-fence.js';

const FAST_CHECK_RUNS = 40_000;
const PLAIN_RUNS = 40_000;
const SEED = 1;

export type Property = fc.IProperty<[number[], number, number]>;

/** `create` makes the memory of a run, `onRun` is told how many operations it simulates. */
export function propertyOf(
  create: () => Memory,
  onRun: (cut: number) => void = () => undefined,
): Property {
  return fc.property(
    fc.array(fc.nat(OP_BOUND - 1), { minLength: OPS, maxLength: OPS, size: 'max' }),
    fc.nat(OPS),
    fc.integer(),
    (ops, cut, survivors) => {
      onRun(cut);
      return survives(create(), ops, cut, new Prng(survivors, 0));
    },
  );
}

/** Of simulations that decide one cut each; `simulated` are the operations up to the cuts. */
export function countsOf(executions: number, simulated: number): Omit<Measured, keyof Times> {
  return { executions, operations: simulated, events: simulated, cuts: executions };
}

export function measureFastCheck(): Measured {
  let events = 0;
  const property = propertyOf(
    () => new Memory(),
    (cut) => {
      events += cut;
    },
  );
  const times = timesOf(() =>
    fc.assert(property, { numRuns: FAST_CHECK_RUNS, seed: SEED, unbiased: true }),
  );
  return { ...countsOf(FAST_CHECK_RUNS, events), ...times };
}

export function measurePlainLoop(): Measured {
  const choice: Choice = new Prng(SEED, 0);
  const ops = new Int32Array(OPS);
  let events = 0;
  const times = timesOf(() => {
    for (let i = 0; i < PLAIN_RUNS; i++) {
      drawOps(choice, ops);
      const cut = choice.below(OPS + 1);
      events += cut;
      const survivors = new Prng(choice.below(1 << 20), 0);
      if (!survives(new Memory(), ops, cut, survivors)) throw new Error(`run ${i} lost data`);
    }
  });
  return { ...countsOf(PLAIN_RUNS, events), ...times };
}
