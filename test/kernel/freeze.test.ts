/** Freezing and thawing in the model: who waits for whom, and what every schedule of small programs shows. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { programOf } from '../../src/finding/reproducer.js';
import { readReproducer } from '../../src/finding/store.js';
import { EBUSY, EINVAL } from '../../src/kernel/types.js';
import { POINT_NAMES } from '../../src/kernel/points.js';
import { EVENT } from '../../src/trace/event.js';
import type { Trace } from '../../src/trace/trace.js';
import { everySchedule, foundBySomeSchedule } from '../helpers/every-schedule.js';
import type { Setup } from '../helpers/lines.js';
import { eventsOf, lineOf, resultsOf, runText } from '../helpers/lines.js';
import { ROOT } from '../helpers/temporary.js';

const FILE = `file a pages 4 allocated 2
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
`;
/** Operation 2 freezes, 3 thaws, and 4 is what the other thread does between them. */
const frozenWhile = (op: string): string =>
  `${FILE} t0: spawn\n t0: freeze()\n t0: thaw()\n t1: ${op}`;
const BETWEEN = `start -> t0\n t0 op 2 at op_end #1 -> t1\n`;

function positionOf(trace: Trace, kind: number, op: number): number {
  for (let event = 0; event < trace.length; event++) {
    if (trace.kind(event) === kind && trace.op(event) === op) return event;
  }
  return -1;
}

describe('while the file system is frozen', () => {
  const WRITERS = [
    'store(m0, 0x0, 8)',
    'p0 = pin(m0, pages 0..1, WRITE)',
    'pwrite(f0, 0x0, 8)',
    'ftruncate(f0, 0x1000)',
    'fallocate(f0, PUNCH_HOLE, 0x0, 4096)',
    'fallocate(f0, ZERO_RANGE, 0x0, 8)',
  ];
  for (const op of WRITERS) {
    test(`${op} waits for the thaw`, () => {
      const schedule = `${BETWEEN} t1 op 4 at wait:thaw #1 -> t0\n t0 at task_end #0 -> t1`;
      const { trace, execution, signatures } = runText(frozenWhile(op), { schedule });
      assert.deepEqual([signatures, execution.stuck], [[], []]);
      const thawed = positionOf(trace, EVENT.op_exit, 3);
      assert.ok(positionOf(trace, EVENT.op_exit, 4) > thawed);
      for (const store of eventsOf(trace, 'store')) assert.ok(store > thawed);
    });
  }

  const READERS = [
    'load(m0, 0x0, 8)',
    'load(m0, 0x3000, 8)',
    'pread(f0, 0x0, 8)',
    'fsync(f0)',
    'sync()',
    'munmap(m0, pages 0..4)',
  ];
  for (const op of READERS) {
    test(`${op} does not wait`, () => {
      const schedule = `${BETWEEN} t1 at task_end #0 -> t0`;
      const { trace, signatures } = runText(frozenWhile(op), { schedule });
      assert.deepEqual(signatures, []);
      assert.ok(
        positionOf(trace, EVENT.op_exit, 4) < positionOf(trace, EVENT.op_enter, 3),
        'it was over before the thaw',
      );
    });
  }

  test('a private mapping can be written: that changes no file', () => {
    const text = frozenWhile('store(m1, 0x0, 8)').replace(
      't0: spawn',
      't0: m1 = mmap(f0, pages 0..1, MAP_PRIVATE)\n t0: spawn',
    );
    const schedule = 'start -> t0\n t0 op 3 at op_end #1 -> t1\n t1 at task_end #0 -> t0';
    const { trace, signatures } = runText(text, { schedule });
    assert.deepEqual(signatures, []);
    assert.ok(positionOf(trace, EVENT.op_exit, 5) < positionOf(trace, EVENT.op_enter, 4));
  });

  test('it cannot be frozen again, and what is not frozen cannot be thawed', () => {
    const { trace } = runText(`${FILE} t0: thaw()\n t0: freeze()\n t0: freeze()\n t0: thaw()`);
    assert.deepEqual(resultsOf(trace).slice(2), [EINVAL, 0, EBUSY, 0]);
  });

  test('its own thread waits for ever for what it froze, and that is no finding', () => {
    const { execution, signatures } = runText(`${FILE} t0: freeze()\n t0: store(m0, 0x0, 8)`);
    assert.deepEqual(signatures, []);
    assert.deepEqual(
      execution.stuck.map(({ task, op, point }) => [task, op, POINT_NAMES[point]]),
      [[0, 3, 'wait:thaw']],
    );
  });
});

describe('a freeze', () => {
  const UNDER_WAY = [
    ['pwrite(f0, 0x0, 8)', 'dax_iomap_rw:begun'],
    ['store(m0, 0x0, 8)', 'dax_fault_iter:pte_inserted'],
  ];
  for (const [op, point] of UNDER_WAY) {
    test(`waits for ${op}, which began before it, and covers what that wrote`, () => {
      const schedule = `start -> t0\n t0 op 1 at op_end #1 -> t1\n t1 op 4 at ${point} #1 -> t0
        t0 op 2 at wait:writers #1 -> t1\n t1 at task_end #0 -> t0`;
      const { trace, signatures, execution } = runText(frozenWhile(op as string), { schedule });
      assert.deepEqual([signatures, execution.stuck], [[], []]);
      assert.ok(positionOf(trace, EVENT.op_exit, 4) < positionOf(trace, EVENT.op_exit, 2));
    });
  }

  test('and a sync do not run at the same time', () => {
    const schedule = `start -> t0\n t0 op 2 at freeze_super:synced #1 -> t1
      t1 op 4 at wait:s_umount #1 -> t0\n t0 at task_end #0 -> t1`;
    assert.deepEqual(runText(frozenWhile('sync()'), { schedule }).signatures, []);
  });
});

describe('thread 004, under every schedule with two switches', () => {
  const DEBATE = `file a pages 1 allocated 1
    t0: f0 = open("a")
    t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
    t0: store(m0, 0x0, 8)
    t0: freeze()
    t0: thaw()
    t1: store(m0, 0x0, 8)
    t1: store(m0, 0x0, 8)`;
  const late = 'P12 stored-after-write-back';
  const EXPECTED: readonly [string, string, Setup, readonly string[]][] = [
    ['sync that cleans: nothing is to be found', 'mainline', {}, []],
    ['sync that only flushes', 'A20', { bugs: ['A20'] }, ['P12 left-writable-by-freeze', late]],
    ['unmapping after the sync', 'freeze-unmaps-last', {}, [late]],
    ['unmapping before the sync', 'freeze-unmaps-first', {}, []],
    ['the patch as posted, on a kernel without tracking', 'freeze-rfc', {}, ['P12 never-tagged']],
  ];
  for (const [what, kernel, setup, signatures] of EXPECTED) {
    test(`${what} (${kernel})`, () => {
      const used = setup.bugs === undefined ? { kernel } : setup;
      const seen = foundBySomeSchedule(DEBATE, used, 1000);
      assert.deepEqual(seen, new Set(signatures));
    });
  }
});

describe('on mainline, under every schedule with two switches, nothing is to be found', () => {
  for (const id of ['A20', 'A23', 'A27', 'B15', 'B34']) {
    test(`in the kept program of ${id}`, () => {
      const file = path.join(ROOT, 'crashes', 'catalogue', `${id}.json`);
      const program = programOf(readReproducer(file));
      for (const { signatures } of everySchedule(lineOf(), program, 2)) {
        assert.deepEqual(signatures, []);
      }
    });
  }
});
