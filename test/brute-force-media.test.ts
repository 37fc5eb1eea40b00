import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareOnMediaErrors } from './helpers/brute-force.js';

test('both checkers agree where memory goes bad, and mainline shows nothing that was destroyed', () => {
  const found = compareOnMediaErrors(1n, 700);
  assert.equal(found.difference, null);
  assert.ok(found.compared >= 580, `${found.compared} compared`);
  assert.ok(found.struck >= 400, `only ${found.struck} programs with a media error`);
  assert.ok(found.destroyed >= 100, `only ${found.destroyed} crash states show destroyed bytes`);
  assert.equal(found.destroyedOnMainline, 0);
});
