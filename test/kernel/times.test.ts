/** mtime and ctime in the model: what changes them, what makes them durable, and P10. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AT } from '../../src/trace/event.js';
import type { Trace } from '../../src/trace/trace.js';
import { eventsOf, runText } from '../helpers/lines.js';

const MAPPED = `file a pages 4 allocated 4
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
`;

/** The operations that changed the times, and what these are then. */
function timesOf(trace: Trace): [number, number][] {
  return eventsOf(trace, 'inode_time').map((event) => [
    trace.op(event),
    trace.argument(event, AT.inode_time.mtime),
  ]);
}

const commits = (trace: Trace): number[] =>
  eventsOf(trace, 'journal_commit').map((event) => trace.op(event));

describe('the times of a file', () => {
  test('change with the first store after a sync, and not with those that find the page writable', () => {
    const { trace, signatures } = runText(`${MAPPED}
      t0: store(m0, 0x0, 8)
      t0: store(m0, 0x40, 8)
      t0: fsync(f0)
      t0: load(m0, 0x0, 8)
      t0: store(m0, 0x80, 8)
      t0: store(m0, 0x80, 8)
      t0: fsync(f0)`);
    assert.deepEqual(timesOf(trace), [
      [2, 1],
      [6, 2],
    ]);
    assert.deepEqual(signatures, []);
  });

  test('do not change twice within a tick', () => {
    const { trace } = runText(`${MAPPED}
      t0: load(m0, 0x0, 8)
      t0: store(m0, 0x0, 8)
      t0: msync(m0, pages 0..1, MS_SYNC)
      t0: store(m0, 0x0, 8)`);
    assert.deepEqual(timesOf(trace), [[3, 2]]);
  });

  const CHANGES = [
    'pwrite(f0, 0x0, 8)',
    'ftruncate(f0, 0x1000)',
    'ftruncate(f0, 0x4000)',
    'ftruncate(f0, 0x5000)',
    'fallocate(f0, PUNCH_HOLE, 0x0, 4096)',
    'fallocate(f0, ZERO_RANGE, 0x0, 8)',
  ];
  for (const change of CHANGES) {
    test(`change with ${change}`, () => {
      const { trace, signatures } = runText(`${MAPPED} t0: ${change}\n t0: fsync(f0)`);
      assert.deepEqual(timesOf(trace), [[2, 1]]);
      assert.deepEqual(signatures, []);
    });
  }

  const LEAVE = ['load(m0, 0x0, 8)', 'pread(f0, 0x0, 8)', 'fsync(f0)', 'sync()'];
  for (const call of LEAVE) {
    test(`do not change with ${call}`, () => {
      assert.deepEqual(timesOf(runText(`${MAPPED} t0: ${call}`).trace), []);
    });
  }
});

describe('what only changed times', () => {
  const stored = (call: string): string => `${MAPPED} t0: store(m0, 0x0, 8)\n t0: ${call}`;

  for (const call of ['fsync(f0)', 'sync()', 'freeze()']) {
    test(`is committed by ${call}`, () => {
      assert.deepEqual(commits(runText(stored(call)).trace), [3]);
    });
  }

  for (const call of [
    'fdatasync(f0)',
    'msync(m0, pages 0..1, MS_SYNC)',
    'pwrite(f0, 0x0, 8, O_DSYNC)',
  ]) {
    test(`is not committed by ${call}, which promises no times`, () => {
      const { trace, signatures } = runText(stored(call));
      assert.deepEqual(commits(trace), []);
      assert.deepEqual(signatures, []);
    });
  }

  test('does not commit a MAP_SYNC fault either', () => {
    const { trace } = runText(`file a pages 1 allocated 1
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED|MAP_SYNC)
      t0: store(m0, 0x0, 8)`);
    assert.deepEqual(commits(trace), []);
  });
});

describe('P10', () => {
  const AGAIN = `${MAPPED}
    t0: store(m0, 0x0, 8)
    t0: fsync(f0)
    t0: load(m0, 0x0, 8)
    t0: load(m0, 0x0, 8)
    t0: store(m0, 0x40, 8)`;

  test('is broken where a sync leaves pages writable: at msync by what the file shows', () => {
    const text = `${AGAIN}\n t0: msync(m0, pages 0..1, MS_SYNC)`;
    const { violations, signatures } = runText(text, { bugs: ['A24'] });
    assert.deepEqual(signatures, ['P10 time-not-updated']);
    assert.equal(violations[0]?.plan, null);
    assert.equal(violations[0]?.detail, 'are 1, expected at least 2');
    assert.deepEqual(runText(text).signatures, []);
  });

  test('at fsync by what a power failure leaves', () => {
    const { violations, signatures } = runText(`${AGAIN}\n t0: fsync(f0)`, { bugs: ['A24'] });
    assert.deepEqual(signatures, ['P10 time-not-updated']);
    assert.notEqual(violations[0]?.plan, null);
  });

  test('asks nothing of fdatasync after a power failure', () => {
    const { signatures } = runText(`${MAPPED} t0: store(m0, 0x0, 8)\n t0: fdatasync(f0)`, {
      bugs: ['F12'],
    });
    assert.deepEqual(signatures, []);
  });

  test('asks for both times', () => {
    const { violations } = runText(`${MAPPED} t0: store(m0, 0x0, 8)\n t0: fsync(f0)`, {
      bugs: ['F12'],
    });
    assert.deepEqual(
      violations.map(({ detail }) => detail),
      ['are 0 after the crash, expected at least 1'],
    );
  });
});

test('a store to a page that is mapped for reading changes the times, but for B15', () => {
  const text = `${MAPPED}
    t0: load(m0, 0x0, 8)
    t0: store(m0, 0x0, 8)
    t0: msync(m0, pages 0..1, MS_SYNC)`;
  assert.deepEqual(runText(text).signatures, []);
  assert.deepEqual(runText(text, { bugs: ['B15'] }).signatures, ['P10 time-not-updated']);
});

describe('L03, a synchronous fault that lists no inode', () => {
  const signaturesOn = (fs: 'ext4' | 'xfs', stores: string): readonly string[] =>
    runText(
      `file a pages 2 allocated 0
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..2, MAP_SHARED|MAP_SYNC|UNALIGNED)
      t0: pread(f0, 0x0, 8)
      ${stores}`,
      { kernel: 'linux-6.16', settings: { fs } },
    ).signatures;
  const lost = ['P6 inode-not-listed'];

  test('shows on xfs, and not on ext4, where the times list it', () => {
    const stores = 't0: store(m0, 0x0, 8)\n t0: sync()';
    assert.deepEqual(signaturesOn('xfs', stores), lost);
    assert.deepEqual(signaturesOn('ext4', stores), []);
  });

  test('shows on ext4 with a second store in the same tick', () => {
    const twice = 't0: store(m0, 0x0, 8)\n t0: sync()\n t0: store(m0, 0x1000, 8)\n t0: sync()';
    assert.deepEqual(signaturesOn('ext4', twice), lost);
  });
});
