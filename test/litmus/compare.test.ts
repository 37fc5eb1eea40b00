/** Which sets are compared in which mode, and what a difference is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Mode, TestResult } from '../../src/litmus/compare.js';
import { compareTest } from '../../src/litmus/compare.js';
import { parseTests } from '../../src/litmus/parse.js';

/** Two stores to one line: three states by line and with eADR, four by location. */
const PROGRAM = {
  name: 'two words',
  lines: [['x', 'y']],
  init: { x: 0, y: 0 },
  threads: [
    [
      { op: 'store', loc: 'x', val: 1 },
      { op: 'store', loc: 'y', val: 1 },
      { op: 'load', loc: 'x', reg: 'a' },
    ],
  ],
};
const THREE = [
  { x: 0, y: 0 },
  { x: 1, y: 0 },
  { x: 1, y: 1 },
];
const FOUR = [...THREE, { x: 0, y: 1 }];

function compared(fields: object, mode: Mode = {}): TestResult | null {
  const [litmus] = parseTests(JSON.stringify({ ...PROGRAM, ...fields }), 'x.json');
  return compareTest(litmus ?? assert.fail(), mode);
}

/** The verdict, then -STATE for what is missing and +STATE for what is unexpected. */
function told(fields: object, mode: Mode = {}): string {
  const result = compared(fields, mode);
  if (result === null) return 'skipped';
  const { verdict, missing, unexpected } = result;
  return [
    verdict,
    ...missing.map(({ set, state }) => `-${set} ${state}`),
    ...unexpected.map(({ set, state }) => `+${set} ${state}`),
  ].join(', ');
}

describe('a set', () => {
  test('is exact unless it says otherwise', () => {
    assert.equal(told({ post_crash: { allowed: FOUR } }), 'equal');
    assert.equal(told({ post_crash: { complete: true, allowed: FOUR } }), 'equal');
    assert.equal(told({ post_crash: { allowed: THREE } }), 'different, +post_crash x=0 y=1');
    const more = [...FOUR, { x: 2, y: 0 }];
    assert.equal(told({ post_crash: { allowed: more } }), 'different, -post_crash x=2 y=0');
  });

  test('that is not complete says what must and what must not be reached', () => {
    const set = (allowed: object[], forbidden: object[]): object => ({
      post_crash: { complete: false, allowed, forbidden },
    });
    assert.equal(told(set([{ x: 0, y: 1 }], [{ x: 2, y: 2 }])), 'equal');
    assert.equal(told(set([{ x: 2, y: 2 }], [])), 'different, -post_crash x=2 y=2');
    assert.equal(told(set([], [{ x: 0, y: 1 }])), 'different, +post_crash x=0 y=1');
  });

  test('may leave names out of a state, which then stands for all that agree', () => {
    const set = (allowed: object[], forbidden: object[]): object => ({
      post_crash: { complete: false, allowed, forbidden },
    });
    assert.equal(told(set([{ y: 1 }], [{ y: 2 }])), 'equal');
    assert.equal(told(set([], [{ y: 1 }])), 'different, +post_crash x=0 y=1, +post_crash x=1 y=1');
    assert.equal(told({ post_crash: { allowed: [{ x: 0 }, { x: 1 }] } }), 'equal');
  });

  test('has states with words about them, or plain', () => {
    const allowed = FOUR.map((state) => ({ state, status: 'derived', why: 'by hand' }));
    assert.equal(told({ post_crash: { allowed } }), 'equal');
    const reads = { allowed: [{ regs: { a: 1 }, why: 'own store' }] };
    assert.equal(told({ reads }), 'equal');
    assert.equal(told({ reads: { allowed: [{ a: 0 }] } }), 'different, -reads a=0, +reads a=1');
  });
});

test('each set is compared with the machine of its mode', () => {
  assert.equal(told({ post_crash_line_ordered: { allowed: THREE } }), 'equal');
  assert.equal(
    told({ post_crash_line_ordered: { allowed: FOUR } }),
    'different, -post_crash_line_ordered x=0 y=1',
  );
  assert.equal(told({ post_crash_eadr: { allowed: THREE } }), 'equal');
  assert.equal(
    told({ post_crash: { allowed: FOUR }, line_ordered_same_as_post_crash: true }),
    'different, -post_crash_line_ordered x=0 y=1',
  );
  assert.equal(told({ post_crash_if_failed_cas_fences: { allowed: FOUR } }), 'equal');
  assert.equal(told({ final_memory_crash_free: { allowed: [{ x: 1, y: 1 }] } }), 'equal');
});

test('a mode asks for its sets only, and for those of runs without a crash', () => {
  const all = {
    post_crash: { allowed: FOUR },
    post_crash_line_ordered: { allowed: THREE },
    post_crash_eadr: { allowed: THREE },
    post_crash_if_failed_cas_fences: { allowed: FOUR },
    reads: { allowed: [{ a: 1 }] },
  };
  const sets = (mode: Mode): string => (compared(all, mode)?.sets ?? []).join(' ');
  const byLocation = 'post_crash post_crash_if_failed_cas_fences reads';
  assert.equal(sets({}), Object.keys(all).join(' '));
  assert.equal(sets({ persistency: 'location' }), byLocation);
  assert.equal(sets({ persistency: 'location', domain: 'adr' }), byLocation);
  assert.equal(sets({ persistency: 'line' }), 'post_crash_line_ordered reads');
  assert.equal(sets({ domain: 'eadr' }), 'post_crash_eadr reads');
  assert.equal(sets({ domain: 'eadr', persistency: 'location' }), 'post_crash_eadr reads');
  assert.equal(
    sets({ domain: 'adr' }),
    'post_crash post_crash_line_ordered post_crash_if_failed_cas_fences reads',
  );
  assert.equal(told({ post_crash: { allowed: FOUR } }, { domain: 'eadr' }), 'skipped');
});

test('a contested test is reported and does not fail', () => {
  const post_crash = { allowed: THREE };
  assert.equal(told({ post_crash, contested: 'see there' }), 'contested, +post_crash x=0 y=1');
  assert.equal(told({ post_crash, contested: false }), 'different, +post_crash x=0 y=1');
});

test('a program that is too large is different, with the reason, and never equal', () => {
  const names = Array.from({ length: 40 }, (_, number) => `x${number}`);
  const values = (value: number): object => Object.fromEntries(names.map((name) => [name, value]));
  const result = compared({
    lines: names.map((name) => [name]),
    init: values(0),
    threads: [names.map((loc) => ({ op: 'store', loc, val: 1 }))],
    post_crash: { complete: false, allowed: [values(1)] },
  });
  assert.equal(result?.verdict, 'different');
  assert.match(result.problem, /^more than 1,000,000 memories after a crash/);
});
