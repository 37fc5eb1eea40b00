/** Memory goes bad: what calls and accesses give, what mends it, and who is told. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EHWPOISON, EINVAL, EIO } from '../../src/kernel/types.js';
import { foundBySomeSchedule } from '../helpers/every-schedule.js';
import { eventsOf, resultsOf, runText } from '../helpers/lines.js';

const FILE = `file a pages 3 allocated 3
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..3, MAP_SHARED|UNALIGNED)
  t0: store(m0, 0x1000, 8)
  t0: fsync(f0)
  t0: poison(f0, pages 1..2)
`;

/** What operations after the error return on mainline, where nothing is wrong with it. */
function after(lines: string): readonly (number | undefined)[] {
  const { trace, signatures } = runText(`${FILE}${lines}`);
  assert.deepEqual(signatures, []);
  return resultsOf(trace).slice(5);
}

describe('of a page that has gone bad', () => {
  test('a load and a store get a SIGBUS that says why, and the pages beside it are what they were', () => {
    assert.deepEqual(
      after('t0: load(m0, 0x1000, 8)\n t0: store(m0, 0x1ff8, 8)\n t0: load(m0, 0x2000, 8)'),
      [EHWPOISON, EHWPOISON, 0],
    );
  });

  test('read(2) gives EIO, or what comes before it', () => {
    assert.deepEqual(
      after('t0: pread(f0, 0x1000, 8)\n t0: pread(f0, 0x800, 4096)\n t0: pread(f0, 0x2000, 8)'),
      [EIO, 0x800, 8],
    );
  });

  test('a part cannot be written, nor zeroed at an edge, and the size stays', () => {
    assert.deepEqual(
      after(`t0: pwrite(f0, 0x1010, 8)
        t0: ftruncate(f0, 0x1800)
        t0: fallocate(f0, PUNCH_HOLE, 0x1800, 4096)
        t0: fallocate(f0, ZERO_RANGE, 0x800, 2048)`),
      [EIO, EIO, EIO, 0],
    );
  });

  for (const mended of [
    'pwrite(f0, 0x1000, 4096)',
    'pwrite(f0, 0x0, 12288)',
    'fallocate(f0, PUNCH_HOLE, 0x1000, 4096)',
    'fallocate(f0, ZERO_RANGE, 0x1000, 4096)',
    'ftruncate(f0, 0x1000)',
  ]) {
    test(`${mended} mends it or gives it up`, () => {
      const size = 't0: ftruncate(f0, 0x3000)';
      const results = after(`t0: ${mended}\n ${size}
        t0: pread(f0, 0x1000, 8)
        t0: store(m0, 0x1000, 8)
        t0: load(m0, 0x1000, 8)
        t0: fsync(f0)`);
      assert.deepEqual(results.slice(1), [0, 8, 0, 0, 0]);
    });
  }

  test('its block is mended when another page gets it', () => {
    const { trace, signatures } = runText(
      `${FILE}t0: fallocate(f0, PUNCH_HOLE, 0x1000, 4096)
        t0: fsync(f0)
        t0: fallocate(f0, ALLOCATE, 0x3000, 16384)
        t0: store(m0, 0x1000, 8)
        t0: pwrite(f0, 0x3000, 16384)
        t0: pread(f0, 0x3000, 16384)`,
    );
    assert.deepEqual([signatures, resultsOf(trace).at(-1)], [[], 16384]);
  });

  test('what an fsync promised of it is void, and what is stored in its place is promised again', () => {
    const text = `file a pages 1 allocated 1
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: pwrite(f0, 0x0, 8)
      t0: fsync(f0)
      t0: poison(f0, pages 0..1)
      t0: pwrite(f0, 0x0, 4096)
      t0: store(m0, 0x0, 8)
      t0: fsync(f0)`;
    assert.deepEqual(runText(text).signatures, []);
    assert.deepEqual(runText(text, { bugs: ['B01'] }).signatures, ['P3 never-tagged']);
  });

  test('a hole, a page that is bad already and a pinned one are not struck', () => {
    assert.deepEqual(
      after(`t0: poison(f0, pages 1..2)
        t0: poison(f0, pages 5..6)
        t0: p0 = pin(m0, pages 2..3, WRITE)
        t0: poison(f0, pages 2..3)
        t0: unpin(p0)
        t0: poison(f0, pages 2..3)`),
      [EINVAL, EINVAL, 0, EINVAL, 0, 0],
    );
  });
});

test('memory failure unmaps the page in all mappings of the file, and a huge page as a whole', () => {
  const { trace, signatures } = runText(`file a pages 4 allocated 4
    t0: f0 = open("a")
    t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
    t0: m1 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
    t0: load(m0, 0x0, 8)
    t0: load(m1, 0x2000, 8)
    t0: poison(f0, pages 2..3)
    t0: load(m0, 0x2000, 8)
    t0: load(m1, 0x2000, 8)
    t0: load(m0, 0x3000, 8)`);
  assert.deepEqual(resultsOf(trace).slice(5), [0, EHWPOISON, EHWPOISON, 0]);
  assert.deepEqual([eventsOf(trace, 'machine_check'), signatures], [[], []]);
});

test('whoever touches it before it is unmapped meets the poison, and is told as well', () => {
  const { trace, signatures } = runText(
    `file a pages 1 allocated 1
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: load(m0, 0x0, 8)
      t0: spawn
      t0: poison(f0, pages 0..1)
      t1: load(m0, 0x0, 8)`,
    { schedule: 'start -> t0\nt0 op 3 at nfit_handle_mce:start #1 -> t1' },
  );
  assert.equal(eventsOf(trace, 'machine_check').length, 1);
  assert.deepEqual([signatures, resultsOf(trace)], [[], [0, 0, 0, 0, EHWPOISON]]);
});

test('a page that another file has, too, is unmapped in both, for the file system knows them', () => {
  const text = `file a pages 1 allocated 1
    file b pages 1 allocated 0
    t0: f0 = open("a")
    t0: f1 = open("b")
    t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
    t0: load(m0, 0x0, 8)
    t0: poison(f0, pages 0..1)
    t0: reflink(f1, f0)
    t0: load(m0, 0x0, 8)`;
  const { trace, signatures } = runText(text, { settings: { fs: 'xfs-reflink' } });
  assert.deepEqual([signatures, resultsOf(trace).slice(4)], [[], [0, EIO, EHWPOISON]]);
});

test('no schedule of a write that mends a page shows what was destroyed, or hides that it was', () => {
  const text = `file a pages 1 allocated 1
    t0: f0 = open("a")
    t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
    t0: store(m0, 0x0, 8)
    t0: spawn
    t0: poison(f0, pages 0..1)
    t0: pwrite(f0, 0x0, 4096)
    t1: load(m0, 0x0, 8)
    t1: fsync(f0)`;
  assert.deepEqual(foundBySomeSchedule(text, {}, 300), new Set());
  assert.deepEqual(
    foundBySomeSchedule(text, { bugs: ['B63'] }, 300),
    new Set(['P15 lost-bytes-exposed', 'P15 lost-bytes-read']),
  );
});
