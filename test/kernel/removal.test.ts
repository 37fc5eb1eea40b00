/** The device goes, or the file system stops: who waits, what calls return, and thread 003. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { POINT_NAMES } from '../../src/kernel/points.js';
import { EFAULT, EIO, ENODEV } from '../../src/kernel/types.js';
import { foundBySomeSchedule } from '../helpers/every-schedule.js';
import { eventsOf, resultsOf, runText } from '../helpers/lines.js';

const FILE = `file a pages 2 allocated 2
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..2, MAP_SHARED|UNALIGNED)
  t0: store(m0, 0x0, 8)
`;

const CALLS: readonly (readonly [string, number])[] = [
  ['fsync(f0)', EIO],
  ['fdatasync(f0)', EIO],
  ['msync(m0, pages 0..2, MS_SYNC)', EIO],
  ['syncfs(f0)', EIO],
  ['sync()', 0],
  ['pwrite(f0, 0x0, 8)', EIO],
  ['pread(f0, 0x0, 8)', EIO],
  ['ftruncate(f0, 0x0)', EIO],
  ['fallocate(f0, PUNCH_HOLE, 0x0, 4096)', EIO],
  ['m1 = mmap(f0, pages 0..1, MAP_SHARED)', EIO],
  ['freeze()', EIO],
  ['munmap(m0, pages 0..2)', 0],
];

for (const stop of ['unbind()', 'unbind(SURPRISE)', 'shutdown()']) {
  describe(`after ${stop}`, () => {
    for (const [call, result] of CALLS) {
      test(`${call} returns ${result}`, () => {
        const { trace, signatures } = runText(`${FILE} t0: ${stop}\n t0: ${call}`);
        assert.deepEqual([resultsOf(trace).slice(3), signatures], [[0, result], []]);
      });
    }

    for (const access of [
      'load(m0, 0x1000, 8)',
      'store(m0, 0x1000, 8)',
      'user_flush(m0, 0x1000, 8)',
    ]) {
      test(`${access} gets SIGBUS where nothing is mapped`, () => {
        const { trace, signatures } = runText(`${FILE} t0: ${stop}\n t0: ${access}`);
        assert.deepEqual([resultsOf(trace).slice(3), signatures], [[0, EFAULT], []]);
      });
    }
  });
}

describe('unbind', () => {
  test('takes away what was mapped; a shutdown leaves it, and nobody promises anything of it', () => {
    const unbound = runText(`${FILE} t0: unbind()\n t0: store(m0, 0x0, 8)`);
    assert.deepEqual(resultsOf(unbound.trace).slice(3), [0, EFAULT]);
    const { trace, signatures } = runText(`${FILE} t0: shutdown()\n t0: store(m0, 0x0, 8)`);
    assert.deepEqual([resultsOf(trace).slice(3), signatures], [[0, 0], []]);
  });

  test('is refused when it was done before', () => {
    const { trace } = runText(`${FILE} t0: unbind()\n t0: unbind()`);
    assert.deepEqual(resultsOf(trace).slice(3), [0, ENODEV]);
  });

  test('waits for the last pin before it frees struct pages', () => {
    const { trace, signatures } = runText(
      `${FILE}
      t0: p0 = pin(m0, pages 0..2, WRITE)
      t0: spawn
      t0: unbind()
      t1: dma_write(p0, 0x0, 8)
      t1: unpin(p0)`,
      { schedule: 'start -> t0\nt0 op 4 at wait:pagemap #1 -> t1\nt1 at task_end #0 -> t0' },
    );
    assert.deepEqual(signatures, []);
    const freed = eventsOf(trace, 'memunmap_pages')[0] as number;
    assert.ok(freed > (eventsOf(trace, 'unpin').at(-1) as number));
  });

  test('waits for ever for a pin that nobody drops, and that is no finding', () => {
    const { execution, signatures } = runText(
      `${FILE} t0: p0 = pin(m0, pages 0..1, WRITE)\n t0: unbind()`,
    );
    assert.deepEqual(signatures, []);
    assert.deepEqual(
      execution.stuck.map(({ point }) => POINT_NAMES[point]),
      ['wait:pagemap'],
    );
  });

  test('commits what the journal holds, but for a surprise', () => {
    const commits = (unbind: string): number =>
      eventsOf(runText(`${FILE} t0: pwrite(f0, 0x2000, 8)\n t0: ${unbind}`).trace, 'journal_commit')
        .length;
    assert.deepEqual([commits('unbind()'), commits('unbind(SURPRISE)')], [1, 0]);
  });

  test('freezes beside a freeze of the user, who alone thaws that', () => {
    const { trace, signatures } = runText(
      `${FILE}
      t0: spawn
      t0: freeze()
      t0: thaw()
      t1: unbind()
      t1: pwrite(f0, 0x0, 8)`,
      {
        schedule: `start -> t0
          t0 op 3 at op_end #1 -> t1
          t1 op 6 at wait:thaw #1 -> t0
          t0 at task_end #0 -> t1`,
      },
    );
    assert.deepEqual([resultsOf(trace).slice(3), signatures], [[0, 0, 0, EIO], []]);
  });
});

test('sync, which says nothing of errors, promises nothing after a shutdown', () => {
  const promised = (text: string): number => runText(text).verdict.promises;
  assert.equal(promised(`${FILE} t0: sync()`), 1);
  assert.equal(promised(`${FILE} t0: shutdown()\n t0: sync()`), 0);
});

describe('whatever runs beside it, under every schedule with two switches, nothing is to be found', () => {
  const BESIDE = [
    'fsync(f0)',
    'sync()',
    'pwrite(f0, 0x1000, 64, O_DSYNC)',
    'pread(f0, 0x0, 8)',
    'store(m0, 0x1000, 8)',
    'p0 = pin(m0, pages 0..1, WRITE|FAST)',
    'ftruncate(f0, 0x1000)',
  ];
  for (const stop of ['unbind()', 'unbind(SURPRISE)', 'shutdown()']) {
    for (const call of BESIDE) {
      test(`${stop} and ${call}`, () => {
        const text = `file a pages 2 allocated 1
          t0: f0 = open("a")
          t0: m0 = mmap(f0, pages 0..2, MAP_SHARED|UNALIGNED)
          t0: store(m0, 0x0, 8)
          t0: spawn
          t0: ${call}
          t1: ${stop}`;
        assert.deepEqual(foundBySomeSchedule(text, {}, 50), new Set());
      });
    }
  }
});

describe('thread 003, under every schedule with two switches', () => {
  const DEBATE = `file a pages 1 allocated 1
    t0: f0 = open("a")
    t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
    t0: load(m0, 0x0, 8)
    t0: spawn
    t0: unbind()
    t1: p0 = pin(m0, pages 0..1, READ|FAST)
    t1: unpin(p0)
    t1: load(m0, 0x0, 8)
    t1: munmap(m0, pages 0..1)`;
  const mapped = 'P14 left-mapped-by-removal';
  const freed = 'P0 kernel-crashed';
  const EXPECTED: readonly [string, string, readonly string[]][] = [
    ['told, unmapped, waited for: nothing is to be found', 'mainline', []],
    ['the guard in gup-fast, nothing unmapped', 'unbind-5.11', [mapped]],
    ['no guard, nothing unmapped', 'unbind-unguarded', [mapped, freed]],
    ['no guard, all unmapped, TLBs flushed by interrupts', 'unbind-zaps', []],
    ['no guard, all unmapped, TLBs flushed by a broadcast', 'unbind-zaps-broadcast', [freed]],
    ['that, with the grace period of the percpu reference', 'broadcast-tlb', []],
    ['no guard, nothing unmapped, mappings are references', 'unbind-map-references', []],
  ];
  for (const [what, kernel, signatures] of EXPECTED) {
    test(`${what} (${kernel})`, () => {
      assert.deepEqual(foundBySomeSchedule(DEBATE, { kernel }, 300), new Set(signatures));
    });
  }

  test('a removal that waits for mappings waits for as long as the program likes', () => {
    const text = DEBATE.replace(/ *t1: munmap.*/, '');
    const { execution } = runText(text, { kernel: 'unbind-map-references' });
    assert.deepEqual(
      execution.stuck.map(({ point }) => POINT_NAMES[point]),
      ['wait:pagemap'],
    );
  });
});
