/** Where a call does what a store through a mapping does, on a target of which no more is known. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { minimize } from '../../src/minimize/minimize.js';
import type { Failure, StillFails } from '../../src/minimize/minimize.js';
import type { OpCode } from '../../src/program/op.js';
import { OP } from '../../src/program/op.js';
import type { Program } from '../../src/program/program.js';
import { parseProgram, printOp } from '../../src/program/text.js';
import { checkProgram } from '../../src/program/validate.js';

const failure = (program: Program): Failure => ({ program, schedule: [], started: [], plan: null });

/** Fails where one of the operations comes to page 1 of the file and an fsync after it. */
function failsWith(...codes: readonly OpCode[]): StillFails {
  return (program) => {
    const ops = program.threads.flat();
    const opened = ops[0]?.code === OP.open;
    const mapped = ops.some(({ code }) => code === OP.mmap);
    const lost = ops.findIndex(
      ({ code, length }) => codes.includes(code) && length === 8 && (mapped || code !== OP.store),
    );
    const synced = ops.findIndex(({ code }, index) => code === OP.fsync && index > lost);
    return opened && lost >= 0 && synced >= 0 ? failure(program) : null;
  };
}

const PROGRAM = parseProgram(`file a pages 4 allocated 4
  t0: f0 = open("a")
  t0: m1 = mmap(f0, pages 1..3, MAP_SHARED)
  t0: store(m1, 0x1010, 8)
  t0: store(m1, 0x0, 8)
  t0: fsync(f0)`);

function smallest(stillFails: StillFails): string[] {
  const { program } = minimize(failure(PROGRAM), stillFails, () => null);
  return program.threads.flat().map(printOp);
}

describe('a store that is lost', () => {
  test('becomes a write where that is lost, too, and needs no mapping then', () => {
    const [open, write, sync, ...others] = smallest(failsWith(OP.store, OP.pwrite));
    assert.deepEqual([open, sync, others], ['f0 = open("a")', 'fsync(f0)', []]);
    assert.match(write ?? '', /^pwrite\(f0, 0x[0-9a-f]+, 8\)$/);
  });

  test('stays one where a write would not be', () => {
    const ops = smallest(failsWith(OP.store));
    assert.equal(ops.length, 4);
    assert.match(ops[2] ?? '', /^store\(m0, /);
  });

  test('behind the last page that a file can have stays one', () => {
    const program = parseProgram(`geometry page 4096 pmd 4 file-pages 8 blocks 16
file a pages 8 allocated 8
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 4..8, MAP_SHARED)
  t0: store(m0, 0x5000, 8)
  t0: fsync(f0)`);
    const stillFails: StillFails = (candidate) => {
      checkProgram(candidate);
      const [, , far] = program.threads.flat();
      const kept = candidate.threads.flat().some((op) => op.code === OP.pwrite || op === far);
      return kept ? failure(candidate) : null;
    };
    const { program: result } = minimize(failure(program), stillFails, () => null);
    assert.ok(result.threads.flat().every(({ code }) => code !== OP.pwrite));
  });
});
