/** Unmounting, mounting, inodes that leave memory, and power that fails again while a mount recovers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ModelTarget } from '../../src/kernel/model-target.js';
import { EBUSY, EINVAL, EIO, ENOENT } from '../../src/kernel/types.js';
import { MAINLINE_KNOBS } from '../../src/kernel/variant.js';
import { parseProgram } from '../../src/program/text.js';
import { StraightScheduler } from '../../src/schedule/straight.js';
import { everySchedule, foundBySomeSchedule } from '../helpers/every-schedule.js';
import { lineOf, resultsOf, runProgram, runText } from '../helpers/lines.js';

const FILE = `file a pages 4 allocated 2
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..2, MAP_SHARED|UNALIGNED)
  t0: store(m0, 0x0, 8)
`;
const LET_GO = `t0: munmap(m0, pages 0..2)
  t0: close(f0)
`;

describe('umount', () => {
  test('is refused while a file is open or mapped', () => {
    const { trace, signatures } = runText(`${FILE}
      t0: umount()
      t0: close(f0)
      t0: umount()
      t0: munmap(m0, pages 0..2)
      t0: umount()
      t0: umount()`);
    const results = resultsOf(trace);
    assert.deepEqual([results[3], results[5], results[7], results[8]], [EBUSY, EBUSY, 0, EINVAL]);
    assert.deepEqual(signatures, []);
  });

  test('has what nobody synced on media when it returns', () => {
    const program = parseProgram(`${FILE} ${LET_GO} t0: umount()`);
    const forgetful = new ModelTarget({ ...MAINLINE_KNOBS, umountSkipsSync: true });
    for (const [target, wanted] of [
      [lineOf().target, 0],
      [forgetful, 1],
    ] as const) {
      const { violations } = runProgram({ ...lineOf(), target }, program, new StraightScheduler());
      const lost = violations.filter(({ promise }) => promise === 'P6');
      assert.equal(lost.length, wanted);
    }
  });

  test('promises nothing of a file system that was shut down, which is not mounted again', () => {
    const { trace, signatures } = runText(`${FILE}
      t0: shutdown()
      ${LET_GO}
      t0: umount()
      t0: mount()`);
    assert.deepEqual([resultsOf(trace).slice(6), signatures], [[0, EIO], []]);
  });

  test('waits for devices that hold pages of its files', () => {
    const text = `${FILE}
      t0: p0 = pin(m0, pages 0..1, WRITE)
      ${LET_GO}
      t0: spawn
      t0: umount()
      t1: dma_write(p0, 0x0, 8)
      t1: unpin(p0)`;
    const ran = [...everySchedule(lineOf(), parseProgram(text), 1)];
    assert.deepEqual(new Set(ran.flatMap(({ signatures }) => signatures)), new Set());
    const waits = runText(text, { schedule: 'start -> t0' });
    assert.deepEqual(resultsOf(waits.trace).slice(6), [0, 8, 0]);
  });
});

describe('mount', () => {
  test('gives the files back as they were, and only when they are not mounted', () => {
    const { trace, signatures } = runText(`${FILE}
      t0: pwrite(f0, 0x3000, 100)
      t0: ftruncate(f0, 0x3800)
      ${LET_GO}
      t0: umount()
      t0: f0 = open("a")
      t0: mount()
      t0: mount()
      t0: f0 = open("a")
      t0: pread(f0, 0x0, 8)
      t0: pread(f0, 0x3000, 0x1000)`);
    const results = resultsOf(trace);
    assert.deepEqual(results.slice(7), [0, ENOENT, 0, EBUSY, 0, 8, 0x800]);
    assert.deepEqual(signatures, []);
  });
});

describe('recovery', () => {
  const text = `file a pages 4 allocated 0
    t0: f0 = open("a")
    t0: pwrite(f0, 0x0, 8)
    t0: fsync(f0)`;

  test('comes to the same files wherever power fails again', () => {
    const { verdict, signatures } = runText(text);
    assert.deepEqual(signatures, []);
    assert.ok(verdict.recoveries > 1, 'recovery is run again on what it was interrupted in');
    assert.ok(verdict.recoveryCuts > verdict.recoveries);
  });

  test('loses what was promised if it empties the log first (F10)', () => {
    const { violations } = runText(text, { bugs: ['F10'] });
    const promises = new Set(violations.map(({ promise }) => promise));
    assert.ok(promises.has('P3'));
    assert.deepEqual(
      violations.map(({ mechanism }) => mechanism),
      violations.map(() => 'lost-in-recovery'),
    );
  });
});

describe('an inode that leaves memory', () => {
  const text = `file a pages 1 allocated 1
    file b pages 1 allocated 1
    t0: f0 = open("a")
    t0: spawn
    t0: freeze()
    t1: drop_caches()`;

  test('is not missed by a freeze, unless that walks all inodes without holding them (A22)', () => {
    assert.deepEqual(found(text), []);
    assert.deepEqual(found(text, 'A22'), ['P0 walked-from-freed-inode']);
  });

  test('has no entries: drop_caches keeps one that was read through a mapping', () => {
    const { trace, signatures } = runText(`${FILE}
      t0: fsync(f0)
      ${LET_GO}
      t0: drop_caches()
      t0: f0 = open("a")
      t0: pread(f0, 0x0, 8)`);
    assert.deepEqual([resultsOf(trace).slice(6), signatures], [[0, 0, 8], []]);
  });
});

test('a page that is unmapped beside its cleaning is gone, unless cleaning takes it away first (B18)', () => {
  const text = `file a pages 4 allocated 4
    t0: f0 = open("a")
    t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
    t0: store(m0, 0x40, 8)
    t0: spawn
    t0: fsync(f0)
    t1: munmap(m0, pages 0..4)`;
  assert.deepEqual(found(text), []);
  assert.deepEqual(found(text, 'B18'), ['P0 unmapping-passed-over']);
});

/** Of all schedules with up to two switches. */
function found(text: string, ...bugs: string[]): string[] {
  return [...foundBySomeSchedule(text, { bugs }, 1)];
}
