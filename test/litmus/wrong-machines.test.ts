import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { byText } from '../../src/support/order.js';
import { parse, print } from './notation.js';
import type { Rule } from './rules.js';
import { RULES, statesOf } from './rules.js';
import { exploreAll } from './view-machine.js';
import type { WrongMachine } from './wrong-machines.js';
import { WRONG_MACHINES } from './wrong-machines.js';

/** What a machine says of the sets that a rule gives: mode -> states in order. */
type Answers = Readonly<Record<string, readonly string[]>>;

const inOrder = (states: ReadonlySet<string>): string[] => [...states].sort(byText);

function expected(rule: Rule): Answers {
  const { location, failedCasFences, line, eadr, registers } = rule;
  return Object.fromEntries(
    Object.entries({ location, failedCasFences, line, eadr, registers }).flatMap(([mode, text]) =>
      text === undefined ? [] : [[mode, inOrder(statesOf(text))]],
    ),
  );
}

function answers(rule: Rule, wrong?: WrongMachine): Answers {
  const program = parse(rule.program);
  const options = wrong === undefined ? {} : { wrong };
  const all = exploreAll(program, { failedCasFences: false, ...options });
  const fenced = exploreAll(program, { failedCasFences: true, ...options });
  const modes: Record<string, ReadonlySet<string>> = { ...all, failedCasFences: fenced.location };
  return Object.fromEntries(
    Object.keys(expected(rule)).map((mode) => [mode, inOrder(modes[mode] ?? new Set())]),
  );
}

/** The first mode in which a wrong machine answers otherwise; undefined if it is not caught. */
function caughtIn(rule: Rule, wrong: WrongMachine): string | undefined {
  const given = answers(rule, wrong);
  return Object.entries(expected(rule)).find(
    ([mode, states]) => given[mode]?.join() !== states.join(),
  )?.[0];
}

describe('the view machine', () => {
  for (const rule of RULES) {
    test(`agrees: ${rule.name}`, () => {
      assert.deepEqual(answers(rule), expected(rule));
    });
  }
});

describe('a wrong machine', () => {
  const names = Object.keys(WRONG_MACHINES) as WrongMachine[];

  test('is caught by each litmus test that is said to catch it', () => {
    for (const rule of RULES) {
      for (const wrong of rule.catches) {
        assert.notEqual(caughtIn(rule, wrong), undefined, `${rule.name} misses ${wrong}`);
      }
    }
  });

  test('is caught by a test, whichever it is', (context) => {
    const uncaught = [];
    const width = Math.max(...names.map((name) => name.length));
    for (const wrong of names) {
      const rule = RULES.find(({ catches }) => catches.includes(wrong));
      if (rule === undefined) uncaught.push(wrong);
      else context.diagnostic(`${wrong.padEnd(width)} -> ${rule.name} (${caughtIn(rule, wrong)})`);
    }
    assert.deepEqual(uncaught, []);
  });

  test('is wrong in one respect: it passes half of the tests', () => {
    for (const wrong of names) {
      const passed = RULES.filter((rule) => caughtIn(rule, wrong) === undefined).length;
      assert.ok(2 * passed >= RULES.length, `${wrong} passes only ${passed}`);
    }
  });
});

test('a program is the same after printing and parsing', () => {
  const texts = [
    ...RULES.map((rule) => rule.program),
    'lines x | y z\ninit y=3\nt0: wide y=1,z=r; if r!=2 { v=cas x r 7; if v==0 { nt z=v } }; mfence',
  ];
  for (const text of texts) {
    const program = parse(text);
    assert.deepEqual(parse(print(program)), program);
  }
});
