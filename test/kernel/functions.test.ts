/** The table of functions that a kernel variant can replace, and what their replacements meet. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { loadCorpus } from '../../src/corpus/files.js';
import type { Replace } from '../../src/kernel/kernel-variant.js';
import { LINUX } from '../../src/kernel/linux.js';
import { ModelTarget } from '../../src/kernel/model-target.js';
import { MAINLINE_KNOBS } from '../../src/kernel/variant.js';
import { DEFAULT_GENERATE, ProgramGenerator } from '../../src/program/generate.js';
import type { Program } from '../../src/program/program.js';
import { parseProgram } from '../../src/program/text.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { UsageError } from '../../src/support/assert.js';
import { Prng } from '../../src/support/prng.js';
import { LINUX_CONTRACT } from '../../src/target/target.js';
import { ROOT } from '../helpers/temporary.js';

const PROGRAM = parseProgram(`file a pages 2 allocated 1
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..2, MAP_SHARED)
  t0: spawn
  t0: store(m0, 0x0, 8)
  t0: fsync(f0)
  t1: pwrite(f0, 0x1000, 100)
  t1: sync()`);

/** What is not drawn for this file system. */
const SHIFTING = parseProgram(`file a pages 4 allocated 2
  t0: f0 = open("a")
  t0: fallocate(f0, ALLOCATE, 0x2000, 4096)
  t0: fallocate(f0, COLLAPSE_RANGE, 0x0, 4096)
  t0: fallocate(f0, INSERT_RANGE, 0x0, 4096)`);

function targetOf(functions: Replace): ModelTarget {
  const variant = { name: 'tried', title: 'by a test', functions };
  const module = { file: './tried.js', id: { name: 'tried', sha256: '' }, variant };
  return new ModelTarget(MAINLINE_KNOBS, LINUX_CONTRACT, 'xfs-reflink', module);
}

function hashOf(target: ModelTarget, program: Program, seed: bigint): string {
  return target.execute(program, new RandomScheduler(Prng.fromSeed(seed))).trace.hash();
}

/** Replaces every function by one that notes its name and calls it. */
function noting(called: Set<string>): Replace {
  return (original) => {
    const notes = Object.entries(original).map(([name, call]) => [
      name,
      (...parameters: unknown[]): unknown => {
        called.add(name);
        return (call as (...parameters: unknown[]) => unknown)(...parameters);
      },
    ]);
    return Object.fromEntries(notes) as typeof original;
  };
}

describe('the table of kernel functions', () => {
  const { programs } = loadCorpus(path.join(ROOT, 'corpora', 'seeds'));

  test('is what the model calls each of them through', () => {
    const called = new Set<string>();
    const target = targetOf(noting(called));
    const choice = Prng.fromSeed(1n);
    const generator = new ProgramGenerator({ ...DEFAULT_GENERATE, dialect: target.dialect });
    const drawn = Array.from({ length: 400 }, () => generator.generate(choice));
    for (const program of [...programs, ...drawn, SHIFTING]) hashOf(target, program, 1n);
    assert.deepEqual(
      Object.keys(LINUX).filter((name) => !called.has(name)),
      [],
    );
  });

  test('changes no trace when each function is replaced by one that calls it', () => {
    const replaced = targetOf(noting(new Set()));
    const plain = new ModelTarget(MAINLINE_KNOBS, LINUX_CONTRACT, 'xfs-reflink');
    for (const program of programs) {
      for (let seed = 1n; seed <= 5n; seed++) {
        assert.equal(hashOf(replaced, program, seed), hashOf(plain, program, seed));
      }
    }
  });
});

describe('what a variant keeps in k.variant', () => {
  test('is there in one execution and gone in the next', () => {
    const seen: unknown[] = [];
    const target = targetOf((original) => ({
      *vfsFsyncRange(k, t, ...range) {
        seen.push(k.variant.get('fsyncs'));
        k.variant.set('fsyncs', t.op);
        return yield* original.vfsFsyncRange(k, t, ...range);
      },
    }));
    const twice = parseProgram(
      'file a pages 1 allocated 1\nt0: f0 = open("a")\nt0: fsync(f0)\nt0: fsync(f0)',
    );
    target.execute(twice, new RandomScheduler(Prng.fromSeed(1n)));
    // The first execution is run twice, for its purity is looked at.
    assert.deepEqual(seen, [undefined, 1, undefined, 1]);
  });
});

describe('a preemption point of the variant’s own', () => {
  test('is one at which another thread can run', () => {
    const target = targetOf((original, { POINT }) => ({
      *vfsFsyncRange(k, t, ...range) {
        if (k.preempt(t, POINT['variant:first'])) yield;
        return yield* original.vfsFsyncRange(k, t, ...range);
      },
    }));
    const point = target.pointNames.indexOf('variant:first');
    const switches = Array.from({ length: 40 }, (_, seed) => {
      const scheduler = new RandomScheduler(Prng.fromSeed(BigInt(seed)));
      return target.execute(PROGRAM, scheduler).schedule.some((step) => step.point === point);
    });
    assert.ok(switches.includes(true));
  });
});

describe('a function that goes on where it was asked to stop', () => {
  test('is found out', () => {
    const target = targetOf((original, { POINT }) => ({
      *vfsFsyncRange(k, t, ...range) {
        for (let i = 0; i < 100; i++) k.preempt(t, POINT['variant:first']);
        return yield* original.vfsFsyncRange(k, t, ...range);
      },
    }));
    const isTold = (error: unknown): boolean =>
      error instanceof UsageError &&
      /vfsFsyncRange does what the model excludes: .* where it had to yield/.test(error.message);
    assert.throws(() => {
      for (let seed = 0n; seed < 40n; seed++) hashOf(target, PROGRAM, seed);
    }, isTold);
  });
});
