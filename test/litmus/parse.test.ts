/** What is wrong with a file of litmus tests is said in one sentence: which test, where, how. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { parseTests, readTests } from '../../src/litmus/parse.js';
import { UsageError } from '../../src/support/assert.js';
import { refuses } from '../helpers/refused.js';
import { inTemporaryDirectory } from '../helpers/temporary.js';

const STORE = { op: 'store', loc: 'x', val: 1 };
const GOOD = {
  name: 'one',
  lines: [['x'], ['y']],
  init: { x: 0, y: 0 },
  threads: [[STORE]],
  post_crash: {
    allowed: [
      { x: 0, y: 0 },
      { x: 1, y: 0 },
    ],
  },
};
const withOps = (...ops: object[]): object => ({ ...GOOD, threads: [[STORE], ops] });
const nested = (depth: number): object =>
  depth === 0 ? STORE : { op: 'if', reg: 'r', eq: 0, then: [nested(depth - 1)] };

const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
  ['an empty list', [], /^x\.json: an empty list of tests$/],
  [
    'no object',
    'text',
    /^x\.json: test 1: it must be object; the form is in litmus\.schema\.json$/,
  ],
  ['no name', { ...GOOD, name: undefined }, /test 1: it must have required property 'name'/],
  ['no init', { ...GOOD, init: undefined }, /test 1 \("one"\): it must have .* 'init'/],
  ['a wrong one after a good one', [GOOD, {}], /^x\.json: test 2: /],
  ['no set', { ...GOOD, post_crash: undefined }, /no set of states to compare with: one of post_/],
  ['a location without value', { ...GOOD, init: { x: 0 } }, /location "y" has no value in init/],
  ['an inherited value', { ...GOOD, lines: [['toString']], init: {} }, /"toString" has no value/],
  ['a value on no line', { ...GOOD, init: { x: 0, y: 0, z: 0 } }, /"z" of init is on no line/],
  ['a location on two lines', { ...GOOD, lines: [['x', 'y'], ['y']] }, /"y" is on a line twice/],
  ['an unknown op', withOps({ op: 'fly' }), /\/threads\/1\/0: unknown op "fly"/],
  ['an op without name', withOps({ loc: 'x' }), /\/threads\/1\/0 must have .* 'op'/],
  [
    'an unknown location',
    withOps(STORE, { op: 'clwb', loc: 'z' }),
    /threads\/1\/1: .* "z" is on no/,
  ],
  ['no location', withOps({ op: 'load', reg: 'r' }), /\/threads\/1\/0 must have .* 'loc'/],
  ['no register', withOps({ op: 'faa', loc: 'x', val: 1 }), /must have .* 'reg'/],
  ['a value that is text', withOps({ ...STORE, val: '1' }), /\/threads\/1\/0\/val must be/],
  ['a fraction', withOps({ ...STORE, val: 0.5 }), /\/threads\/1\/0\/val must be integer/],
  ['a store of 16 bytes', withOps({ ...STORE, size: 16 }), /\/threads\/1\/0\/size must be <= 8/],
  ['half a wide store', withOps({ op: 'store_wide', parts: [{ loc: 'x' }] }), /parts\/0 .*'val'/],
  [
    'a wide store to one word',
    withOps({ op: 'store_wide', parts: [STORE, STORE].map(({ loc, val }) => ({ loc, val })) }),
    /threads\/1\/0: two parts are one location/,
  ],
  ['an if without condition', withOps({ op: 'if', reg: 'r', then: [] }), /needs one of eq and ne/],
  ['an if with two', withOps({ op: 'if', reg: 'r', eq: 0, ne: 1, then: [] }), /one of eq and ne/],
  ['an else', withOps({ op: 'if', reg: 'r', eq: 0, then: [], else: [] }), /properties \("else"\)/],
  [
    'an unknown op in an if',
    withOps({ op: 'if', reg: 'r', eq: 0, then: [{ op: 'fly' }] }),
    /\/threads\/1\/0\/then\/0: unknown op "fly"/,
  ],
  ['ifs without end', withOps(nested(60)), /^x\.json: lists and objects more than 100 deep$/],
  [
    'a state of other names',
    { ...GOOD, post_crash: { allowed: [{ z: 0 }] } },
    /"z" is none of x, y/,
  ],
  [
    'a register that is not there',
    { ...GOOD, reads: { allowed: [{ r: 0 }] } },
    /reads: "r" is none/,
  ],
  ['a state of text', { ...GOOD, post_crash: { allowed: [{ state: { x: '0' } }] } }, /\/state\/x/],
  [
    'numbers that doubles cannot tell apart',
    {
      ...GOOD,
      init: { x: 0, y: 0 },
      post_crash: {
        allowed: [
          { x: 1, y: 'BIG' },
          { x: 2, y: 'BIGGER' },
        ],
      },
    },
    /9007199254740992 and 9007199254740993 are too large to be told apart/,
  ],
];

describe('a file with', () => {
  for (const [what, value, message] of WRONG) {
    test(`${what} is refused`, () => {
      const text = JSON.stringify(value)
        .replace('"BIG"', '9007199254740992')
        .replace('"BIGGER"', '9007199254740993');
      assert.throws(
        () => parseTests(text, 'x.json'),
        (error) => {
          assert.ok(error instanceof UsageError, String(error));
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});

test('a test may be alone or in a list, with words that are not read', () => {
  const words = { note: 'n', source: 's', tags: ['t'], assumptions: 'a', corroboration: {} };
  const ops = [{ ...STORE, size: 8, align: 8, note: 'an aligned word' }];
  const [alone] = parseTests(JSON.stringify(GOOD), 'x.json');
  const [first, second] = parseTests(
    JSON.stringify([GOOD, { ...GOOD, ...words, name: 'two', threads: [ops] }]),
    'x.json',
  );
  assert.deepEqual(first, alone);
  assert.deepEqual([second?.name, second?.ignored, second?.contested], ['two', [], false]);
});

test('a set of an unknown name is named, so that nobody takes it for compared', () => {
  const [litmus] = parseTests(JSON.stringify({ ...GOOD, post_crsh: GOOD.post_crash }), 'x.json');
  assert.deepEqual(litmus?.ignored, ['post_crsh']);
});

test('a register that two threads use is said with its thread', () => {
  const load = { op: 'load', loc: 'x', reg: 'r' };
  const reads = (state: object): string =>
    JSON.stringify({ ...GOOD, threads: [[load], [load]], reads: { allowed: [state] } });
  assert.equal(parseTests(reads({ '0:r': 0, '1:r': 0 }), 'x.json').length, 1);
  assert.throws(() => parseTests(reads({ r: 0 }), 'x.json'), /reads: "r" is none of 0:r, 1:r/);
});

test('a directory is searched for .json files, in the order of their names', () =>
  inTemporaryDirectory((directory) => {
    fs.mkdirSync(path.join(directory, 'below'));
    const write = (file: string, name: string): void =>
      fs.writeFileSync(path.join(directory, file), JSON.stringify({ ...GOOD, name }));
    write('b.json', 'second');
    write('below/a.json', 'third');
    write('a.json', 'first');
    fs.writeFileSync(path.join(directory, 'notes.txt'), 'not a test');
    const names = readTests(directory).map(({ name }) => name);
    assert.deepEqual(names, ['first', 'second', 'third']);
  }));

test('the verb refuses what it cannot read, with exit code 2 and one line', () =>
  inTemporaryDirectory((directory) => {
    fs.mkdirSync(path.join(directory, 'empty'));
    const wrong = { ...withOps({ op: 'fly' }), name: 'a\u001b[31m' };
    fs.writeFileSync(path.join(directory, 'x.json'), JSON.stringify(wrong));
    fs.writeFileSync(path.join(directory, 'cut.json'), JSON.stringify(GOOD).slice(0, 40));
    refuses(directory, ['litmus', 'x.json'], /x\.json: test 1 .*unknown op "fly"/);
    refuses(directory, ['litmus', 'x.json', '--json'], /unknown op "fly"/);
    refuses(directory, ['litmus', 'cut.json'], /cut\.json: not JSON/);
    refuses(directory, ['litmus', 'empty'], /empty: no litmus test \(a \.json file\) in there/);
    refuses(directory, ['litmus', 'nowhere'], /nowhere: no such file/);
    refuses(directory, ['litmus', 'x.json', '--domain', 'none'], /--domain: expected adr or eadr/);
  }));
