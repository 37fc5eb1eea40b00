/** P8: what a program has flushed by itself through a MAP_SYNC mapping, and what it only thinks it has. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ModelTarget } from '../../src/kernel/model-target.js';
import { MAINLINE_KNOBS, withKnobs } from '../../src/kernel/variant.js';
import { parseProgram } from '../../src/program/text.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { Prng } from '../../src/support/prng.js';
import { lineOf, runProgram, runText } from '../helpers/lines.js';

const HOLE = 'file a pages 1 allocated 0\n t0: f0 = open("a")\n';
const SYNC = `${HOLE} t0: m0 = mmap(f0, pages 0..1, MAP_SHARED|UNALIGNED|MAP_SYNC)\n`;
const STORE = 't0: store(m0, 0x0, 8)\n';
const FLUSH = 't0: user_flush(m0, 0x0, 8)\n';

/** A kernel whose synchronous faults write data back and forget the block map. */
const FORGETFUL = new ModelTarget(withKnobs(MAINLINE_KNOBS, ['fdatasyncSkipsCommit']));

function forgetful(text: string): readonly string[] {
  const scheduler = new RandomScheduler(Prng.fromSeed(1n));
  const line = { ...lineOf({ settings: { invariants: false } }), target: FORGETFUL };
  return runProgram(line, parseProgram(text), scheduler).signatures;
}

describe('a store that the program has flushed by itself', () => {
  const NOT_COMMITTED = ['P8 map-sync-not-committed'];

  test('is where the file shows it, if its mapping has MAP_SYNC', () => {
    assert.deepEqual(forgetful(`${SYNC}${STORE}${FLUSH}`), NOT_COMMITTED);
    assert.deepEqual(runText(`${SYNC}${STORE}${FLUSH}`).signatures, []);
  });

  test('may have been flushed through any mapping of its page', () => {
    const other = 't0: m1 = mmap(f0, pages 0..1, MAP_SHARED|UNALIGNED)\n';
    const flush = 't0: user_flush(m1, 0x0, 8)\n';
    assert.deepEqual(forgetful(`${SYNC}${other}${STORE}${flush}`), NOT_COMMITTED);
  });

  test('is promised nothing through a mapping without MAP_SYNC', () => {
    const plain = `${HOLE} t0: m0 = mmap(f0, pages 0..1, MAP_SHARED|UNALIGNED)\n`;
    assert.deepEqual(forgetful(`${plain}${STORE}${FLUSH}`), []);
  });

  test('is promised nothing through a slot that is also mapped without MAP_SYNC', () => {
    const again = 't0: munmap(m0, pages 0..1)\n t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)\n';
    assert.deepEqual(forgetful(`${SYNC}${STORE}${FLUSH}${again}`), []);
  });

  test('is promised nothing before it is flushed, nor for lines that are not', () => {
    assert.deepEqual(forgetful(`${SYNC}${STORE}`), []);
    assert.deepEqual(forgetful(`${SYNC}${STORE} t0: user_flush(m0, 0x40, 8)\n`), []);
  });

  test('is promised nothing any more once its page has lost the block', () => {
    const punch = 't0: fallocate(f0, PUNCH_HOLE, 0x0, 4096)\n t0: pwrite(f0, 0x40, 8)\n';
    assert.deepEqual(forgetful(`${SYNC}${STORE}${punch}${FLUSH}`), []);
  });

  test('is promised nothing beyond what was once the end of the file', () => {
    // The page stays mapped and writable while write(2) grows the file inside of it.
    const grown = `${SYNC} t0: ftruncate(f0, 0x20)\n t0: store(m0, 0x0, 8)\n t0: fsync(f0)
      t0: pwrite(f0, 0x20, 32)\n t0: store(m0, 0x28, 8)\n t0: user_flush(m0, 0x28, 8)`;
    assert.deepEqual(runText(grown).signatures, []);
  });

  test('holds beside truncate, punch and write, whoever is faster', () => {
    const line = lineOf();
    const scheduler = new RandomScheduler(Prng.fromSeed(5n));
    const others = [
      't1: fallocate(f0, PUNCH_HOLE, 0x0, 4096)',
      't1: ftruncate(f0, 0x0)\n t1: ftruncate(f0, 0x1000)',
      't1: pwrite(f0, 0x4, 8)',
      't1: store(m0, 0x4, 8)\n t1: munmap(m0, pages 0..1)',
    ];
    for (const other of others) {
      const program = parseProgram(`${SYNC} t0: spawn\n ${STORE}${FLUSH}${STORE}${FLUSH}${other}`);
      for (let i = 0; i < 500; i++) {
        assert.deepEqual(runProgram(line, program, scheduler).signatures, [], other);
      }
    }
  });
});
