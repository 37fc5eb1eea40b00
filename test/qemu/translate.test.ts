/** Raw traces written by hand, as what the oracle reads. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EVENT, FLUSH } from '../../src/trace/event.js';
import type { Trace } from '../../src/trace/trace.js';
import { dataByte } from '../../src/trace/trace.js';
import { argumentsOf } from '../../src/trace/arguments.js';
import { eventsOf, resultsOf, textOf } from '../helpers/lines.js';
import { PAGE, RawProgram } from '../helpers/raw-program.js';

const OPENED = `file a pages 4 allocated 4
  file b pages 2 allocated 2
  t0: f0 = open("a")
  t0: f1 = open("b")
  t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
`;

/** Both files are open, and "a" is mapped; four blocks from 8 on, two from 20 on. */
const opened = (): RawProgram =>
  new RawProgram()
    .layout(0, 4 * PAGE, [[0, 8, 4]])
    .layout(1, 2 * PAGE, [[0, 20, 2]])
    .done(0, 1, 2);

const WORD = [1, 2, 3, 4, 5, 6, 7, 8];

const storesOf = (trace: Trace): ReturnType<typeof argumentsOf<'store'>>[] =>
  eventsOf(trace, 'store').map((event) => argumentsOf<'store'>(trace, event));

const CHANGES = ['extent_map', 'extent_unmap', 'i_size', 'content'] as const;

describe('a store in a raw trace', () => {
  test('belongs to the file and the offset that its block has, and to its operation', () => {
    const { trace } = opened()
      .enter(3)
      .store(9 * PAGE + 0x40, WORD)
      .exit(3)
      .translated(`${OPENED} t0: store(m0, 0x1040, 8)`);
    const [store] = storesOf(trace);
    assert.deepEqual([store?.ino, store?.offset, store?.length], [0, PAGE + 0x40, 8]);
    assert.equal(trace.op(eventsOf(trace, 'store')[0] ?? -1), 3);
    assert.equal(dataByte(trace, store?.data ?? 0, 7), 8);
  });

  test('of a block that no file has is of none, and one behind the file system is left out', () => {
    const { trace } = opened()
      .enter(3)
      .kernelStore(40 * PAGE, WORD)
      .kernelStore(64 * PAGE, WORD)
      .exit(3)
      .translated(`${OPENED} t0: fsync(f0)`);
    assert.deepEqual(
      storesOf(trace).map(({ ino, address }) => [ino, address]),
      [[-1, 40 * PAGE]],
    );
  });

  test('goes on where the last one ended, up to the end of a page', () => {
    const { trace } = opened()
      .enter(3)
      .store(9 * PAGE - 16, WORD)
      .store(9 * PAGE - 8, WORD)
      .store(9 * PAGE, WORD)
      .store(9 * PAGE + 16, WORD)
      .exit(3)
      .translated(`${OPENED} t0: store(m0, 0xff0, 40)`);
    assert.deepEqual(
      storesOf(trace).map(({ offset, length }) => [offset, length]),
      [
        [PAGE - 16, 16],
        [PAGE, 8],
        [PAGE + 16, 8],
      ],
    );
  });

  test('is no part of a run of another CPU, or of one before a write-back', () => {
    const { trace } = opened()
      .enter(3)
      .enter(4, 1)
      .store(8 * PAGE, WORD)
      .store(8 * PAGE + 8, WORD, 1)
      .flush(8 * PAGE)
      .store(8 * PAGE + 16, WORD, 1)
      .exit(3)
      .exit(4, 0, 1)
      .translated(`${OPENED} t0: store(m0, 0x0, 8)\n t1: store(m0, 0x8, 16)`);
    assert.deepEqual(
      eventsOf(trace, 'store').map((event) => [trace.task(event), trace.op(event)]),
      [
        [0, 3],
        [1, 4],
        [1, 4],
      ],
    );
  });

  test('to a block that its own operation has allocated is in the file', () => {
    const { trace } = opened()
      .enter(3)
      .kernelStore(30 * PAGE, WORD)
      .layout(1, 3 * PAGE, [
        [0, 20, 2],
        [2, 30, 1],
      ])
      .exit(3, 8)
      .translated(`${OPENED} t0: pwrite(f1, 0x2000, 8)`);
    assert.deepEqual(
      storesOf(trace).map(({ ino, offset }) => [ino, offset]),
      [[1, 2 * PAGE]],
    );
    assert.deepEqual(textOf(trace, CHANGES), [
      't0  op 3  extent_map ino=1 page=2 block=30',
      't0  op 3  i_size ino=1 size=0x3000',
    ]);
    assert.equal(resultsOf(trace)[3], 8);
  });
});

describe('write-backs and fences', () => {
  test('are kept where they complete something', () => {
    const { trace } = opened()
      .enter(3)
      .fence()
      .store(8 * PAGE, WORD)
      .flush(8 * PAGE + 8)
      .fence()
      .fence()
      .exit(3)
      .translated(`${OPENED} t0: fsync(f0)`);
    assert.deepEqual(textOf(trace, ['flush', 'fence']), [
      `t0  op 3  flush address=0x8000 length=64 how=${FLUSH.clwb}`,
      't0  op 3  fence how=0',
    ]);
  });
});

describe('blocks that change hands', () => {
  test('bring nothing when they were free in between: the kernel has to clear them', () => {
    const { trace } = opened()
      .enter(3)
      .layout(0, 0, [])
      .exit(3)
      .enter(4)
      .layout(1, 3 * PAGE, [
        [0, 20, 2],
        [2, 8, 1],
      ])
      .exit(4, 8)
      .translated(`${OPENED} t0: ftruncate(f0, 0x0)\n t0: pwrite(f1, 0x2000, 8)`);
    assert.equal(eventsOf(trace, 'extent_unmap').length, 4);
    assert.deepEqual(eventsOf(trace, 'content'), []);
  });

  test('bring what they hold when a range is collapsed, stores of the program included', () => {
    const { trace } = opened()
      .hold(10, 0x77)
      .enter(3)
      .store(9 * PAGE + 8, WORD)
      .exit(3)
      .enter(4)
      .layout(0, 3 * PAGE, [[0, 9, 3]])
      .exit(4)
      .translated(
        `${OPENED} t0: store(m0, 0x1008, 8)\n t0: fallocate(f0, COLLAPSE_RANGE, 0x0, 4096)`,
      );
    const brought = eventsOf(trace, 'content').map((event) => argumentsOf<'content'>(trace, event));
    assert.deepEqual(
      brought.map(({ ino, offset, length }) => [ino, offset, length]),
      [
        [0, 0, PAGE],
        [0, PAGE, PAGE],
        [0, 2 * PAGE, PAGE],
      ],
    );
    const [first, second, third] = brought;
    assert.deepEqual(
      [7, 8, 15, 16].map((at) => dataByte(trace, first?.data ?? 0, at)),
      [0, 1, 8, 0],
    );
    assert.deepEqual([second?.data, third?.data], [-1 - 0x77, -1]);
    assert.equal(trace.kind(eventsOf(trace, 'op_exit').at(-1) ?? -1), EVENT.op_exit);
  });

  test('of a file that grew by insertion have room beyond the bound of the program', () => {
    const { trace, disk } = opened()
      .enter(3)
      .layout(0, 9 * PAGE, [
        [0, 8, 1],
        [6, 9, 3],
      ])
      .exit(3)
      .translated(`${OPENED} t0: fallocate(f0, INSERT_RANGE, 0x1000, 20480)`);
    assert.equal(disk.layout.geometry.filePagesMax, 8 + 5);
    assert.deepEqual(textOf(trace, ['i_size']), ['t0  op 3  i_size ino=0 size=0x9000']);
    assert.deepEqual(
      eventsOf(trace, 'content').map((event) => argumentsOf<'content'>(trace, event).offset),
      [6 * PAGE, 7 * PAGE, 8 * PAGE],
    );
  });
});

describe('blocks that two files share', () => {
  /** "b" shares the first block of "a". */
  const shared = (): RawProgram =>
    opened()
      .hold(8, 0x55)
      .enter(3)
      .layout(1, 2 * PAGE, [
        [0, 8, 1],
        [1, 21, 1],
      ])
      .exit(3);
  const SHARED = `${OPENED} t0: reflink_range(f1, 0x0, 4096, f0, page 0)\n`;

  test('bring the bytes of the one to the other, and stay with the first', () => {
    const { trace } = shared().translated(SHARED);
    assert.deepEqual(textOf(trace, CHANGES), [
      't0  op 3  extent_unmap ino=1 page=0 block=20',
      't0  op 3  extent_map ino=1 page=0 block=8',
      't0  op 3  content ino=1 length=4096 data=fill(85) offset=0x0',
    ]);
  });

  test('are stored to for the file that the operation means', () => {
    const { trace } = shared()
      .enter(4)
      .kernelStore(8 * PAGE, WORD)
      .exit(4, 8)
      .enter(5)
      .store(8 * PAGE + 8, WORD)
      .exit(5)
      .translated(`${SHARED} t0: pwrite(f1, 0x0, 8)\n t0: store(m0, 0x8, 8)`);
    assert.deepEqual(
      storesOf(trace).map(({ ino, offset }) => [ino, offset]),
      [
        [1, 0],
        [0, 8],
      ],
    );
    assert.equal(eventsOf(trace, 'content').length, 1);
  });

  test('show a store in both while nobody can tell whether they were shared before it', () => {
    const { trace } = opened()
      .enter(3)
      .enter(4, 1)
      .store(8 * PAGE + 8, WORD, 1)
      .exit(4, 0, 1)
      .layout(1, 2 * PAGE, [
        [0, 8, 1],
        [1, 21, 1],
      ])
      .exit(3)
      .translated(`${OPENED} t0: reflink_range(f1, 0x0, 4096, f0, page 0)\n t1: store(m0, 0x8, 8)`);
    assert.deepEqual(
      storesOf(trace).map(({ ino, offset }) => [ino, offset]),
      [[0, 8]],
    );
    assert.deepEqual(
      eventsOf(trace, 'content')
        .map((event) => argumentsOf<'content'>(trace, event))
        .map(({ ino, offset, length }) => [ino, offset, length]),
      [
        [1, 0, PAGE],
        [1, 8, 8],
      ],
    );
  });

  test('belong to the other alone when one has let go', () => {
    const { trace } = shared()
      .enter(4)
      .layout(0, 0, [])
      .exit(4)
      .enter(5)
      .kernelStore(8 * PAGE, WORD)
      .exit(5, 8)
      .translated(`${SHARED} t0: ftruncate(f0, 0x0)\n t0: pwrite(f1, 0x0, 8)`);
    assert.deepEqual(
      storesOf(trace).map(({ ino, offset }) => [ino, offset]),
      [[1, 0]],
    );
  });
});
