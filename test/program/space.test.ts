/** All programs within a bound: each once, and each fit to run. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Op } from '../../src/program/op.js';
import type { Program } from '../../src/program/program.js';
import { ProgramSpace } from '../../src/program/space.js';
import { parseProgram, printProgram } from '../../src/program/text.js';
import type { Theme } from '../../src/program/themes.js';
import { themesFor } from '../../src/program/themes.js';
import { byText } from '../../src/support/order.js';

const BOUNDS = { ops: 3, threads: 2 };

/** The threads but the first, as text, in an order that does not depend on theirs. */
function contents({ threads, ...setup }: Program): string {
  const [first = [], ...others] = threads;
  const texts = others.map((ops) => printProgram({ ...setup, threads: [first, ops] }));
  return texts.sort(byText).join('\n');
}

function sequences(alphabet: readonly Op[], most: number): Op[][] {
  let longest: Op[][] = [[]];
  const all = [...longest];
  for (let length = 1; length <= most; length++) {
    longest = longest.flatMap((ops) => alphabet.map((op) => [...ops, op]));
    all.push(...longest);
  }
  return all;
}

/** Two threads of every length by two nested loops, and what is the same but for their order once. */
function byLoops({ alphabet, setup }: Theme, ops: number): Set<string> {
  const found = new Set<string>();
  const all = sequences(alphabet, ops);
  for (const one of all) {
    for (const other of all) {
      const total = one.length + other.length;
      if (total === 0 || total > ops) continue;
      const threads = [one, other].filter((thread) => thread.length > 0);
      found.add(contents({ ...setup, threads: [...setup.threads, ...threads] }));
    }
  }
  return found;
}

describe('the space of small programs', () => {
  for (const theme of themesFor(true)) {
    test(`has each program of "${theme.name}" once`, () => {
      const space = new ProgramSpace([theme], BOUNDS);
      const found = new Set<string>();
      for (let number = 0; number < space.count; number++) {
        const program = space.programAt(number);
        const again = parseProgram(printProgram(program)); // refuses what cannot run
        assert.deepEqual(again, program);
        found.add(contents(program));
      }
      assert.equal(found.size, space.count);
      assert.deepEqual(found, byLoops(theme, BOUNDS.ops));
    });
  }

  test('numbers the programs of all themes one after the other', () => {
    const themes = themesFor(true);
    const space = new ProgramSpace(themes, { ops: 2, threads: 3 });
    let next = 0;
    themes.forEach((theme, index) => {
      const last = next + space.countOf(theme) - 1;
      assert.deepEqual([space.themeOf(next), space.themeOf(last)], [index, index]);
      next = last + 1;
    });
    assert.equal(next, space.count);
    assert.throws(() => space.programAt(space.count), /no program/);
  });

  test('has what needs shared blocks only where blocks can be shared', () => {
    const names = (shares: boolean): string[] => themesFor(shares).map(({ name }) => name);
    assert.ok(names(true).includes('shared blocks'));
    assert.ok(!names(false).includes('shared blocks'));
  });
});
