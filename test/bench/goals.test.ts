import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RATE_GOALS, RATIOS, contestantsWith } from './contestants.js';
import { atLeast, atMost, goalText, isReached } from './goals.js';
import { StageLine } from './stages.js';

describe('a goal', () => {
  test('is reached by its bound, and missed on the wrong side of it', () => {
    assert.deepEqual(
      [1.79, 1.8, 1.81].map((figure) => isReached(atLeast(1.8), figure)),
      [false, true, true],
    );
    assert.deepEqual(
      [1.09, 1.1, 1.11].map((figure) => isReached(atMost(1.1), figure)),
      [true, true, false],
    );
  });

  test('is missed by a figure that could not be taken', () => {
    assert.equal(isReached(atLeast(1), NaN), false);
    assert.equal(isReached(atMost(1), NaN), false);
  });

  test('is judged by the figure itself, not by how it is printed', () => {
    const print = (value: number): string => value.toFixed(1);
    assert.equal(goalText(atMost(1.1), 1.101, print), 'at most 1.1: missed');
    assert.equal(goalText(atLeast(20), 20, print), 'at least 20.0: reached');
  });
});

test('ratios and goals speak of contestants that there are', () => {
  const names = contestantsWith(new StageLine()).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { above, below } of RATIOS) {
    assert.ok(names.includes(above) && names.includes(below), `${above} and ${below}`);
  }
  for (const { name } of RATE_GOALS) assert.ok(names.includes(name), name);
});
