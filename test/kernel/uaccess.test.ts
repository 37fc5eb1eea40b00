/** Reads and writes whose buffer is memory of a file. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EFAULT } from '../../src/kernel/types.js';
import { eventsOf, resultsOf, runText, textOf } from '../helpers/lines.js';

const FILES = `file a pages 2 allocated 2
  file b pages 2 allocated 2
  t0: f0 = open("a")
  t0: f1 = open("b")
  t0: m0 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
  t0: store(m0, 0xff8, 16)
`;

describe('a write from a mapping', () => {
  test('takes the bytes that the mapping shows, across its pages', () => {
    const { trace, violations } = runText(`${FILES}
      t0: pwrite_from(f1, 0x10, 5000, m0, page 0)
      t0: fsync(f1)
      t0: pread(f1, 0x1008, 16)`);
    assert.deepEqual(resultsOf(trace).slice(4), [5000, 0, 16]);
    assert.match(textOf(trace, ['load']).at(-1) ?? '', /data=(04){16} /);
    assert.deepEqual(violations, []);
  });

  test('ends where the mapping has no memory', () => {
    const { trace } = runText(`${FILES}
      t0: pwrite_from(f1, 0x0, 8192, m0, page 1)
      t0: pwrite_from(f1, 0x0, 8, m0, page 2)
      t0: pwrite_from(f1, 0x0, 8, m1, page 0)`);
    assert.deepEqual(resultsOf(trace).slice(4), [4096, EFAULT, EFAULT]);
  });

  test('that fails gives back what it has allocated beyond the end of the file', () => {
    const { trace, violations } = runText(`${FILES}
      t0: pwrite_from(f1, 0x2000, 8, m0, page 2)
      t0: fsync(f1)`);
    assert.equal(resultsOf(trace)[4], EFAULT);
    const allocated = eventsOf(trace, 'extent_map').length;
    assert.deepEqual([allocated, eventsOf(trace, 'extent_unmap').length], [1, 1]);
    assert.deepEqual(eventsOf(trace, 'i_size'), []);
    assert.deepEqual(violations, []);
  });
});

describe('a read into a mapping', () => {
  test('stores to the file behind the mapping, which fsync then makes durable', () => {
    const { trace, violations } = runText(`${FILES}
      t0: fsync(f0)
      t0: pread_into(f0, 0xff8, 16, m0, page 1)
      t0: fsync(f0)
      t0: load(m0, 0x1000, 16)`);
    assert.deepEqual(resultsOf(trace).slice(4), [0, 16, 0, 0]);
    assert.match(textOf(trace, ['load']).at(-1) ?? '', /data=(04){16} /);
    assert.ok(textOf(trace, ['dax_tag']).some((tag) => / op 5 .* set=1/.test(tag)));
    assert.deepEqual(violations, []);
  });

  test('fails where the mapping has no memory, but for a hole, of which it reads nothing', () => {
    const { trace } = runText(`${FILES}
      t0: fallocate(f1, PUNCH_HOLE, 0x0, 4096)
      t0: pread_into(f0, 0x0, 8, m0, page 3)
      t0: pread_into(f1, 0x0, 8, m0, page 3)`);
    assert.deepEqual(resultsOf(trace).slice(5), [EFAULT, 0]);
  });

  test('of a private mapping stores to the copy', () => {
    const { trace, violations } = runText(`${FILES}
      t0: m1 = mmap(f1, pages 0..2, MAP_PRIVATE)
      t0: pread_into(f0, 0xff8, 8, m1, page 0)
      t0: load(m1, 0x0, 8)
      t0: pread(f1, 0x0, 8)`);
    const [copy, file] = textOf(trace, ['load']).slice(-2);
    assert.match(copy ?? '', /data=(04){8} /);
    assert.match(file ?? '', /data=(00){8} /);
    assert.deepEqual(violations, []);
  });
});
