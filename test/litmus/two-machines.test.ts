import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runMachine } from '../../src/litmus/machine.js';
import { compareOnRandomPrograms, differenceOn, viewsOf } from './compare-machines.js';
import { parse } from './notation.js';
import { RULES } from './rules.js';
import { PROJECT_READING } from './view-context.js';
import { exploreAll } from './view-machine.js';

const DIFFERENCES_MAX = 3;

// `npm run test:litmus -- --seed N --programs N` does the same for longer.
describe('store buffers and views have the same outcomes', () => {
  test('on the rules', () => {
    for (const { name, program } of RULES) {
      const parsed = parse(program);
      const difference = differenceOn(parsed, viewsOf(parsed, PROJECT_READING), runMachine);
      assert.equal(difference, null, name);
    }
  });

  test('on 2,000 random programs, in every mode', () => {
    const result = compareOnRandomPrograms({
      seed: 1n,
      programs: 2000,
      nonTemporal: false,
      differencesMax: DIFFERENCES_MAX,
    });
    assert.deepEqual(result.differences, []);
    const { byPersistency, byDomain, byFailedCas } = result;
    assert.ok(byPersistency >= 100, `only ${byPersistency} programs tell lines from locations`);
    assert.ok(byDomain >= 200, `only ${byDomain} programs tell eadr from adr`);
    assert.ok(byFailedCas >= 10, `only ${byFailedCas} programs show whether a failed CAS fences`);
  });

  test('on 1,000 random programs with non-temporal stores, as src/litmus reads what is unsettled', () => {
    const result = compareOnRandomPrograms({
      seed: 1n,
      programs: 1000,
      nonTemporal: true,
      differencesMax: DIFFERENCES_MAX,
    });
    assert.deepEqual(result.differences, []);
  });
});

describe('the comparison', () => {
  test('finds another machine within 100 programs, and prints the program and both sets', () => {
    const { differences } = compareOnRandomPrograms({
      seed: 1n,
      programs: 100,
      nonTemporal: false,
      differencesMax: 1,
      other: (program, { domain, persistency }) => {
        const all = exploreAll(program, { failedCasFences: false, wrong: 'clflush-is-weak' });
        return { ...all, postCrash: domain === 'eadr' ? all.eadr : all[persistency] };
      },
    });
    assert.match(differences[0] ?? '', /^lines [^]*\nt0: [^]*\n {2}only buffers {4}\[/);
  });
});
