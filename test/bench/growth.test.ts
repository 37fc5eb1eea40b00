import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ModelTarget } from '../../src/kernel/model-target.js';
import { Image } from '../../src/media/image.js';
import { freshDisk } from '../../src/media/fresh.js';
import { Judge } from '../../src/oracle/judge.js';
import { PersistHistory } from '../../src/persistency/history.js';
import { DEFAULT_GEOMETRY } from '../../src/program/geometry.js';
import { OP } from '../../src/program/op.js';
import type { Op } from '../../src/program/op.js';
import type { Program } from '../../src/program/program.js';
import { opCount, threadCount } from '../../src/program/program.js';
import { checkProgram } from '../../src/program/validate.js';
import { DEFAULT_SETTINGS, runOnce } from '../../src/run.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { Prng } from '../../src/support/prng.js';
import { LINE_SIZE } from '../../src/support/units.js';
import { AT, EVENT } from '../../src/trace/event.js';
import { KERNEL } from './campaign.js';
import type { Growth } from './growth.js';
import {
  drawnPrograms,
  fittedExponent,
  growthProgram,
  growthTrace,
  lastStep,
  measureGrowth,
} from './growth.js';
import { growthResult } from './report.js';

const XS = [10, 100, 1000, 10_000];

function assertClose(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) < 1e-9, `${actual} is not ${expected}`);
}

describe('the exponent of growth', () => {
  test('is that of a power law, whatever its factor', () => {
    for (const exponent of [0.5, 1, 1.1, 2]) {
      const ys = XS.map((x) => 7 * x ** exponent);
      assertClose(fittedExponent(XS, ys), exponent);
      assertClose(lastStep(XS, ys), exponent);
    }
  });

  test('is the slope of least squares where no power law fits', () => {
    // Logarithms 0, 1, 2 and 0, 2, 2: slope 1 through the means.
    assertClose(fittedExponent([1, 10, 100], [1, 100, 100]), 1);
  });

  test('is made small by a constant cost at all sizes, hardly so in the last step', () => {
    const ys = XS.map((x) => x + 100);
    assert.ok(fittedExponent(XS, ys) < 0.8, String(fittedExponent(XS, ys)));
    assert.ok(lastStep(XS, ys) > 0.95, String(lastStep(XS, ys)));
  });

  test('of a quadratic part shows in the last step first', () => {
    const ys = XS.map((x) => x + x ** 2 / 5000);
    assert.ok(fittedExponent(XS, ys) < 1.2, String(fittedExponent(XS, ys)));
    assert.ok(lastStep(XS, ys) > 1.2, String(lastStep(XS, ys)));
  });

  test('is taken within each round', () => {
    const sizes = [10, 100].map((size) => ({ size, length: size, executions: 1, run: () => {} }));
    const growth: Growth = { name: 'n', title: 't', sizes };
    const result = growthResult(growth, [
      [1, 10],
      [1, 100],
      [2, 20],
    ]);
    assertClose(result.exponent.median, 1);
    assertClose(result.exponent.max, 2);
    assert.equal(result.sizes[0]?.microseconds.max, 2);
  });
});

describe('a measurement of growth', () => {
  test('runs each size about as many operations in all, after one call that is not timed', () => {
    const called = [0, 0];
    const sizes = [10, 1000].map((size, index) => ({
      size,
      length: size,
      executions: 4,
      run: () => {
        (called[index] as number)++;
      },
    }));
    measureGrowth({ name: 'n', title: 't', sizes });
    assert.deepEqual(called, [501, 6]);
  });
});

/** What the whole line makes of a program. */
function judged(program: Program): { promises: number; violations: number; linesDirtied: number } {
  const target = ModelTarget.of({ kernel: KERNEL, bugs: [] });
  const line = { target, judge: new Judge(new Image()), settings: DEFAULT_SETTINGS };
  const { execution, verdict } = runOnce(line, program, new RandomScheduler(new Prng(1, 0)));
  const { trace } = execution;
  const lines = new Set<number>();
  for (let event = 0; event < trace.length; event++) {
    // Those of the log are the file system's.
    const isOfFile = trace.kind(event) === EVENT.store && trace.argument(event, AT.store.ino) >= 0;
    if (isOfFile) lines.add(trace.argument(event, AT.store.address) / LINE_SIZE);
  }
  const { promises, violations } = verdict;
  return { promises, violations: violations.length, linesDirtied: lines.size };
}

const storesOf = (program: Program): Op[] =>
  program.threads.flat().filter(({ code }) => code === OP.store);

describe('the programs of growth', () => {
  test('dirty a line with each store and make them all durable', () => {
    for (const stores of [10, 100, 1000]) {
      const program = growthProgram(stores, stores);
      assert.equal(storesOf(program).length, stores);
      assert.deepEqual(judged(program), { promises: 1, violations: 0, linesDirtied: stores });
    }
  });

  test('promise as often as they are told', () => {
    const program = growthProgram(100, 10);
    assert.deepEqual(judged(program), { promises: 10, violations: 0, linesDirtied: 100 });
  });

  test('are within the bounds of programs at the largest size', () => {
    checkProgram(growthProgram(10_000, 10));
  });

  test('if drawn have two threads and nearly as many operations as was asked for', () => {
    for (const size of [10, 100, 1000]) {
      for (const program of drawnPrograms(size)) {
        assert.equal(threadCount(program), 2);
        const count = opCount(program);
        assert.ok(count >= size * 0.8 && count <= size, `${count} operations of ${size}`);
      }
    }
  });

  test('for the persistency layer alone have that many lines pending before the flushes, and none after', () => {
    const stores = 500;
    const geometry = { ...DEFAULT_GEOMETRY, filePagesMax: 8, blockCount: 8 };
    const program = { geometry, files: [{ pages: 8, allocated: 8 }], threads: [[]], spawnAfter: 0 };
    const disk = freshDisk(program);
    const trace = growthTrace(stores, disk.layout.dataStart);
    const history = new PersistHistory(new Image());
    history.reset(disk, trace, DEFAULT_SETTINGS);
    for (let event = 0; event < stores; event++) history.apply(event);
    assert.equal(history.pendingUnits, stores);
    for (let event = stores; event < trace.length; event++) history.apply(event);
    assert.equal(history.pendingUnits, 0);
  });
});
