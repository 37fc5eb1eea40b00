import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareOnRandomPrograms } from './helpers/brute-force.js';

// `npm run test:brute -- --seed N --programs N` does the same for longer.
test('one pass over a trace and building every crash state give the same verdict on 10,000 programs', () => {
  const { compared, broken, difference } = compareOnRandomPrograms(1n, 12_000);
  assert.equal(difference, null);
  assert.ok(compared >= 10_000, `${compared} compared`);
  assert.ok(broken >= 500, `only ${broken} programs broke anything, the test would show little`);
});
