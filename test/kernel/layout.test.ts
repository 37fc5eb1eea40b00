import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AT } from '../../src/trace/event.js';
import { eventsOf, resultsOf, runText } from '../helpers/lines.js';

const PINNED = `file a pages 2 allocated 2
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..2, MAP_SHARED|UNALIGNED)
  t0: p0 = pin(m0, pages 0..2, WRITE)
  t0: spawn
`;

describe('truncation', () => {
  test('waits until no page of the file is pinned any more', () => {
    const { trace, verdict } = runText(
      `${PINNED}
      t0: dma_write(p0, 0x1000, 64)
      t0: unpin(p0)
      t1: ftruncate(f0, 0x0)`,
      { schedule: 'start -> t0\nt0 op 2 at op_end #1 -> t1\nt1 op 5 at wait:page_idle #1 -> t0\n' },
    );
    const freed = eventsOf(trace, 'extent_unmap')[0] as number;
    const unpinned = eventsOf(trace, 'unpin').at(-1) as number;
    assert.ok(freed > unpinned, 'the block is freed only after the last unpin');
    assert.deepEqual(verdict.violations, []);
  });

  test('waits for ever where nobody unpins, and the run says so', () => {
    const { execution, trace } = runText(`${PINNED}
      t1: ftruncate(f0, 0x0)`);
    assert.equal(execution.stuck.length, 1);
    assert.equal(execution.stuck[0]?.op, 3);
    assert.equal(resultsOf(trace)[3], undefined);
  });

  test('down zeroes the tail of the last page, and growing again shows zeros', () => {
    const { trace, verdict } = runText(`file a pages 2 allocated 2
      t0: f0 = open("a")
      t0: pwrite(f0, 0x0, 8192)
      t0: ftruncate(f0, 0x800)
      t0: ftruncate(f0, 0x2000)
      t0: pread(f0, 0x0, 8192)
      t0: fsync(f0)`);
    const loads = eventsOf(trace, 'load');
    const first = loads[0] as number;
    const data = trace.argument(first, AT.load.data);
    assert.equal(trace.pool[data + 0x7ff], 2);
    assert.equal(trace.pool[data + 0x800], 0);
    assert.equal(
      trace.argument(loads[1] as number, AT.load.address),
      -1,
      'the second page is a hole',
    );
    assert.deepEqual(verdict.violations, []);
  });
});

describe('punching a hole', () => {
  test('frees whole pages and zeroes the edges', () => {
    const { trace, verdict } = runText(`file a pages 4 allocated 4
      t0: f0 = open("a")
      t0: pwrite(f0, 0x0, 16384)
      t0: fallocate(f0, PUNCH_HOLE, 0x800, 8192)
      t0: fsync(f0)
      t0: pread(f0, 0x0, 16384)`);
    assert.deepEqual(
      eventsOf(trace, 'extent_unmap').map((event) => trace.argument(event, AT.extent_unmap.page)),
      [1],
    );
    assert.deepEqual(verdict.violations, []);
  });

  test('leaves a page outside it dirty until its fsync, also when both were one huge page', () => {
    const { verdict, violations } = runText(`file a pages 4 allocated 4
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
      t0: store(m0, 0x3040, 8)
      t0: fallocate(f0, PUNCH_HOLE, 0x0, 4096)
      t0: fsync(f0)`);
    assert.equal(verdict.promises, 1);
    assert.deepEqual(violations, []);
  });
});

describe('pins', () => {
  test('are all or nothing', () => {
    const { trace } = runText(`file a pages 1 allocated 1
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..2, MAP_SHARED)
      t0: p0 = pin(m0, pages 0..2, WRITE)
      t0: unpin(p0)
      t0: p0 = pin(m0, pages 0..1, READ)
      t0: dma_write(p0, 0x0, 8)
      t0: p0 = pin(m0, pages 0..1, READ)`);
    assert.deepEqual(resultsOf(trace).slice(2), [-14, -22, 0, -14, -16]);
    assert.equal(eventsOf(trace, 'pin').length, eventsOf(trace, 'unpin').length + 1);
  });

  test('outlive the mapping that they were taken through', () => {
    const { trace } = runText(`${PINNED}
      t0: munmap(m0, pages 0..2)
      t0: dma_write(p0, 0x0, 8)`);
    assert.equal(eventsOf(trace, 'store').length, 1);
  });
});
