import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AT, PTE, TAG } from '../../src/trace/event.js';
import { eventsOf, resultsOf, runText, textOf } from '../helpers/lines.js';

const OPEN = 't0: f0 = open("a")\n';

describe('a page fault', () => {
  test('maps a huge page where address, length and blocks allow it', () => {
    const { trace } = runText(`file a pages 4 allocated 4
      ${OPEN} t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
      t0: store(m0, 0x2040, 8)`);
    assert.deepEqual(textOf(trace, ['set_pte']), [
      't0  op 2  set_pte vpage=0 pages=4 state=2 ino=0 page=0 why=0',
    ]);
  });

  test('maps a small page where the mapping is not aligned, or too short, or the file is', () => {
    const unaligned = 'file a pages 4 allocated 4\n#0..4, MAP_SHARED|UNALIGNED';
    const short = 'file a pages 4 allocated 4\n#0..3, MAP_SHARED';
    const small = 'file a pages 3 allocated 3\n#0..4, MAP_SHARED';
    for (const shape of [unaligned, short, small]) {
      const [file, mapping] = shape.split('\n#') as [string, string];
      const { trace } = runText(`${file}
        ${OPEN} t0: m0 = mmap(f0, pages ${mapping})
        t0: store(m0, 0x40, 8)`);
      const [pte] = eventsOf(trace, 'set_pte');
      assert.equal(trace.argument(pte as number, AT.set_pte.pages), 1, shape);
    }
  });

  test('that writes allocates a block, zeroes it, and tags the entry before the page is writable', () => {
    const text = `file a pages 1 allocated 0
      ${OPEN} t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: store(m0, 0x40, 8)`;
    // On ext4 the time update has listed the inode before.
    const { trace } = runText(text, { settings: { fs: 'xfs' } });
    const kinds = textOf(trace, [
      'store',
      'extent_map',
      'dax_insert_entry',
      'dax_tag',
      'mark_inode_dirty',
      'set_pte',
    ]).map((line) => line.split(/\s+/)[3]);
    assert.deepEqual(kinds, [
      'dax_insert_entry', // the empty entry that carries the lock
      'store', // zeros
      'extent_map',
      'dax_insert_entry',
      'dax_tag',
      'mark_inode_dirty',
      'set_pte',
      'store', // the user's
    ]);
  });

  test('that reads a hole maps the zero page; the first write takes it away from every mapping', () => {
    const { trace, verdict } = runText(`file a pages 1 allocated 0
      ${OPEN} t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: m1 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: load(m0, 0x40, 8)
      t0: load(m1, 0x40, 8)
      t0: store(m0, 0x40, 8)
      t0: load(m1, 0x40, 8)`);
    const states = eventsOf(trace, 'set_pte').map((event) =>
      trace.argument(event, AT.set_pte.state),
    );
    assert.deepEqual(states, [3, 3, 0, 0, 2, 1], 'zero twice, both gone, writable, read-only');
    assert.deepEqual(verdict.violations, []);
  });

  test('beyond the end of the file, or without permission, fails and changes nothing', () => {
    const { trace } = runText(`file a pages 1 allocated 1
      ${OPEN} t0: m0 = mmap(f0, pages 0..2, MAP_SHARED)
      t0: m1 = mmap(f0, pages 0..1, MAP_SHARED|PROT_READ)
      t0: store(m0, 0x1040, 8)
      t0: store(m1, 0x40, 8)`);
    assert.deepEqual(resultsOf(trace).slice(3), [-14, -14]);
    assert.deepEqual(eventsOf(trace, 'store'), []);
  });

  test('of a private mapping copies the page, and the file never sees what is stored there', () => {
    const { trace, verdict } = runText(`file a pages 1 allocated 1
      ${OPEN} t0: m0 = mmap(f0, pages 0..1, MAP_PRIVATE)
      t0: m1 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: store(m1, 0x40, 8)
      t0: store(m0, 0x40, 8)
      t0: load(m1, 0x40, 8)
      t0: load(m0, 0x40, 8)
      t0: fsync(f0)`);
    const data = eventsOf(trace, 'load').map((event) => trace.argument(event, AT.load.data));
    const ofFile = (event: number): boolean => trace.argument(event, AT.store.ino) >= 0;
    assert.equal(eventsOf(trace, 'store').filter(ofFile).length, 1);
    assert.equal(trace.pool[data[0] as number], 4, 'operation 3 stored 4');
    assert.equal(trace.pool[data[1] as number], 5, 'operation 4 stored 5 in its copy');
    assert.deepEqual(verdict.violations, []);
  });

  test('of a MAP_SYNC mapping commits the block map before the page is writable', () => {
    const { trace } = runText(`file a pages 1 allocated 0
      ${OPEN} t0: m0 = mmap(f0, pages 0..1, MAP_SHARED|MAP_SYNC)
      t0: store(m0, 0x40, 8)`);
    const [commit] = eventsOf(trace, 'journal_commit');
    const writable = eventsOf(trace, 'set_pte').find(
      (event) => trace.argument(event, AT.set_pte.state) === PTE.writable,
    );
    assert.ok((commit as number) < (writable as number));
  });

  test('of a MAP_SYNC mapping commits, in the page in which the file ends, even if all is on media', () => {
    const commitsOf = (size: string): number[] => {
      const { trace } = runText(`file a pages 1 allocated 1
        ${OPEN} t0: m0 = mmap(f0, pages 0..1, MAP_SHARED|MAP_SYNC)
        t0: ftruncate(f0, ${size})
        t0: fsync(f0)
        t0: store(m0, 0x0, 8)`);
      return eventsOf(trace, 'dax_writeback_range').map((event) => trace.op(event));
    };
    assert.deepEqual(commitsOf('0x1000'), [3]);
    assert.deepEqual(commitsOf('0x800'), [3, 4]);
  });

  test('on a full device fails with SIGBUS and leaves no block behind', () => {
    const { trace } = runText(`geometry page 4096 pmd 4 file-pages 8 blocks 1
      file a pages 2 allocated 1
      ${OPEN} t0: m0 = mmap(f0, pages 0..2, MAP_SHARED)
      t0: store(m0, 0x1040, 8)
      t0: pwrite(f0, 0x1000, 8)`);
    assert.deepEqual(resultsOf(trace).slice(2), [-14, -28]);
    assert.deepEqual(eventsOf(trace, 'extent_map'), []);
  });
});

describe('mprotect and munmap', () => {
  test('write permission comes back with the next fault, which tags the entry again', () => {
    const { trace, verdict } = runText(`file a pages 1 allocated 1
      ${OPEN} t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: store(m0, 0x40, 8)
      t0: mprotect(m0, pages 0..1, PROT_READ)
      t0: store(m0, 0x40, 8)
      t0: fsync(f0)
      t0: mprotect(m0, pages 0..1, PROT_WRITE)
      t0: store(m0, 0x40, 8)
      t0: fsync(f0)`);
    assert.equal(resultsOf(trace)[4], -14);
    const set = eventsOf(trace, 'dax_tag').filter(
      (event) =>
        trace.argument(event, AT.dax_tag.tag) === TAG.dirty &&
        trace.argument(event, AT.dax_tag.set) === 1,
    );
    assert.equal(set.length, 2);
    assert.deepEqual(verdict.violations, []);
  });

  test('of a part splits the mapping; the rest stays usable, a huge page over the border goes', () => {
    const { trace } = runText(`file a pages 4 allocated 4
      ${OPEN} t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
      t0: store(m0, 0x40, 8)
      t0: munmap(m0, pages 1..2)
      t0: store(m0, 0x1040, 8)
      t0: store(m0, 0x2040, 8)
      t0: munmap(m0, pages 0..4)
      t0: store(m0, 0x40, 8)
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)`);
    assert.deepEqual(resultsOf(trace).slice(2), [0, 0, -14, 0, 0, -14, 0]);
  });

  test('a slot that is in use is not mapped again', () => {
    const { trace } = runText(`file a pages 1 allocated 1
      ${OPEN} t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: m1 = mmap(f1, pages 0..1, MAP_SHARED)
      t0: m1 = mmap(f0, pages 0..1, MAP_PRIVATE|MAP_SYNC)`);
    assert.deepEqual(resultsOf(trace).slice(2), [-16, -9, -22]);
  });
});
