/**
 * The rules of Px86, each by a small program and the whole set that it leaves: a wrong machine is as often
 * told by a state that it lacks as by one that it invents. Sets were derived by hand from the rules.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runMachine } from '../../src/litmus/machine.js';
import type { MachineOptions } from '../../src/litmus/program.js';
import { UsageError } from '../../src/support/assert.js';
import { litmusProgram, litmusSets } from './program-sets.js';

interface Rule {
  readonly rule: string;
  readonly lines: string;
  readonly program: string;
  /** After a crash, where only stores to one location persist in order. */
  readonly crash: string;
  /** Where stores to one line do; the same if not given. */
  readonly byLine?: string;
  readonly eadr?: string;
  readonly registers?: string;
}

const ALL_3 = '000 001 010 011 100 101 110 111';

const RULES: readonly Rule[] = [
  // --- persist order ------------------------------------------------------------------------------
  {
    rule: 'stores to different lines persist in any order, and with eADR in program order',
    lines: 'x | y',
    program: 'x=1; y=1',
    crash: '00 01 10 11',
    eadr: '00 10 11',
  },
  {
    rule: 'stores to one location persist in order, and any of them may be the last',
    lines: 'x',
    program: 'x=1; x=2; x=3',
    crash: '0 1 2 3',
  },
  {
    rule: 'stores to one line persist in order only where lines are written back whole',
    lines: 'x y',
    program: 'x=1; y=1',
    crash: '00 01 10 11',
    byLine: '00 10 11',
    eadr: '00 10 11',
  },
  {
    rule: 'the order in a line is that of all threads together',
    lines: 'x y z',
    program: 'x=1; a=y; if a==1 { z=1 } || y=1',
    crash: ALL_3,
    byLine: '000 010 100 110 111',
    eadr: '000 010 100 110 111',
  },
  {
    rule: 'a store that is visible to another thread need not be persistent',
    lines: 'x | y',
    program: 'x=1 || a=x; if a==1 { y=1; clflush y }',
    crash: '00 01 10 11',
    eadr: '00 10 11',
  },
  {
    rule: 'a wide store is torn in any way, also within a line and with eADR',
    lines: 'x y',
    program: 'wide x=1,y=1',
    crash: '00 01 10 11',
    eadr: '00 01 10 11',
  },
  {
    rule: 'what follows a wide store follows all of it',
    lines: 'x y | z',
    program: 'wide x=1,y=1; clflush x; z=1',
    crash: '000 010 100 110 111',
    eadr: '000 010 100 110 111',
  },

  // --- flushes ------------------------------------------------------------------------------------
  {
    rule: 'clflush persists the line before everything that follows it',
    lines: 'x | y',
    program: 'x=1; clflush x; y=1',
    crash: '00 10 11',
  },
  {
    rule: 'a flush covers all of its line and nothing else',
    lines: 'x y | z | w',
    program: 'x=1; y=1; z=1; clflush x; w=1',
    // Names in order: w x y z.
    crash: '0000 0001 0010 0011 0100 0101 0110 0111 1110 1111',
    byLine: '0000 0001 0100 0101 0110 0111 1110 1111',
    eadr: '0000 0100 0110 0111 1111',
  },
  {
    rule: 'a flush does not cover what follows it',
    lines: 'x | y',
    program: 'x=1; clflush x; x=2; y=1',
    crash: '00 10 11 20 21',
    eadr: '00 10 20 21',
  },
  {
    rule: 'a flush covers stores of other threads that came before it',
    lines: 'x | y',
    program: 'x=1 || a=x; if a==1 { clflush x; y=1 }',
    crash: '00 10 11',
  },
  {
    rule: 'clflush is ordered after older stores to other lines',
    lines: 'x | y | z | w',
    program: 'x=1; clflush y; z=1 || y=1; clflush x; w=1',
    // All but w = z = 1 without x and y.
    crash: '0000 0001 0010 0011 0100 0101 0110 0111 1000 1010 1011 1100 1101 1110 1111',
    eadr: '0000 0010 0100 0101 0110 0111 1010 1110 1111',
  },
  {
    rule: 'clwb is not: it may go before older stores to other lines',
    lines: 'x | y | z | w',
    program: 'x=1; clwb y; sfence; z=1 || y=1; clwb x; sfence; w=1',
    crash: '0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1010 1011 1100 1101 1110 1111',
    eadr: '0000 0010 0100 0101 0110 0111 1010 1110 1111',
  },
  {
    rule: 'clwb goes after older stores to its own line, fenced it is as good as clflush',
    lines: 'x | y',
    program: 'x=1; clwb x; sfence; y=1',
    crash: '00 10 11',
  },
  {
    rule: 'clflushopt without a fence may come late',
    lines: 'x | y',
    program: 'x=1; clflushopt x; y=1',
    crash: '00 01 10 11',
    eadr: '00 10 11',
  },
  {
    rule: 'only what follows the fence follows clwb',
    lines: 'x | y | z',
    program: 'x=1; clwb x; y=1; sfence; z=1',
    crash: '000 010 100 101 110 111',
    eadr: '000 100 110 111',
  },
  {
    rule: 'clflush does not complete clwb of another line',
    lines: 'x | y | z',
    program: 'x=1; clwb x; y=1; clflush y; z=1',
    crash: '000 010 011 100 110 111',
    eadr: '000 100 110 111',
  },
  {
    rule: 'a flush at the end, even fenced, promises nothing',
    lines: 'x',
    program: 'x=1; clwb x; sfence',
    crash: '0 1',
  },

  // --- fences and locked instructions -------------------------------------------------------------
  {
    rule: 'sfence alone orders no persists',
    lines: 'x | y',
    program: 'x=1; sfence; y=1',
    crash: '00 01 10 11',
    eadr: '00 10 11',
  },
  {
    rule: 'mfence completes clwb',
    lines: 'x | y',
    program: 'x=1; clwb x; mfence; y=1',
    crash: '00 10 11',
  },
  {
    rule: 'a locked instruction completes clwb, and its own store is after it',
    lines: 'x | y',
    program: 'x=1; clwb x; a=faa y 1',
    crash: '00 10 11',
    registers: '0',
  },
  {
    rule: 'a locked instruction does not flush its own line',
    lines: 'x | y',
    program: 'a=xchg x 1; y=1',
    crash: '00 01 10 11',
    eadr: '00 10 11',
    registers: '0',
  },
  {
    rule: 'a fence does not complete clwb of another thread',
    lines: 'x | l | y',
    program: 'x=1; clwb x; l=1 || a=l; if a==1 { mfence; y=1 }',
    crash: ALL_3,
    // Names in order: l x y.
    eadr: '000 010 110 111',
  },
  {
    rule: 'compare-and-swap stores only if equal, and gives the old value',
    lines: 'x | y',
    program: 'x=5; mfence; a=cas x 5 6; b=cas x 5 7; y=b',
    crash: '00 06 50 56 60 66',
    eadr: '00 50 60 66',
    registers: '56',
  },

  // --- loads --------------------------------------------------------------------------------------
  {
    rule: 'loads pass older stores to other locations',
    lines: 'x | y',
    program: 'x=1; a=y || y=1; b=x',
    crash: '00 01 10 11',
    registers: '00 01 10 11',
  },
  {
    rule: 'loads do not pass sfence or clflush any less',
    lines: 'x | y',
    program: 'x=1; clflush x; sfence; a=y || y=1; clflush y; sfence; b=x',
    crash: '00 01 10 11',
    registers: '00 01 10 11',
  },
  {
    rule: 'loads do not pass mfence',
    lines: 'x | y',
    program: 'x=1; mfence; a=y || y=1; mfence; b=x',
    crash: '00 01 10 11',
    registers: '01 10 11',
  },
  {
    rule: 'loads do not pass locked instructions',
    lines: 'x | y',
    program: 'p=xchg x 1; a=y || q=xchg y 1; b=x',
    crash: '00 01 10 11',
    registers: '0100 1000 1100',
  },
  {
    rule: 'a thread sees its own stores first, and the others see them in order',
    lines: 'x | y',
    program: 'x=1; a=x; b=y || y=1; c=y; d=x',
    crash: '00 01 10 11',
    registers: '1010 1011 1110 1111',
  },
  {
    rule: 'stores of one thread are seen in order, loads happen in order',
    lines: 'x | y',
    program: 'x=1; y=1 || a=y; b=x',
    crash: '00 01 10 11',
    eadr: '00 10 11',
    registers: '00 01 11',
  },
  {
    rule: 'two threads see the stores of two others in one order',
    lines: 'x | y',
    program: 'x=1 || y=1 || a=x; b=y || c=y; d=x',
    crash: '00 01 10 11',
    // All but 1010.
    registers: '0000 0001 0010 0011 0100 0101 0110 0111 1000 1001 1011 1100 1101 1110 1111',
  },

  // --- non-temporal stores ------------------------------------------------------------------------
  {
    rule: 'a non-temporal store may be late',
    lines: 'x | y',
    program: 'nt x=1; y=1 || a=y; b=x',
    crash: '00 01 10 11',
    eadr: '00 01 10 11',
    registers: '00 01 10 11',
  },
  {
    rule: 'a non-temporal store is persistent once fenced, without a flush',
    lines: 'x | y',
    program: 'nt x=1; sfence; y=1',
    crash: '00 10 11',
  },
  {
    rule: 'so it is after mfence and after a locked instruction',
    lines: 'x | y | z',
    program: 'nt x=1; mfence; nt y=1; a=faa z 1',
    crash: '000 100 110 111',
    registers: '0',
  },
  {
    rule: 'non-temporal and plain stores to one location are in order, and own loads see them',
    lines: 'x | y',
    program: 'nt x=1; a=x; x=2; nt x=3; b=x; sfence; y=1',
    crash: '00 10 20 30 31',
    eadr: '00 10 20 30 31',
    registers: '13',
  },
  {
    rule: 'a plain store does not pass a non-temporal one to its location',
    lines: 'x | y',
    program: 'nt x=1; x=2; clwb x; sfence; y=1',
    crash: '00 10 20 21',
  },
  {
    rule: 'a flush of the line of a non-temporal store is after it',
    lines: 'x | y',
    program: 'nt x=1; clflush x; y=1',
    crash: '00 10 11',
  },
];

const LINE = { persistency: 'line' } as const;
const EADR = { domain: 'eadr' } as const;

describe('the litmus machine:', () => {
  for (const { rule, lines, program, crash, byLine, eadr, registers } of RULES) {
    test(rule, () => {
      const found = litmusSets(lines, program);
      assert.equal(found.crash, crash);
      assert.equal(litmusSets(lines, program, LINE).crash, byLine ?? crash, 'by line');
      assert.equal(litmusSets(lines, program, EADR).crash, eadr ?? crash, 'eADR');
      if (registers !== undefined) assert.equal(found.registers, registers);
    });
  }
});

describe('a compare-and-swap that fails', () => {
  const program = 'x=1; clwb x; a=cas z 5 6; y=1';
  const options = (failedCasFences: boolean): Partial<MachineOptions> => ({ failedCasFences });

  test('is a fence or a load, as one likes', () => {
    // Names in order: x y z.
    assert.equal(litmusSets('x | y | z', program, options(true)).crash, '000 100 110');
    assert.equal(litmusSets('x | y | z', program, options(false)).crash, '000 010 100 110');
  });

  test('as a load sees the own store, and passes older ones to other locations', () => {
    const both = 'x=1; a=cas y 7 8 || y=1; b=cas x 7 8';
    assert.equal(litmusSets('x | y', both, options(false)).registers, '00 01 10 11');
    assert.equal(litmusSets('x | y', both, options(true)).registers, '01 10 11');
    assert.equal(litmusSets('x', 'x=1; a=cas x 0 2', options(false)).registers, '1');
  });
});

test('registers are of threads, and conditions read them', () => {
  const program = litmusProgram('x', 'r=x; if r!=0 { x=2 } || x=1; r=x');
  const options = { persistency: 'line', domain: 'adr', failedCasFences: false } as const;
  const { registers, finalMemory } = runMachine(program, options);
  assert.deepEqual(registers, new Set(['0:r=0 1:r=1', '0:r=1 1:r=1', '0:r=1 1:r=2']));
  assert.deepEqual(finalMemory, new Set(['x=1', 'x=2']));
});

test('a program with too many states is refused, not half explored', () => {
  const program = litmusProgram('x | y', 'x=1; y=1 || x=2; y=2');
  const options = { persistency: 'line', domain: 'adr', failedCasFences: false } as const;
  const states = 10;
  assert.throws(
    () => runMachine(program, options, states),
    (error) => {
      return (
        error instanceof UsageError && /^more than 10 states; make .* smaller$/.test(error.message)
      );
    },
  );
  assert.equal(runMachine(program, options).postCrash.size, 9);
});

test('so is one with too many memories after a crash, without counting them all', () => {
  const names = Array.from({ length: 40 }, (_, number) => `x${number}`);
  const program = litmusProgram(names.join(' | '), names.map((name) => `${name}=1`).join('; '));
  const options = { persistency: 'line', domain: 'adr', failedCasFences: false } as const;
  assert.throws(() => runMachine(program, options), /more than 1,000,000 memories after a crash/);
});

test('sums beyond what doubles hold are refused, not rounded', () => {
  const program = litmusProgram('x', `x=${Number.MAX_SAFE_INTEGER}; mfence; a=faa x 1`);
  const options = { persistency: 'line', domain: 'adr', failedCasFences: false } as const;
  assert.throws(() => runMachine(program, options), UsageError);
});
