import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareOnSharedBlocks } from './helpers/brute-force.js';

test('both checkers agree where files share blocks, and mainline breaks nothing', () => {
  const { compared, broken, brokenOnMainline, difference } = compareOnSharedBlocks(1n, 1000);
  assert.equal(difference, null);
  assert.ok(compared >= 870, `${compared} compared`);
  assert.ok(broken >= 12, `only ${broken} programs broke anything, the test would show little`);
  assert.equal(brokenOnMainline, 0);
});
