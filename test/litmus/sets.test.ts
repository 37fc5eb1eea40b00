/** The published sample: whole sets, compared in every mode. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { Mode } from '../../src/litmus/compare.js';
import { compareTest } from '../../src/litmus/compare.js';
import { readTests } from '../../src/litmus/parse.js';
import { ROOT } from '../helpers/temporary.js';

const TESTS = readTests(path.join(ROOT, 'test', 'litmus', 'sets.json'));

const MODES: readonly (readonly [string, Mode, number])[] = [
  ['every mode', {}, 26],
  ['persists by location', { persistency: 'location' }, 26],
  ['persists by line', { persistency: 'line' }, 24],
  ['eADR', { domain: 'eadr' }, 22],
];

describe('the published sets are equal to those of the machine', () => {
  for (const [name, mode, count] of MODES) {
    test(`in ${name}`, () => {
      const results = TESTS.flatMap((litmus) => compareTest(litmus, mode) ?? []);
      assert.equal(results.length, count);
      const contested = new Set(TESTS.filter((litmus) => litmus.contested).map((one) => one.name));
      for (const result of results) {
        const { missing, unexpected, problem, verdict } = result;
        assert.deepEqual(
          { missing, unexpected, problem },
          { missing: [], unexpected: [], problem: '' },
        );
        assert.equal(verdict, contested.has(result.name) ? 'contested' : 'equal', result.name);
      }
    });
  }
});
