import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { compareTest } from '../../src/litmus/compare.js';
import type { MachineOutcomes } from '../../src/litmus/machine.js';
import { readTests, SET_NAMES } from '../../src/litmus/parse.js';
import type { LitmusOp, LitmusProgram, MachineOptions } from '../../src/litmus/program.js';
import { byText } from '../../src/support/order.js';
import { Prng } from '../../src/support/prng.js';
import { ROOT } from '../helpers/temporary.js';
import { fuzzerOutcomes } from './fuzzer-machine.js';
import { parse, print } from './notation.js';
import { randomProgram } from './random-programs.js';
import { RULES, statesOf } from './rules.js';
import { viewMachine } from './view-machine.js';

const PUBLISHED = path.join(ROOT, 'test/litmus/sets.json');

const LOCATION = { persistency: 'location', domain: 'adr', failedCasFences: false } as const;
const LINE = { ...LOCATION, persistency: 'line' } as const;
const EADR = { ...LINE, domain: 'eadr' } as const;
const FENCING = { ...LOCATION, failedCasFences: true } as const;
const MODES = [LOCATION, LINE, EADR, FENCING, { ...EADR, persistency: 'location' }] as const;

const overtaking = (program: LitmusProgram, options: MachineOptions): MachineOutcomes =>
  fuzzerOutcomes(program, { ...options, loads: 'overtaking' });
const inOrder = (program: LitmusProgram, options: MachineOptions): MachineOutcomes =>
  fuzzerOutcomes(program, { ...options, loads: 'in order' });

const sorted = (states: Iterable<string>): string[] => [...states].sort(byText);
const without = (states: ReadonlySet<string>, others: ReadonlySet<string>): string[] =>
  sorted([...states].filter((state) => !others.has(state)));

/** Is there a load that hardware may run before an older write-back, sfence or non-temporal store? */
function loadsMayOvertake(ops: readonly LitmusOp[]): boolean {
  let waits = false;
  for (const op of flattened(ops)) {
    if (['clflush', 'clflushopt', 'clwb', 'sfence', 'ntstore'].includes(op.op)) waits = true;
    else if (['mfence', 'faa', 'xchg'].includes(op.op)) waits = false;
    else if (waits && (op.op === 'load' || op.op === 'cas')) return true;
  }
  return false;
}

/** An mfence in a branch may not be reached: only what comes before it counts. */
function flattened(ops: readonly LitmusOp[]): LitmusOp[] {
  return ops.flatMap((op) =>
    op.op === 'if' ? flattened(op.then).filter((inner) => !isFence(inner)) : [op],
  );
}

const isFence = ({ op }: LitmusOp): boolean => ['mfence', 'faa', 'xchg'].includes(op);

/** Programs of all instructions, small enough for the fuzzer's machine, which plays each run anew. */
function* programs(seed: bigint, count: number): Generator<LitmusProgram> {
  const choice = Prng.fromSeed(seed);
  for (let found = 0; found < count;) {
    const program = randomProgram(choice, { nonTemporal: false });
    const flat = program.threads.flat().flatMap((op) => (op.op === 'if' ? op.then : [op]));
    const steps = flat.reduce((sum, op) => sum + (op.op === 'store_wide' ? op.parts.length : 1), 0);
    if (steps > 7) continue;
    found++;
    yield program;
  }
}

describe("the fuzzer's machine", () => {
  for (const litmus of readTests(PUBLISHED)) {
    test(`has the published sets of ${litmus.name}`, () => {
      assert.deepEqual(litmus.ignored, []);
      for (const run of [overtaking, inOrder]) {
        const result = compareTest(litmus, {}, run);
        assert.deepEqual(
          [...(result?.sets ?? [])],
          litmus.sets.map(({ name }) => name),
        );
        assert.deepEqual([result?.missing, result?.unexpected, result?.problem], [[], [], '']);
      }
    });
  }

  test('is compared with sets of every kind', () => {
    const names = readTests(PUBLISHED).flatMap(({ sets }) => sets.map(({ name }) => name));
    assert.deepEqual(sorted(new Set(names)), sorted(SET_NAMES));
  });

  for (const rule of RULES) {
    test(`agrees: ${rule.name}`, () => {
      const program = parse(rule.program);
      const check = (states: ReadonlySet<string>, text: string | undefined, mode: string): void => {
        if (text !== undefined) assert.deepEqual(sorted(states), sorted(statesOf(text)), mode);
      };
      check(overtaking(program, LOCATION).postCrash, rule.location, 'location');
      check(overtaking(program, FENCING).postCrash, rule.failedCasFences, 'failed CAS fences');
      check(overtaking(program, LINE).postCrash, rule.line, 'line');
      check(overtaking(program, EADR).postCrash, rule.eadr, 'eadr');
      check(overtaking(program, EADR).registers, rule.registers, 'registers');
    });
  }

  test('leaves on random programs what the rules allow, all of it and nothing else', () => {
    for (const program of programs(1n, 40)) {
      for (const options of MODES) {
        const expected = viewMachine(program, options);
        const found = overtaking(program, options);
        const where = `${print(program)}\n${JSON.stringify(options)}`;
        assert.deepEqual(sorted(found.postCrash), sorted(expected.postCrash), where);
        assert.deepEqual(sorted(found.registers), sorted(expected.registers), where);
      }
    }
  });
});

describe("the fuzzer's machine, as the kernel model calls it,", () => {
  test('loses nothing on random programs whose loads have nothing but stores to overtake', () => {
    let equal = 0;
    for (const program of programs(2n, 80)) {
      const lossless = !program.threads.some(loadsMayOvertake);
      equal += Number(lossless);
      for (const options of MODES) {
        const expected = viewMachine(program, options);
        const found = inOrder(program, options);
        const where = `${print(program)}\n${JSON.stringify(options)}`;
        assert.deepEqual(without(found.postCrash, expected.postCrash), [], where);
        assert.deepEqual(without(found.registers, expected.registers), [], where);
        if (!lossless) continue;
        assert.deepEqual(without(expected.postCrash, found.postCrash), [], where);
        assert.deepEqual(without(expected.registers, found.registers), [], where);
      }
    }
    assert.ok(equal >= 10 && equal <= 70, `${equal} of 80 lose nothing: not ten of each kind`);
  });

  /** What a thread does between its store and its load, and the crash states that are lost then. */
  const LOST = [
    { store: 'x=1', then: '', lost: [] },
    { store: 'x=1', then: 'mfence;', lost: [] },
    { store: 'x=1', then: 'clflush x;', lost: ['w=1 x=1 y=1 z=1'] },
    { store: 'x=1', then: 'clwb x; sfence;', lost: ['w=1 x=1 y=1 z=1'] },
    { store: 'x=1', then: 'clwb x;', lost: sorted(statesOf('w x y z: 1001 1011 1101 1111')) },
    { store: 'x=1', then: 'sfence;', lost: sorted(statesOf('w x y z: 1001 1011 1101 1111')) },
    { store: 'nt x=1', then: '', lost: sorted(statesOf('w x y z: 1001 1011 1101 1111')) },
  ];
  for (const { store, then, lost } of LOST) {
    const name = `${store}; ${then} a=y`;
    test(`loses ${lost.length} states that a program decides by the load of "${name}"`, () => {
      const first = `${store}; ${then} a=y; if a==0 { z=1 }`;
      const second = first.replace(/\b[xyza]\b/g, (old) => 'yxwb'['xyza'.indexOf(old)] ?? old);
      const program = parse(`lines x | y | z | w\nt0: ${first}\nt1: ${second}`);
      const expected = viewMachine(program, LOCATION);
      const found = inOrder(program, LOCATION);
      assert.deepEqual(without(expected.postCrash, found.postCrash), lost);
      assert.deepEqual(without(found.postCrash, expected.postCrash), []);
      assert.deepEqual(
        without(expected.registers, found.registers),
        lost.length > 0 ? ['a=0 b=0'] : [],
      );
    });
  }
});
