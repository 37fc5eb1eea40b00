import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EFBIG, EINVAL, ENOSPC } from '../../src/kernel/types.js';
import { AT } from '../../src/trace/event.js';
import type { Trace } from '../../src/trace/trace.js';
import { dataByte } from '../../src/trace/trace.js';
import { eventsOf, resultsOf, runText, textOf } from '../helpers/lines.js';

/** The first byte of each load. */
function bytesRead(trace: Trace): number[] {
  return eventsOf(trace, 'load').map((event) =>
    dataByte(trace, trace.argument(event, AT.load.data), 0),
  );
}

/** Three pages of which each holds a byte of its own: 3, 4 and 5. */
const WRITTEN = `file a pages 3 allocated 3
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
  t0: store(m0, 0x0, 1)
  t0: store(m0, 0x1000, 1)
  t0: store(m0, 0x2000, 1)
`;
const READ = [0, 1, 2, 3].map((page) => `t0: load(m0, 0x${page}000, 1)`).join('\n');

describe('allocating', () => {
  test('makes room that reads as zeros, and becomes blocks of the file where it is written', () => {
    const { trace, violations } = runText(`file a pages 1 allocated 0
      t0: f0 = open("a")
      t0: fallocate(f0, ALLOCATE, 0x0, 8192)
      t0: pread(f0, 0x1000, 8)
      t0: pwrite(f0, 0x1000, 8)
      t0: fsync(f0)`);
    assert.deepEqual(resultsOf(trace), [0, 0, 8, 8, 0]);
    assert.deepEqual(bytesRead(trace), [0]);
    assert.deepEqual(textOf(trace, ['extent_map', 'i_size']), [
      't0  op 1  i_size ino=0 size=0x2000',
      't0  op 3  extent_map ino=0 page=1 block=1',
    ]);
    assert.deepEqual(violations, []);
  });

  test('can keep the size, and takes blocks from the others in any case', () => {
    const { trace } = runText(`geometry page 4096 pmd 4 file-pages 8 blocks 4
      file a pages 1 allocated 1
      file b pages 1 allocated 0
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: fallocate(f0, ALLOCATE_KEEP_SIZE, 0x1000, 12288)
      t0: pwrite(f1, 0x0, 8)
      t0: ftruncate(f0, 0x1000)
      t0: fsync(f0)
      t0: pwrite(f1, 0x0, 8)`);
    assert.deepEqual(resultsOf(trace), [0, 1, 0, ENOSPC, 0, 0, ENOSPC]);
    assert.deepEqual(eventsOf(trace, 'i_size'), []);
  });

  test('is given back by punching', () => {
    const { trace, violations } = runText(`geometry page 4096 pmd 4 file-pages 8 blocks 4
      file a pages 4 allocated 1
      file b pages 1 allocated 0
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: fallocate(f0, ALLOCATE, 0x1000, 12288)
      t0: fallocate(f0, PUNCH_HOLE, 0x1000, 4096)
      t0: fsync(f0)
      t0: pwrite(f1, 0x0, 8)`);
    assert.deepEqual(resultsOf(trace), [0, 1, 0, 0, 0, 8]);
    assert.deepEqual(violations, []);
  });
});

describe('zeroing', () => {
  test('keeps whole blocks, unwritten, and gives them back to the same pages', () => {
    const { trace, violations } = runText(`${WRITTEN}
      t0: fallocate(f0, ZERO_RANGE, 0x800, 6144)
      ${READ}
      t0: store(m0, 0x1000, 1)
      t0: fsync(f0)`);
    assert.deepEqual(bytesRead(trace), [3, 0, 5]);
    assert.deepEqual(textOf(trace, ['extent_unmap', 'extent_map', 'content']), [
      't0  op 5  extent_unmap ino=0 page=1 block=1',
      't0  op 10 extent_map ino=0 page=1 block=1',
      't0  op 10 content ino=0 length=4096 data=fill(0) offset=0x1000',
    ]);
    assert.deepEqual(violations, []);
  });
});

describe('collapsing', () => {
  test('takes a range out, and what is behind it keeps its bytes and its promises', () => {
    const { trace, violations } = runText(`${WRITTEN}
      t0: fallocate(f0, COLLAPSE_RANGE, 0x0, 4096)
      t0: fsync(f0)
      ${READ}`);
    assert.deepEqual(resultsOf(trace).slice(5, 7), [0, 0]);
    assert.deepEqual(bytesRead(trace), [4, 5], 'the third page is beyond the end now');
    assert.deepEqual(violations, []);
  });

  test('takes whole blocks only, and not the last ones', () => {
    const { trace } = runText(`${WRITTEN}
      t0: fallocate(f0, COLLAPSE_RANGE, 0x800, 4096)
      t0: fallocate(f0, COLLAPSE_RANGE, 0x1000, 8192)`);
    assert.deepEqual(resultsOf(trace).slice(5), [EINVAL, EINVAL]);
    assert.deepEqual(eventsOf(trace, 'extent_unmap'), []);
  });
});

describe('inserting', () => {
  test('opens a hole, and what was there keeps its bytes and its promises', () => {
    const { trace, violations } = runText(`${WRITTEN}
      t0: fallocate(f0, INSERT_RANGE, 0x1000, 4096)
      t0: fsync(f0)
      ${READ}`);
    assert.deepEqual(resultsOf(trace).slice(5, 7), [0, 0]);
    assert.deepEqual(bytesRead(trace), [3, 0, 4, 5]);
    assert.deepEqual(violations, []);
  });

  test('happens inside the file, up to the largest size there is', () => {
    const { trace } = runText(`${WRITTEN}
      t0: fallocate(f0, INSERT_RANGE, 0x3000, 4096)
      t0: fallocate(f0, INSERT_RANGE, 0x0, 24576)`);
    assert.deepEqual(resultsOf(trace).slice(5), [EINVAL, EFBIG]);
  });
});

test('a shift waits for pins', () => {
  const { execution } = runText(`${WRITTEN}
    t0: p0 = pin(m0, pages 0..1, WRITE)
    t0: spawn
    t1: fallocate(f0, INSERT_RANGE, 0x0, 4096)`);
  assert.equal(execution.stuck[0]?.op, 6);
});
