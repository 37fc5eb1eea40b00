import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  FINDINGS_MAX,
  knownFailure,
  KnownFailures,
  UNMINIMIZED_MAX,
} from '../../src/campaign/known.js';
import type { Program } from '../../src/program/program.js';
import { parseProgram } from '../../src/program/text.js';

const SIGNATURE = 'P3 store-lost';

function program(...ops: string[]): Program {
  const lines = ops.map((op) => `t0: ${op}`);
  return parseProgram(['file a pages 4 allocated 4', 't0: f0 = open("a")', ...lines].join('\n'));
}

const MAP = 'm0 = mmap(f0, pages 0..4, MAP_SHARED)';
const MAP_SYNC = 'm0 = mmap(f0, pages 0..4, MAP_SHARED|MAP_SYNC)';
const STORE = 'store(m0, 0x0, 8)';
const PUNCH = 'fallocate(f0, PUNCH_HOLE, 0x1000, 4096)';
const ZERO = 'fallocate(f0, ZERO_RANGE, 0x1000, 4096)';
const SMALLEST = program(MAP, STORE, PUNCH, 'fsync(f0)');

function knownBy(tellsCauses: boolean, smallest = SMALLEST): KnownFailures {
  const known = new KnownFailures();
  known.add(knownFailure(SIGNATURE, '', smallest, tellsCauses));
  return known;
}

describe('a failure of a real kernel', () => {
  const known = knownBy(false);

  test('is known where the program does what a filed one does, and more', () => {
    const larger = program(MAP, 'load(m0, 0x0, 8)', STORE, STORE, PUNCH, 'sync()', 'fsync(f0)');
    assert.ok(known.covers(SIGNATURE, '', SMALLEST));
    assert.ok(known.covers(SIGNATURE, '', larger));
  });

  test('is new in another order, with another mode of a call, or under another signature', () => {
    assert.ok(!known.covers(SIGNATURE, '', program(MAP, PUNCH, STORE, 'fsync(f0)')));
    assert.ok(!known.covers(SIGNATURE, '', program(MAP, STORE, ZERO, 'fsync(f0)')));
    assert.ok(!known.covers('P6 store-lost', '', SMALLEST));
  });

  test('is new where the kernel says something else, and a torn block known in every program', () => {
    const known = new KnownFailures();
    known.add(knownFailure('P0 torn-block', 'journal', SMALLEST, false));
    known.add(knownFailure('P0 kernel-warned', 'at fs/dax.c:380', SMALLEST, false));
    assert.ok(known.covers('P0 torn-block', 'journal', program('sync()')));
    assert.ok(!known.covers('P0 torn-block', 'superblock', program('sync()')));
    assert.ok(known.covers('P0 kernel-warned', 'at fs/dax.c:380', SMALLEST));
    assert.ok(!known.covers('P0 kernel-warned', 'at fs/inode.c:1', SMALLEST));
  });

  test('is known with a flag more, and new with one less', () => {
    const plain = program(MAP, STORE, 'sync()');
    const synchronous = program(MAP_SYNC, STORE, 'sync()');
    assert.ok(knownBy(false, plain).covers(SIGNATURE, '', synchronous));
    assert.ok(!knownBy(false, synchronous).covers(SIGNATURE, '', plain));
  });

  test('is filed once for programs of the same kinds', () => {
    const twice = new KnownFailures();
    assert.ok(twice.add(knownFailure(SIGNATURE, '', SMALLEST, false)));
    const elsewhere = program(MAP, 'store(m0, 0x40, 1)', PUNCH, 'fsync(f0)');
    assert.ok(!twice.add(knownFailure(SIGNATURE, '', elsewhere, false)));
    assert.equal(twice.all.length, 1);
  });

  for (const [what, max] of [
    ['twenty were filed', FINDINGS_MAX],
    ['three were filed as they came', UNMINIMIZED_MAX],
  ] as const) {
    test(`is known whatever the program does once ${what}`, () => {
      const many = new KnownFailures(max);
      for (let stores = 1; stores <= max; stores++) {
        assert.ok(!many.covers(SIGNATURE, '', program(MAP, 'sync()')));
        const smallest = program(MAP, ...new Array<string>(stores).fill(STORE), 'fsync(f0)');
        many.add(knownFailure(SIGNATURE, '', smallest, false));
      }
      assert.ok(many.covers(SIGNATURE, '', program(MAP, 'sync()')));
    });
  }
});

describe('what stops a real kernel', () => {
  const stopping = (smallest: Program, forAll = false): KnownFailures => {
    const known = new KnownFailures();
    known.add(knownFailure('P0 kernel-hung', '', smallest, forAll));
    return known;
  };

  test('is not run again, in whatever program it is', () => {
    const known = stopping(SMALLEST);
    assert.ok(known.stops(program(MAP, STORE, STORE, PUNCH, 'sync()', 'fsync(f0)')));
    assert.ok(!known.stops(program(MAP, PUNCH, STORE, 'fsync(f0)')));
  });

  test('is only what hung or crashed it, and never everything', () => {
    assert.ok(!knownBy(false).stops(SMALLEST));
    assert.ok(!stopping(SMALLEST, true).stops(SMALLEST));
  });
});

describe('a failure of the model', () => {
  test('is known by its signature, which names the mechanism', () => {
    const known = knownBy(true);
    assert.ok(known.covers(SIGNATURE, '', program('fsync(f0)')));
    assert.ok(!known.covers('P6 store-lost', '', SMALLEST));
  });
});
