import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { drawnFlagsBound, KERNEL_DIALECT, MODEL_DIALECT } from '../../src/program/dialect.js';
import { isThawedNext } from '../../src/program/freeze.js';
import { DEFAULT_GENERATE, ProgramGenerator } from '../../src/program/generate.js';
import { mutate } from '../../src/program/mutate.js';
import { OP, OP_TABLE } from '../../src/program/op.js';
import type { Program } from '../../src/program/program.js';
import { opCount } from '../../src/program/program.js';
import { printProgram } from '../../src/program/text.js';
import { checkProgram } from '../../src/program/validate.js';
import { Prng } from '../../src/support/prng.js';
import { ascending } from '../../src/support/order.js';
import { ByteChoice } from '../helpers/byte-choice.js';
import { pick } from '../../src/support/choice.js';

function drawn(seed: bigint, count: number): Program[] {
  const generator = new ProgramGenerator();
  const choice = Prng.fromSeed(seed);
  return Array.from({ length: count }, () => generator.generate(choice));
}

describe('generated programs', () => {
  const programs = drawn(21n, 5000);

  test('are legal and within the bounds asked for', () => {
    for (const program of programs) {
      checkProgram(program);
      assert.ok(opCount(program) <= DEFAULT_GENERATE.opsMax + 1, printProgram(program));
      assert.ok(program.threads.length <= DEFAULT_GENERATE.threadsMax);
    }
  });

  test('are the same for the same seed', () => {
    assert.deepEqual(drawn(21n, 200), programs.slice(0, 200));
    assert.notDeepEqual(drawn(22n, 200), programs.slice(0, 200));
  });

  test('use every operation of the model, every flag, and one to three threads', () => {
    const codes = new Set<number>();
    const flags = new Set<string>();
    const threads = new Set<number>();
    for (const program of programs) {
      threads.add(program.threads.length);
      for (const op of program.threads.flat()) {
        codes.add(op.code);
        flags.add(`${op.code} ${op.flags}`);
      }
    }
    assert.deepEqual(codes, new Set([...MODEL_DIALECT.operations, OP.poison]));
    assert.deepEqual([...threads].sort(ascending), [1, 2, 3]);
    for (const mapping of [0, 1, 2, 4, 8])
      assert.ok(flags.has(`${OP.mmap} ${mapping}`), `${mapping}`);
  });

  test('leave out different kinds of operations in different programs', () => {
    const kinds = programs.map((program) => new Set(program.threads.flat().map((op) => op.code)));
    for (const code of [OP.pwrite, OP.ftruncate, OP.pin, OP.sync]) {
      const having = kinds.filter((set) => set.has(code)).length;
      assert.ok(having > programs.length / 50 && having < programs.length, OP_TABLE[code]?.name);
    }
  });

  test('aim most stores at one or two pages, so that operations meet', () => {
    let together = 0;
    let several = 0;
    for (const program of programs) {
      const pages = program.threads
        .flat()
        .filter((op) => op.code === OP.store)
        .map((op) => op.offset >> 12);
      if (pages.length < 3) continue;
      several++;
      if (new Set(pages).size <= 2) together++;
    }
    assert.ok(together > several / 2, `${together} of ${several}`);
  });

  test('come out of bytes, too, and out of none at all', () => {
    const generator = new ProgramGenerator();
    checkProgram(generator.generate(new ByteChoice(new Uint8Array(0))));
    checkProgram(generator.generate(new ByteChoice(Uint8Array.from({ length: 300 }, (_, n) => n))));
  });
});

describe('programs for a real kernel', () => {
  const generator = new ProgramGenerator({ ...DEFAULT_GENERATE, dialect: KERNEL_DIALECT });
  const choice = Prng.fromSeed(27n);
  const programs = Array.from({ length: 5000 }, () => generator.generate(choice));

  test('use its operations, with all their modes and flags, and no pins', () => {
    const codes = new Set(
      programs.flatMap(({ threads }) => threads.flat().map(({ code }) => code)),
    );
    assert.deepEqual([...codes].sort(ascending), [...KERNEL_DIALECT.operations].sort(ascending));
    for (const code of [OP.fallocate, OP.pwrite, OP.pread]) {
      const ops = programs.flatMap(({ threads }) => threads.flat());
      const flags = new Set(ops.filter((op) => op.code === code).map((op) => op.flags));
      const { geometry } = DEFAULT_GENERATE;
      assert.equal(
        flags.size,
        drawnFlagsBound(KERNEL_DIALECT, code, geometry),
        OP_TABLE[code]?.name,
      );
    }
  });

  test('thaw what they freeze before they do anything else, also when mutated', () => {
    let freezes = 0;
    for (let i = 0; i < 5000; i++) {
      const program = programs[i] as Program;
      const mutant = mutate(choice, generator, program, pick(choice, programs), 16);
      for (const each of [program, mutant]) {
        checkProgram(each);
        for (const ops of each.threads) {
          ops.forEach((op, index) => {
            if (op.code !== OP.freeze) return;
            freezes++;
            assert.ok(isThawedNext(ops, index), printProgram(each));
          });
        }
      }
    }
    assert.ok(freezes > 100, `${freezes}`);
  });
});

describe('mutated programs', () => {
  test('are legal, differ from where they came from by little, and stay within the bound', () => {
    const generator = new ProgramGenerator();
    const choice = Prng.fromSeed(23n);
    const programs = drawn(24n, 100);
    let same = 0;
    for (let i = 0; i < 10_000; i++) {
      const program = programs[choice.below(programs.length)] as Program;
      const other = programs[choice.below(programs.length)] as Program;
      const mutant = mutate(choice, generator, program, other, 16);
      checkProgram(mutant);
      assert.ok(opCount(mutant) <= Math.max(16, opCount(program)), printProgram(mutant));
      if (printProgram(mutant) === printProgram(program)) same++;
    }
    assert.ok(same < 4000, `${same} of 10,000 mutants are what they came from`);
  });

  test('are the same for the same choices', () => {
    const [program, other] = drawn(25n, 2) as [Program, Program];
    const once = (): Program =>
      mutate(Prng.fromSeed(26n), new ProgramGenerator(), program, other, 16);
    assert.deepEqual(once(), once());
  });
});
