import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AT, STORE } from '../../src/trace/event.js';
import type { Ran, Setup } from '../helpers/lines.js';
import { eventsOf, resultsOf, runText } from '../helpers/lines.js';

const EINVAL = -22;
const EOPNOTSUPP = -95;
const SHARING = { fs: 'xfs-reflink' } as const;

const run = (text: string, setup: Setup = {}): Ran =>
  runText(text, { ...setup, settings: SHARING });

/** Two files, one block in both. */
const CLONED = `file a pages 2 allocated 2
  file b pages 1 allocated 0
  t0: f0 = open("a")
  t0: f1 = open("b")
  t0: m0 = mmap(f0, pages 0..2, MAP_SHARED|UNALIGNED)
  t0: pwrite(f0, 0x0, 4096)
  t0: reflink_range(f1, 0x0, 4096, f0, page 0)
`;

const blockOf = ({ trace }: Ran, event: number | undefined): number =>
  trace.argument(event as number, AT.extent_remap.block);

describe('cloning', () => {
  test('is refused where the file system shares no blocks', () => {
    const { trace, violations } = runText(CLONED);
    assert.equal(resultsOf(trace)[4], EOPNOTSUPP);
    assert.deepEqual(violations, []);
  });

  test('gives the other file the same block, with what is in it', () => {
    const ran = run(`${CLONED} t0: pread(f1, 0x0, 8)`);
    const [map] = eventsOf(ran.trace, 'extent_map');
    assert.equal(ran.trace.argument(map as number, AT.extent_map.block), 0);
    assert.equal(resultsOf(ran.trace)[5], 8);
    assert.deepEqual(ran.violations, []);
  });

  test('takes whole blocks, inside the source, that do not overlap', () => {
    const { trace, violations } = run(`file a pages 2 allocated 2
      file b pages 2 allocated 2
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: reflink_range(f1, 0x40, 4096, f0, page 0)
      t0: reflink_range(f1, 0x0, 64, f0, page 0)
      t0: reflink_range(f1, 0x0, 8192, f0, page 1)
      t0: reflink_range(f0, 0x1000, 8192, f0, page 0)
      t0: reflink_range(f0, 0x1000, 4096, f0, page 0)`);
    assert.deepEqual(resultsOf(trace).slice(2), [EINVAL, EINVAL, EINVAL, EINVAL, 0]);
    assert.deepEqual(violations, []);
  });

  test('writes back what was stored to the source before', () => {
    const { trace, violations } = run(`file a pages 1 allocated 1
      file b pages 1 allocated 0
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: store(m0, 0x0, 8)
      t0: reflink(f1, f0)
      t0: fsync(f1)`);
    const flushed = eventsOf(trace, 'dax_writeback_one')[0] as number;
    assert.ok(flushed < (eventsOf(trace, 'extent_map')[0] as number));
    assert.deepEqual(violations, []);
  });

  test('waits for pins of either file', () => {
    const { execution } = run(`${CLONED}
      t0: p0 = pin(m0, pages 1..2, WRITE)
      t0: spawn
      t1: reflink(f1, f0)`);
    assert.deepEqual(
      execution.stuck.map(({ op }) => op),
      [6],
    );
  });
});

describe('a write to a shared block', () => {
  test('by write(2) goes to another one, which is filled and flushed before it is remapped', () => {
    const ran = run(`${CLONED} t0: pwrite(f0, 0x80, 8)\n t0: pread(f0, 0x0, 4096)`);
    const { trace } = ran;
    const [remap, ...others] = eventsOf(trace, 'extent_remap');
    assert.equal(others.length, 0);
    assert.notEqual(blockOf(ran, remap), 0);
    const copies = eventsOf(trace, 'store').filter(
      (event) => trace.argument(event, AT.store.how) === STORE.kernel && trace.op(event) === 5,
    );
    assert.deepEqual(
      copies.map((event) => trace.argument(event, AT.store.length)),
      [0x80, 0xf78],
    );
    const flush = eventsOf(trace, 'flush')
      .filter((event) => event < (remap as number))
      .at(-1);
    assert.ok((flush as number) > (copies.at(-1) as number));
    assert.deepEqual(ran.violations, []);
  });

  test('by a store does so in the fault, and the other file keeps its bytes', () => {
    const ran = run(`${CLONED} t0: store(m0, 0x80, 8)\n t0: pread(f1, 0x80, 8)\n t0: sync()`);
    assert.equal(eventsOf(ran.trace, 'extent_remap').length, 1);
    const load = eventsOf(ran.trace, 'load')[0] as number;
    const data = ran.trace.argument(load, AT.load.data);
    assert.equal(data < 0 ? -1 - data : ran.trace.pool[data], 4); // what operation 3 wrote
    assert.deepEqual(ran.violations, []);
  });

  test('goes to the same block once the other file has let go of it, and that is on media', () => {
    const released = `${CLONED} t0: pwrite(f1, 0x0, 8)\n`;
    const early = run(`${released} t0: pwrite(f0, 0x0, 8)`);
    assert.equal(eventsOf(early.trace, 'extent_remap').length, 2);
    const late = run(`${released} t0: sync()\n t0: pwrite(f0, 0x0, 8)`);
    assert.equal(eventsOf(late.trace, 'extent_remap').length, 1);
    assert.deepEqual([...early.violations, ...late.violations], []);
  });

  test('stages the neighbour, too: it is copied at its next write, shared or a hole', () => {
    const ran = run(`${CLONED} t0: pwrite(f0, 0x0, 8)\n t0: pwrite(f0, 0x1000, 8)`);
    assert.equal(eventsOf(ran.trace, 'extent_remap').length, 2);
    assert.deepEqual(ran.violations, []);
  });

  test('leaves no PMD over shared pages', () => {
    const { trace, violations } = run(`file a pages 4 allocated 4
      file b pages 1 allocated 0
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
      t0: load(m0, 0x0, 8)
      t0: reflink_range(f1, 0x0, 4096, f0, page 0)
      t0: store(m0, 0x0, 8)
      t0: fsync(f0)`);
    const last = eventsOf(trace, 'dax_insert_entry').at(-1) as number;
    assert.equal(trace.argument(last, AT.dax_insert_entry.pages), 1);
    assert.deepEqual(violations, []);
  });

  test('to a pinned page cannot be: who pins it gets a block of its own first', () => {
    const ran = run(`${CLONED}
      t0: p0 = pin(m0, pages 0..1, READ)
      t0: pwrite(f0, 0x0, 8)
      t0: dma_read(p0, 0x0, 8)`);
    const [remap, ...others] = eventsOf(ran.trace, 'extent_remap');
    assert.ok((remap as number) < (eventsOf(ran.trace, 'pin')[0] as number));
    assert.deepEqual([others, ran.violations], [[], []]);
  });

  test('fails where no block is free, and changes nothing', () => {
    const { trace, violations } = run(`geometry page 4096 pmd 4 file-pages 8 blocks 1
      file a pages 1 allocated 1
      file b pages 1 allocated 0
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: reflink(f1, f0)
      t0: pwrite(f1, 0x0, 8)
      t0: ftruncate(f1, 0x40)
      t0: fallocate(f1, UNSHARE_RANGE, 0x0, 4096)
      t0: pread(f1, 0x0, 4096)`);
    assert.deepEqual(resultsOf(trace).slice(3), [-28, -28, -28, 4096]);
    assert.deepEqual(violations, []);
  });
});

describe('unsharing and zeroing', () => {
  test('give every shared page that they touch a block of its own', () => {
    for (const call of [
      'fallocate(f0, UNSHARE_RANGE, 0x400, 100)',
      'fallocate(f0, ZERO_RANGE, 0x400, 100)',
      'fallocate(f0, PUNCH_HOLE, 0x400, 100)',
      'ftruncate(f0, 0x400)',
    ]) {
      const ran = run(`${CLONED} t0: ${call}\n t0: pread(f1, 0x0, 4096)\n t0: sync()`);
      assert.equal(eventsOf(ran.trace, 'extent_remap').length, 1, call);
      assert.deepEqual(ran.violations, [], call);
    }
  });

  test('leave a whole page that goes away where it is: the other file keeps the block', () => {
    const ran = run(`${CLONED} t0: fallocate(f0, PUNCH_HOLE, 0x0, 4096)\n t0: pread(f1, 0x0, 64)`);
    assert.deepEqual(eventsOf(ran.trace, 'extent_remap'), []);
    assert.deepEqual(ran.violations, []);
  });
});

test('what is staged is given back when the file is truncated', () => {
  const blockAfter = (cut: string): number => {
    const ran = run(`geometry page 4096 pmd 2 file-pages 2 blocks 4
      file a pages 1 allocated 1
      file b pages 1 allocated 0
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: reflink(f1, f0)
      t0: pwrite(f0, 0x0, 8)
      ${cut}
      t0: pwrite(f1, 0x0, 8)`);
    assert.deepEqual(ran.violations, []);
    return blockOf(ran, eventsOf(ran.trace, 'extent_remap').at(-1));
  };
  assert.equal(blockAfter(''), 3); // 1 is page 0 of "a", 2 is staged for its page 1
  assert.equal(blockAfter('t0: ftruncate(f0, 0x0)'), 2);
});

test('mainline holds under every switch of two threads at one point of a write to a shared page', () => {
  const text = `file a pages 2 allocated 2
    file b pages 1 allocated 0
    t0: f0 = open("a")
    t0: f1 = open("b")
    t0: m0 = mmap(f0, pages 0..2, MAP_SHARED)
    t0: reflink_range(f1, 0x0, 4096, f0, page 0)
    t0: store(m0, 0x1000, 8)
    t0: spawn
    t0: pwrite(f0, 0x40, 8)
    t0: pwrite(f0, 0x1040, 8)
    t0: load(m0, 0x1000, 8)
    t1: store(m0, 0x8, 8)
    t1: store(m0, 0x1008, 8)
    t1: fsync(f0)`;
  const points = [
    'xfs_reflink_allocate_cow:staged',
    'dax_iomap_rw:invalidated',
    'dax_iomap_copy_around:copied',
    'dax_iomap_rw:copied',
  ];
  for (const point of points) {
    const schedule = `start -> t0\nt0 op 5 at ${point} #1 -> t1\n`;
    assert.deepEqual(run(text, { schedule }).violations, [], point);
  }
});

test('without invalidation before CoW, as in 6.1, fsync writes back the old block for ever', () => {
  const text = `${CLONED} t0: store(m0, 0x0, 8)\n t0: fsync(f0)
    t0: reflink_range(f1, 0x0, 4096, f0, page 0)
    t0: pwrite(f0, 0x0, 8)
    t0: store(m0, 0x0, 8)
    t0: fdatasync(f0)`;
  const { signatures } = run(text, { bugs: ['B55'] });
  assert.deepEqual(signatures, ['P4 lines-not-written-back']);
  assert.ok(run(text, { kernel: 'linux-6.1' }).signatures.includes('P4 lines-not-written-back'));
  for (const kernel of ['linux-6.12', 'mainline']) {
    const ran = run(text, { kernel });
    assert.ok(!ran.signatures.some((signature) => signature.startsWith('P4')), kernel);
  }
});

test('zeroing leaves a block that a crash gives back to another file, and without that is L13', () => {
  const text = `file a pages 1 allocated 1
    file b pages 1 allocated 1
    t0: f0 = open("a")
    t0: f1 = open("b")
    t0: reflink(f1, f0)
    t0: pwrite(f0, 0x0, 1)
    t0: fallocate(f1, ZERO_RANGE, 0x0, 4096)
    t0: pwrite(f1, 0x0, 1)`;
  assert.deepEqual(run(text).signatures, []);
  assert.deepEqual(run(text, { bugs: ['L13'] }).signatures, ['P9 reused-before-commit']);
});
