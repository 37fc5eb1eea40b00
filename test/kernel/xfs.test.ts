/** Where XFS goes its own way: what it writes back, keeps and logs beyond what ext4 does. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BlockAllocator, LARGE_DEVICE } from '../../src/kernel/fs/allocator.js';
import { AT } from '../../src/trace/event.js';
import type { Trace } from '../../src/trace/trace.js';
import { eventsOf, runText } from '../helpers/lines.js';

const MAPPED = `file a pages 4 allocated 4
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
`;

const FILESYSTEMS = ['ext4', 'xfs'] as const;

/** The trace of a program that breaks nothing. */
function traceOf(fs: 'ext4' | 'xfs' | 'xfs-reflink', text: string): Trace {
  const { trace, signatures } = runText(text, { settings: { fs } });
  assert.deepEqual(signatures, []);
  return trace;
}

/** The operations of all events of one kind. */
const opsOf = (trace: Trace, name: Parameters<typeof eventsOf>[1]): number[] =>
  eventsOf(trace, name).map((event) => trace.op(event));

/** On both: on XFS it is `xfs`, on ext4 something else. */
function onlyOnXfs(
  text: string,
  what: (trace: Trace) => unknown,
  onXfs: unknown,
  onExt4: unknown,
): void {
  const shown = FILESYSTEMS.map((fs) => what(traceOf(fs, text)));
  assert.deepEqual(shown, [onExt4, onXfs]);
}

describe('XFS writes back', () => {
  test('the page in which a file comes to end', () => {
    const text = `${MAPPED} t0: store(m0, 0x1000, 1)\n t0: ftruncate(f0, 0x1080)`;
    onlyOnXfs(text, (trace) => opsOf(trace, 'dax_writeback_one'), [3], []);
  });

  for (const shift of ['COLLAPSE_RANGE', 'INSERT_RANGE']) {
    test(`the page before those that ${shift} moves`, () => {
      const text = `${MAPPED} t0: store(m0, 0x0, 1)\n t0: fallocate(f0, ${shift}, 0x1000, 4096)`;
      onlyOnXfs(text, (trace) => opsOf(trace, 'dax_writeback_one'), [3], []);
    });
  }
});

describe('XFS commits', () => {
  const commits = (trace: Trace): number[] => opsOf(trace, 'journal_commit');

  test('with fdatasync what only changed times since a sync(2), until somebody has forced its log', () => {
    const text = `file a pages 1 allocated 0
      t0: f0 = open("a")
      t0: pwrite(f0, 0x0, 8)
      t0: sync()
      t0: pwrite(f0, 0x0, 8)
      t0: fdatasync(f0)
      t0: pread(f0, 0x0, 8)
      t0: pread(f0, 0x0, 8)
      t0: pwrite(f0, 0x0, 8)
      t0: fdatasync(f0)`;
    const times = (trace: Trace): number[] => opsOf(trace, 'inode_time');
    onlyOnXfs(text, times, [1, 3, 7], [1, 3, 7]);
    onlyOnXfs(text, commits, [2, 4], [2]);
  });

  test('with fsync of a file that another has become a clone of, and only of the first clone', () => {
    const trace = traceOf(
      'xfs-reflink',
      `file a pages 1 allocated 1
      file b pages 1 allocated 0
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: reflink_range(f1, 0x0, 4096, f0, page 0)
      t0: fsync(f0)
      t0: reflink_range(f1, 0x1000, 4096, f0, page 0)
      t0: fsync(f0)`,
    );
    assert.deepEqual(commits(trace), [3]);
  });
});

describe('XFS keeps', () => {
  test('a block that a write has allocated and did not come to use', () => {
    const text = `file a pages 1 allocated 1
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: ftruncate(f0, 0x0)
      t0: pwrite_from(f0, 0x0, 1, m0, page 0)`;
    const freed = (trace: Trace): number =>
      opsOf(trace, 'extent_unmap').filter((op) => op === 3).length;
    onlyOnXfs(text, freed, 0, 1);
  });
});

describe('unsharing', () => {
  const TEXT = `file a pages 2 allocated 1
    file b pages 1 allocated 0
    t0: f0 = open("a")
    t0: f1 = open("b")
    t0: reflink_range(f1, 0x0, 4096, f0, page 0)
    t0: fallocate(f0, UNSHARE_RANGE, 0x1000, 4096)`;

  test('fills the holes of a file that has shared blocks', () => {
    const trace = traceOf('xfs-reflink', TEXT);
    const filled = eventsOf(trace, 'extent_map').filter((event) => trace.op(event) === 3);
    assert.deepEqual(
      filled.map((event) => trace.argument(event, AT.extent_map.page)),
      [1],
    );
  });

  test('leaves those of a file that never had any', () => {
    const trace = traceOf('xfs-reflink', TEXT.replace(/.*reflink_range.*\n/, ''));
    assert.deepEqual(opsOf(trace, 'extent_map'), []);
  });
});

describe('zeroing part of a shared page', () => {
  const text = `file a pages 1 allocated 0
    file b pages 1 allocated 0
    t0: f0 = open("a")
    t0: f1 = open("b")
    t0: pwrite(f0, 0x0, 4096)
    t0: reflink(f1, f0)
    t0: fallocate(f0, PUNCH_HOLE, 0x0, 64)
    t0: pread(f0, 0x0, 1)`;
  const readAndRemapped = (bugs: readonly string[]): [number, number[]] => {
    const { trace } = runText(text, { settings: { fs: 'xfs-reflink' }, bugs });
    const read = eventsOf(trace, 'load').at(-1) as number;
    return [trace.pool[trace.argument(read, AT.load.data)] as number, opsOf(trace, 'extent_remap')];
  };

  test('gives the file a block of its own', () => {
    assert.deepEqual(readAndRemapped([]), [0, [4]]);
  });

  test('did not in 6.1, where the zeros went to a block that nobody mapped (N08)', () => {
    assert.deepEqual(readAndRemapped(['N08']), [3, []]);
  });
});

describe('blocks that were freed', () => {
  const allocated = (blockCount: number): number[] => {
    const allocator = new BlockAllocator();
    allocator.reset(blockCount);
    const first = allocator.allocate();
    allocator.release(first, 1);
    allocator.committed(1);
    return [first, allocator.allocate()];
  };

  test('are used again at once on a small device, and last on a large one', () => {
    assert.deepEqual(allocated(LARGE_DEVICE - 1), [0, 0]);
    assert.deepEqual(allocated(LARGE_DEVICE), [0, 1]);
  });

  test('those in front of what files got at first included', () => {
    const allocator = new BlockAllocator();
    allocator.reset(LARGE_DEVICE);
    allocator.take(3);
    assert.equal(allocator.allocate(), 4);
  });
});

describe('a copied page', () => {
  const stagedFor = (geometry: string): number => {
    const { trace } = runText(
      `${geometry}
      file a pages 3 allocated 3
      file b pages 3 allocated 0
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: reflink_range(f1, 0x0, 4096, f0, page 0)
      t0: pwrite(f0, 0x0, 1)
      t0: pwrite(f0, 0x2000, 1)`,
      { settings: { fs: 'xfs-reflink' } },
    );
    return eventsOf(trace, 'extent_remap').length;
  };

  test('has its next neighbours copied on a small device, and many on a large one', () => {
    assert.equal(stagedFor('geometry page 4096 pmd 4 file-pages 8 blocks 16'), 1);
    assert.equal(stagedFor('geometry page 4096 pmd 512 file-pages 32 blocks 256'), 2);
  });
});
