/** `daxfuzz litmus`: what it prints and how it exits. Wrong files are in parse.test.ts. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { daxfuzz } from '../helpers/cli.js';
import { writeLitmusExample } from '../helpers/litmus.js';
import { refuses } from '../helpers/refused.js';
import { inTemporaryDirectory, ROOT } from '../helpers/temporary.js';

const SETS = path.join('test', 'litmus', 'sets.json');

test('a difference exits with 1 and is a row of a table, equal tests are only counted', () =>
  inTemporaryDirectory((directory) => {
    const { status, stdout, stderr } = daxfuzz(directory, 'litmus', writeLitmusExample(directory));
    assert.deepEqual([status, stderr], [1, '']);
    assert.deepEqual(stdout.split('\n'), [
      'test   set         what        state',
      'wrong  post_crash  missing     x=2',
      'wrong  post_crash  unexpected  x=1',
      '',
      '2 tests: 1 equal, 1 different, 0 contested',
      'not compared, unknown sets: wrong: post_crash_on_mars',
      '',
    ]);
  }));

test('with --json every state that differs is named with its set', () =>
  inTemporaryDirectory((directory) => {
    const file = writeLitmusExample(directory);
    const { status, stdout } = daxfuzz(
      directory,
      'litmus',
      file,
      '--persistency',
      'location',
      '--json',
    );
    assert.equal(status, 1);
    assert.deepEqual((JSON.parse(stdout) as { tests: unknown }).tests, [
      {
        file,
        name: 'wrong',
        verdict: 'different',
        sets: ['post_crash'],
        missing: [{ set: 'post_crash', state: 'x=2' }],
        unexpected: [{ set: 'post_crash', state: 'x=1' }],
        problem: '',
      },
    ]);
  }));

test('equal and contested tests exit with 0', () => {
  const { status, stdout } = daxfuzz(ROOT, 'litmus', SETS);
  assert.deepEqual([status, stdout], [0, '26 tests: 22 equal, 0 different, 4 contested\n']);
});

test('sets of another mode are not compared, and that is said', () => {
  const { status, stdout } = daxfuzz(ROOT, 'litmus', SETS, '--domain', 'eadr');
  assert.deepEqual(
    [status, stdout],
    [0, '22 tests: 18 equal, 0 different, 4 contested\n4 tests without a set of this mode\n'],
  );
});

test('a mode that no test has a set of is wrong usage, not success', () =>
  inTemporaryDirectory((directory) => {
    const mode = ['--persistency', 'line', '--domain', 'adr'];
    refuses(
      directory,
      ['litmus', writeLitmusExample(directory), ...mode],
      /no test has a set of that/,
    );
  }));
