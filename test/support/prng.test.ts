import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { between, chance, pick, pickWeighted } from '../../src/support/choice.js';
import { Prng } from '../../src/support/prng.js';
import { ascending } from '../../src/support/order.js';
import { ByteChoice } from '../helpers/byte-choice.js';

const draws = (prng: Prng, count: number): number[] =>
  Array.from({ length: count }, () => prng.below(1000));

describe('the generator', () => {
  test('gives the same numbers for the same seed on every machine', () => {
    assert.deepEqual(draws(Prng.fromSeed(1n), 8), [568, 753, 889, 490, 470, 983, 352, 535]);
    assert.deepEqual(draws(Prng.fromSeed((1n << 64n) - 1n), 4), [0, 810, 732, 149]);
  });

  test('gives unrelated numbers for seeds that differ in one bit of either half', () => {
    const streams = [0n, 1n, 1n << 32n, 1n << 63n].map((seed) =>
      draws(Prng.fromSeed(seed), 8).join(),
    );
    assert.equal(new Set(streams).size, streams.length);
  });

  test('stays below its bound and reaches every value', () => {
    const prng = Prng.fromSeed(7n);
    for (const bound of [1, 2, 3, 7, 200]) {
      const seen = new Set<number>();
      for (let i = 0; i < 100 * bound; i++) seen.add(prng.below(bound));
      assert.deepEqual(
        [...seen].sort((a, b) => a - b),
        Array.from({ length: bound }, (_, n) => n),
      );
    }
  });

  test('splits into a stream that drawing from the parent does not shift', () => {
    const one = Prng.fromSeed(3n);
    const other = Prng.fromSeed(3n);
    const split = one.split();
    const same = other.split();
    draws(one, 100);
    assert.deepEqual(draws(split, 8), draws(same, 8));
  });
});

describe('choices', () => {
  test('out of bytes take two bytes each and are zero after the end', () => {
    const choice = new ByteChoice(Uint8Array.of(5, 0, 0, 1, 9));
    assert.deepEqual(
      [choice.below(100), choice.below(1000), choice.below(10), choice.below(10)],
      [5, 256, 9, 0],
    );
  });

  test('by weight never take what weighs nothing', () => {
    const prng = Prng.fromSeed(2n);
    const counts = [0, 0, 0];
    for (let i = 0; i < 3000; i++) {
      const index = pickWeighted(prng, [1, 0, 2]);
      counts[index] = (counts[index] as number) + 1;
    }
    assert.equal(counts[1], 0);
    assert.ok((counts[2] as number) > 1.6 * (counts[0] as number));
  });

  test('between two bounds include both', () => {
    const prng = Prng.fromSeed(4n);
    const seen = new Set(Array.from({ length: 100 }, () => between(prng, 3, 5)));
    assert.deepEqual([...seen].sort(ascending), [3, 4, 5]);
    assert.equal(pick(prng, ['only']), 'only');
    assert.equal(chance(prng, 0, 1), false);
    assert.equal(chance(prng, 1, 1), true);
  });
});
