/** Pinning with and without locks, for a while and for ever, and letting go. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EFAULT, EOPNOTSUPP } from '../../src/kernel/types.js';
import { AT } from '../../src/trace/event.js';
import { foundBySomeSchedule } from '../helpers/every-schedule.js';
import { eventsOf, resultsOf, runText } from '../helpers/lines.js';

const FILE = `file a pages 2 allocated 2
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..2, MAP_SHARED|UNALIGNED)
`;

describe('a pin without locks', () => {
  test('faults for what is not mapped yet, as the other kind does', () => {
    const { trace } = runText(`${FILE} t0: p0 = pin(m0, pages 0..2, WRITE|FAST)`);
    assert.deepEqual(resultsOf(trace).slice(2), [0]);
    assert.equal(eventsOf(trace, 'fault').length, 2);
    assert.equal(eventsOf(trace, 'pin').length, 2);
  });

  test('takes what is mapped without a fault and without a wait for mmap_lock', () => {
    // The munmap of another mapping holds mmap_lock for writing at this point.
    const text = `${FILE}
      t0: m1 = mmap(f0, pages 0..2, MAP_SHARED|UNALIGNED)
      t0: store(m0, 0x0, 8)
      t0: store(m1, 0x0, 8)
      t0: spawn
      t0: munmap(m1, pages 0..2)
      t1: p0 = pin(m0, pages 0..1, WRITE|FAST)`;
    const schedule = 'start -> t0\nt0 op 5 at munmap:zapped #1 -> t1\nt1 at task_end #0 -> t0';
    const { trace } = runText(text, { schedule });
    const pinned = eventsOf(trace, 'pin')[0] as number;
    assert.ok(pinned < (eventsOf(trace, 'op_exit').find((e) => trace.op(e) === 5) as number));
    assert.equal(eventsOf(trace, 'fault').length, 2);
  });

  test('is given up where the page becomes read-only meanwhile, and taken with a fault', () => {
    const text = `${FILE}
      t0: store(m0, 0x0, 8)
      t0: spawn
      t0: p0 = pin(m0, pages 0..1, WRITE|FAST)
      t1: fsync(f0)`;
    const schedule = `start -> t0
      t0 op 3 at gup_fast_pte_range:pte_read #1 -> t1
      t1 op 4 at wait:shootdown #1 -> t0
      t0 op 3 at wait:dax_entry #1 -> t1
      t1 op 4 at wait:handles #1 -> t0
      t0 at task_end #0 -> t1`;
    const { trace, signatures } = runText(text, { schedule });
    assert.deepEqual(signatures, []);
    assert.equal(eventsOf(trace, 'pin').length, 1);
    assert.equal(eventsOf(trace, 'fault').length, 2);
  });

  test('keeps who unmaps waiting, but for hardware that flushes TLBs by a broadcast', () => {
    const text = `${FILE}
      t0: store(m0, 0x0, 8)
      t0: spawn
      t0: p0 = pin(m0, pages 0..1, WRITE|FAST)
      t1: munmap(m0, pages 0..2)`;
    const start = 'start -> t0\nt0 op 3 at gup_fast_pte_range:pte_read #1 -> t1\n';
    const waits = runText(text, {
      schedule: `${start}t1 op 4 at wait:shootdown #1 -> t0
        t0 op 3 at wait:mmap_lock #1 -> t1
        t1 at task_end #0 -> t0`,
    });
    const goesOn = runText(text, {
      kernel: 'broadcast-tlb',
      schedule: `${start}t1 at task_end #0 -> t0`,
    });
    for (const { trace } of [waits, goesOn]) assert.equal(resultsOf(trace)[3], EFAULT);
  });
});

describe('a long-term pin', () => {
  for (const flags of ['WRITE|LONGTERM', 'READ|FAST|LONGTERM']) {
    test(`of a page of a file is refused (${flags})`, () => {
      const { trace } = runText(`${FILE} t0: p0 = pin(m0, pages 0..1, ${flags})`);
      assert.deepEqual(resultsOf(trace).slice(2), [EOPNOTSUPP]);
      assert.deepEqual(eventsOf(trace, 'pin'), []);
    });
  }
});

test('letting go of a batch is one step, and wakes once', () => {
  const { trace } = runText(`${FILE}
    t0: p0 = pin(m0, pages 0..2, WRITE)
    t0: unpin(p0, BATCH)`);
  const [first, second] = eventsOf(trace, 'unpin') as [number, number];
  assert.equal(second, first + 1);
  assert.equal(trace.argument(second, AT.unpin.page), 1);
});

describe('pins without locks against truncation, under every schedule with two switches', () => {
  const TEXT = `file a pages 1 allocated 1
    file b pages 0 allocated 0
    t0: f0 = open("a")
    t0: f1 = open("b")
    t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
    t0: store(m0, 0x0, 8)
    t0: spawn
    t0: p0 = pin(m0, pages 0..1, WRITE|FAST)
    t0: dma_write(p0, 0x0, 8)
    t0: unpin(p0)
    t1: ftruncate(f0, 0x0)`;
  for (const kernel of ['mainline', 'broadcast-tlb']) {
    test(`nothing is to be found (${kernel})`, () => {
      assert.deepEqual(foundBySomeSchedule(TEXT, { kernel }, 500), new Set());
    });
  }
});
