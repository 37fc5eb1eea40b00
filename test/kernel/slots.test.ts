import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RandomScheduler } from '../../src/schedule/random.js';
import { parseProgram } from '../../src/program/text.js';
import { Prng } from '../../src/support/prng.js';
import { printTrace } from '../../src/trace/text.js';
import { lineOf, resultsOf, runProgram, runText } from '../helpers/lines.js';

const FILE = 'file a pages 2 allocated 2\nt0: f0 = open("a")\n';

describe('a slot', () => {
  test('of pins that another thread empties meanwhile keeps no page pinned', () => {
    const program = parseProgram(
      `${FILE}t0: m0 = mmap(f0, pages 0..2, MAP_SHARED)
t0: spawn
t0: p0 = pin(m0, pages 0..2, WRITE)
t0: unpin(p0)
t0: ftruncate(f0, 0x0)
t1: unpin(p0)
`,
    );
    const line = lineOf();
    const scheduler = new RandomScheduler(Prng.fromSeed(1n));
    for (let i = 0; i < 400; i++) {
      const { execution } = runProgram(line, program, scheduler);
      assert.deepEqual(execution.stuck, [], `schedule ${i}`);
    }
  });

  test('of a mapping is free again once all of it is unmapped, whatever is mapped beside it', () => {
    const { trace } = runText(`${FILE}t0: m0 = mmap(f0, pages 1..2, MAP_SHARED)
t0: m1 = mmap(f0, pages 0..1, MAP_SHARED)
t0: munmap(m0, pages 0..1)
t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
`);
    assert.deepEqual(resultsOf(trace), [0, 0, 0, 0, 0]);
  });
});

test('msync(MS_ASYNC) promises nothing', () => {
  const { verdict } = runText(`${FILE}t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
t0: store(m0, 0x0, 8)
t0: msync(m0, pages 0..1, MS_ASYNC)
`);
  assert.equal(verdict.promises, 0);
});

test('a user flush covers every line that it touches', () => {
  const { verdict, trace } = runText(`${FILE}t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
t0: store(m0, 0x3d, 8)
t0: user_flush(m0, 0x3d, 8)
`);
  assert.deepEqual(verdict.violations, []);
  assert.match(printTrace(trace), /flush address=0x4000 length=128/);
});
