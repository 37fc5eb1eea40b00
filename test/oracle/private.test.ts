import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runText } from '../helpers/lines.js';

const MAPPED = `file a pages 2 allocated 2
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..2, MAP_PRIVATE)
`;

const B43 = { bugs: ['B43'] };

describe('a private mapping', () => {
  test('that lost what was stored through it is reported, and only then', () => {
    const text = `${MAPPED} t0: store(m0, 0x0, 8)
      t0: fallocate(f0, PUNCH_HOLE, 0x1000, 4096)
      t0: load(m0, 0x0, 8)`;
    assert.deepEqual(runText(text, B43).signatures, ['P1 private-copy-lost']);
    assert.deepEqual(runText(text).signatures, []);
  });

  test('may lose what is truncated away, and what another mapping of the slot had', () => {
    const texts = [
      `${MAPPED} t0: store(m0, 0x0, 8)
        t0: ftruncate(f0, 0x0)
        t0: ftruncate(f0, 0x2000)
        t0: load(m0, 0x0, 8)`,
      `${MAPPED} t0: store(m0, 0x0, 8)
        t0: munmap(m0, pages 0..2)
        t0: m0 = mmap(f0, pages 0..2, MAP_PRIVATE)
        t0: load(m0, 0x0, 8)`,
      `${MAPPED} t0: store(m0, 0x0, 8)
        t0: munmap(m0, pages 0..2)
        t0: m0 = mmap(f0, pages 0..2, MAP_SHARED)
        t0: store(m0, 0x0, 8)
        t0: pwrite(f0, 0x0, 8)
        t0: load(m0, 0x0, 8)`,
    ];
    for (const text of texts) assert.deepEqual(runText(text, B43).signatures, [], text);
  });

  test('may show either of two stores that overlapped', () => {
    const schedule = 'start -> t0\nt0 op 2 at store_piece #1 -> t1\nt1 at task_end #0 -> t0\n';
    const text = `${MAPPED} t0: spawn
      t0: store(m0, 0x0, 128)
      t0: load(m0, 0x0, 1)
      t1: store(m0, 0x0, 1)`;
    assert.deepEqual(runText(text, { schedule }).signatures, []);
  });

  test('keeps what one thread stored while another one faults on the same page', () => {
    const schedule = `start -> t0
      t0 op 2 at dax_iomap_pte_fault:entry_locked #1 -> t1
      t1 op 4 at wait:dax_entry #1 -> t0
      t0 op 2 at store_piece #1 -> t1
      t1 at task_end #0 -> t0`;
    const text = `${MAPPED} t0: spawn
      t0: store(m0, 0x80, 128)
      t0: load(m0, 0x80, 1)
      t1: store(m0, 0x1, 1)`;
    const { trace, signatures } = runText(text, { schedule });
    assert.deepEqual(signatures, []);
    assert.ok(trace.length > 0);
  });
});

describe('a private copy', () => {
  const FREED = `file a pages 1 allocated 1
    file b pages 1 allocated 0
    t0: f0 = open("a")
    t0: f1 = open("b")
    t0: m0 = mmap(f0, pages 0..1, MAP_PRIVATE)
    t0: spawn
    t0: store(m0, 0x40, 8)
    t0: load(m0, 0x0, 8)
    t1: ftruncate(f0, 0x0)
    t1: fsync(f0)
    t1: pwrite(f1, 0x0, 4096)
`;
  const late = 'start -> t0\nt0 op 3 at dax_fault_cow_page:unlocked #1 -> t1\n';

  test('of a block that another file has by now is reported', () => {
    const text = `${FREED} t1: ftruncate(f0, 0x1000)`;
    const { violations } = runText(text, { bugs: ['B31'], schedule: late });
    assert.deepEqual(
      violations.map(({ promise, mechanism, detail }) => [promise, mechanism, detail]),
      [
        [
          'P9',
          'foreign-private-copy',
          "reads 0x8 through a private mapping, which was never the file's",
        ],
      ],
    );
  });

  test('beyond the end of the file is reported once truncation has returned, and not before', () => {
    const { violations } = runText(FREED, { bugs: ['B31'], schedule: late });
    assert.match(violations[0]?.detail ?? '', /beyond the end/);
    const schedule = `start -> t0
      t0 op 3 at op_end #1 -> t1
      t1 op 5 at ext4_setattr:size_written #1 -> t0`;
    assert.deepEqual(runText(FREED, { schedule }).signatures, []);
  });
});
