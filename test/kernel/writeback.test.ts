import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AT, EVENT } from '../../src/trace/event.js';
import { eventsOf, runText, textOf } from '../helpers/lines.js';

const MAPPED = `file a pages 4 allocated 4
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
`;

describe('writeback', () => {
  test('protects, flushes, clears the tags and fences, in this order', () => {
    const { trace } = runText(`${MAPPED}
      t0: store(m0, 0x40, 8)
      t0: fsync(f0)`);
    const [enter] = eventsOf(trace, 'op_enter').filter((event) => trace.op(event) === 3);
    const steps: string[] = [];
    for (let event = enter as number; event < trace.length; event++) {
      if (trace.kind(event) === EVENT.set_pte) steps.push('protect');
      if (trace.kind(event) === EVENT.flush) steps.push('flush');
      if (trace.kind(event) === EVENT.dax_tag && trace.argument(event, AT.dax_tag.set) === 0)
        steps.push(`clear ${trace.argument(event, AT.dax_tag.tag)}`);
      if (trace.kind(event) === EVENT.fence && trace.argument(event, AT.fence.how) === 0)
        steps.push('fence');
    }
    const cleaning = ['protect', 'flush', 'flush', 'clear 1', 'clear 2'];
    assert.deepEqual(steps, [...cleaning, 'fence', 'fence'], 'the fences are those of the commit');
  });

  test('makes the next store fault again, and the fsync after it flush again', () => {
    const { trace } = runText(`${MAPPED}
      t0: store(m0, 0x40, 8)
      t0: fsync(f0)
      t0: store(m0, 0x40, 8)
      t0: store(m0, 0x48, 8)
      t0: fsync(f0)
      t0: fsync(f0)`);
    const faults = eventsOf(trace, 'fault').map((event) => trace.op(event));
    assert.deepEqual(faults, [2, 4]);
    const written = eventsOf(trace, 'dax_writeback_one').map((event) => trace.op(event));
    assert.deepEqual(written, [3, 6], 'the last fsync finds nothing dirty');
  });

  test('of a huge page protects and flushes all of it', () => {
    const { trace } = runText(`file a pages 4 allocated 4
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
      t0: store(m0, 0x40, 8)
      t0: fsync(f0)`);
    const flushed = eventsOf(trace, 'flush').reduce(
      (sum, event) => sum + trace.argument(event, AT.flush.length),
      0,
    );
    assert.equal(flushed, 4 * 4096);
  });

  test('by msync covers its range and no more', () => {
    const { trace } = runText(`${MAPPED}
      t0: store(m0, 0x40, 8)
      t0: store(m0, 0x2040, 8)
      t0: msync(m0, pages 2..3, MS_SYNC)`);
    const pages = eventsOf(trace, 'dax_writeback_one').map((event) =>
      trace.argument(event, AT.dax_writeback_one.page),
    );
    assert.deepEqual(pages, [2]);
  });

  test('by sync visits dirty inodes once and takes clean ones off the list', () => {
    const { trace } = runText(`${MAPPED}
      t0: store(m0, 0x40, 8)
      t0: sync()
      t0: sync()`);
    const visits = eventsOf(trace, 'writeback_single_inode').map((event) => trace.op(event));
    assert.deepEqual(visits, [3]);
    assert.deepEqual(
      eventsOf(trace, 'mark_inode_dirty').map((event) =>
        trace.argument(event, AT.mark_inode_dirty.dirty),
      ),
      [1, 0],
    );
  });

  test('waits for the entry that another fsync is flushing, and then has nothing to do', () => {
    const { trace, verdict } = runText(
      `${MAPPED}
      t0: spawn
      t0: store(m0, 0x40, 8)
      t0: fsync(f0)
      t1: fsync(f0)`,
      {
        schedule:
          'start -> t0\nt0 op 3 at dax_writeback_one:locked #1 -> t1\nt1 op 4 at wait:dax_entry #1 -> t0\n',
      },
    );
    const written = eventsOf(trace, 'dax_writeback_one').map((event) => trace.op(event));
    assert.deepEqual(written, [3]);
    const exits = eventsOf(trace, 'op_exit').filter((event) => trace.op(event) >= 3);
    const done = eventsOf(trace, 'dax_writeback_one_done')[0] as number;
    for (const exit of exits) assert.ok(exit > done, 'neither fsync returns before the flush');
    assert.deepEqual(verdict.violations, []);
  });
});

describe('metadata', () => {
  test('is committed by fsync, and by fdatasync where reading the data needs it', () => {
    const program = (call: string): string => `file a pages 2 allocated 0
      t0: f0 = open("a")
      t0: pwrite(f0, 0x0, 8)
      t0: ${call}(f0)
      t0: ${call}(f0)`;
    for (const call of ['fsync', 'fdatasync']) {
      const { trace } = runText(program(call));
      assert.equal(eventsOf(trace, 'journal_commit').length, 1, call);
    }
  });

  test('is fenced before its record and after it', () => {
    const { trace } = runText(`file a pages 1 allocated 0
      t0: f0 = open("a")
      t0: pwrite(f0, 0x0, 8)
      t0: fsync(f0)`);
    const lines = textOf(trace, ['journal_commit', 'fence']).map((line) => line.split(/\s+/)[3]);
    const commit = lines.indexOf('journal_commit');
    assert.equal(lines[commit - 1], 'fence');
    assert.equal(lines[commit + 1], 'fence');
  });

  test('of freed blocks must be committed before they are used again', () => {
    const { trace } = runText(`geometry page 4096 pmd 4 file-pages 8 blocks 2
      file a pages 2 allocated 2
      file b pages 0 allocated 0
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: ftruncate(f0, 0x0)
      t0: pwrite(f1, 0x0, 8)
      t0: fsync(f0)
      t0: pwrite(f1, 0x0, 8)`);
    const results = eventsOf(trace, 'op_exit').map((event) =>
      trace.argument(event, AT.op_exit.result),
    );
    assert.deepEqual(results.slice(3), [-28, 0, 8]);
  });
});
