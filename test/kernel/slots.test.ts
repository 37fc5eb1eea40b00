import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EFAULT, EINVAL, ENOMEM } from '../../src/kernel/types.js';
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

describe('calls on memory of which a part is not mapped', () => {
  const AROUND = `${FILE}t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
t0: munmap(m0, pages 1..2)
`;
  const last = (call: string): number | undefined =>
    resultsOf(runText(`${AROUND}t0: ${call}\n`).trace).at(-1);

  test('mprotect and msync, also MS_ASYNC, say so, and munmap does not mind', () => {
    assert.equal(last('mprotect(m0, pages 0..3, PROT_READ)'), ENOMEM);
    assert.equal(last('mprotect(m0, pages 1..2, PROT_READ)'), ENOMEM);
    assert.equal(last('mprotect(m0, pages 2..4, PROT_READ)'), 0);
    assert.equal(last('msync(m0, pages 0..3, MS_SYNC)'), ENOMEM);
    assert.equal(last('msync(m0, pages 0..3, MS_ASYNC)'), ENOMEM);
    assert.equal(last('munmap(m0, pages 1..2)'), 0);
    assert.equal(last('munmap(m0, pages 4..5)'), EINVAL);
  });

  test('mprotect changes what is before it', () => {
    const { trace } = runText(`${AROUND}t0: mprotect(m0, pages 0..3, PROT_READ)
t0: store(m0, 0x0, 8)
t0: store(m0, 0x2000, 8)
t0: ftruncate(f0, 0x4000)
t0: store(m0, 0x2000, 8)
`);
    assert.deepEqual(resultsOf(trace).slice(3), [ENOMEM, EFAULT, EFAULT, 0, 0]);
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
