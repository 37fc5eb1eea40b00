/** Two kernels of the model held against each other: one of them stands for a real one. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Comparison } from '../../src/conformance/conformance.js';
import { Comparer } from '../../src/conformance/conformance.js';
import { kindOf } from '../../src/conformance/kind.js';
import { Programs } from '../../src/conformance/programs.js';
import { Results } from '../../src/conformance/results.js';
import type { Program } from '../../src/program/program.js';
import { parseProgram, printProgram } from '../../src/program/text.js';
import { Prng } from '../../src/support/prng.js';
import { lineOf } from '../helpers/lines.js';

const comparer = (model: readonly string[], kernel: readonly string[]): Comparer =>
  new Comparer({
    model: lineOf({ bugs: model }).target,
    kernel: lineOf({ bugs: kernel }).target,
    filesystem: 'ext4',
  });

/** Compares programs until one disagrees. */
function firstDisagreement(
  between: Comparer,
  count: number,
): { program: Program; comparison: Comparison } | null {
  const programs = new Programs('ext4', 12);
  const choice = Prng.fromSeed(5n);
  for (let i = 0; i < count; i++) {
    const program = programs.draw(choice);
    const comparison = between.compare(program);
    if (comparison.unlisted.length > 0) return { program, comparison };
  }
  return null;
}

describe('the comparison', () => {
  test('of a kernel with itself finds nothing, in whole programs', () => {
    const between = comparer([], []);
    const results = new Results();
    const programs = new Programs('ext4', 12);
    const choice = Prng.fromSeed(4n);
    let operations = 0;
    for (let i = 0; i < 60; i++) {
      const program = programs.draw(choice);
      operations += program.threads[0]?.length ?? 0;
      results.add(program, between.compare(program));
    }
    assert.deepEqual(results.met(), []);
    assert.equal(results.counts.operations, operations);
    assert.ok(results.counts.promises > 100);
  });

  test('with a kernel that forgets to track stores says that the model promises more', () => {
    const between = comparer([], ['B01']);
    const found = firstDisagreement(between, 40);
    assert.ok(found !== null);
    const [disagreement] = found.comparison.unlisted;
    assert.equal(disagreement?.kind, 'promises-more');
    const kind = kindOf(found.program, disagreement);
    const small = between.smallest(found.program, kind);
    assert.equal(kindOf(small?.program as Program, small?.disagreement as never), kind);
    assert.ok((small?.program.threads[0]?.length ?? 99) <= 4, printProgram(found.program));
  });

  test('the other way round says that it promises less', () => {
    const found = firstDisagreement(comparer(['B01'], []), 40);
    assert.equal(found?.comparison.unlisted[0]?.kind, 'promises-less');
  });

  test('with a kernel that leaves a stale page mapped says nothing, for read(2) is right', () => {
    const program = parseProgram(`file a pages 2 allocated 0
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: load(m0, 0x0, 8)
      t0: pwrite(f0, 0x0, 8)
      t0: load(m0, 0x0, 8)`);
    assert.deepEqual(comparer([], ['B11']).compare(program).unlisted, []);
  });

  test('with one that stops says so', () => {
    const program = parseProgram(`file a pages 4 allocated 4
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
      t0: load(m0, 0x0, 8)
      t0: store(m0, 0x0, 8)`);
    const { unlisted } = comparer([], ['B19']).compare(program);
    assert.deepEqual(
      unlisted.map(({ kind }) => kind),
      ['alarm'],
    );
  });
});

describe('the programs', () => {
  test('have one thread, the page sizes of Linux on x86, and room to grow', () => {
    const programs = new Programs('xfs', 16);
    const choice = Prng.fromSeed(2n);
    const calls = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const program = programs.draw(choice);
      const { geometry, threads, files } = program;
      assert.deepEqual([threads.length, geometry.pageSize, geometry.pmdPages], [1, 4096, 512]);
      assert.ok(files.every(({ pages }) => pages * 4 <= geometry.filePagesMax));
      for (const [, call] of printProgram(program).matchAll(/(?:= |: )(\w+)\(/g))
        calls.add(call ?? '');
    }
    const wanted = [
      'mmap',
      'store',
      'msync',
      'pwrite_from',
      'fallocate',
      'reflink',
      'freeze',
      'thaw',
    ];
    assert.deepEqual(
      wanted.filter((call) => !calls.has(call)),
      [],
    );
    assert.ok(!calls.has('pin'), 'a real kernel has no pins to hold');
  });
});
