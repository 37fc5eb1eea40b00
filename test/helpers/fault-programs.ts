/**
 * For each row of src/kernel/fault-bugs.ts a short program that shows it, written by hand, and what it shows.
 * Those with more than one thread show it under some schedules, or under the one that is given.
 */
export interface FaultProgram {
  readonly bug: string;
  readonly signature: string;
  readonly text: string;
  /** Where a random one is unlikely to show it. */
  readonly schedule?: string;
}

const one = (pages: number, allocated: number, flags: string, ops: string): string =>
  `file a pages ${pages} allocated ${allocated}
   t0: f0 = open("a")
   t0: m0 = mmap(f0, pages 0..${pages}, ${flags})
   ${ops}`;

const HUGE = 'MAP_SHARED';
const SMALL = 'MAP_SHARED|UNALIGNED';

export const FAULT_PROGRAMS: readonly FaultProgram[] = [
  {
    bug: 'B08',
    signature: 'P3 pte-left-writable',
    text: one(
      4,
      4,
      HUGE,
      `t0: m1 = mmap(f0, pages 1..2, MAP_SHARED)\n t0: store(m0, 0x40, 8)
      t0: store(m1, 0x40, 8)\n t0: fsync(f0)\n t0: store(m1, 0x80, 8)\n t0: fsync(f0)`,
    ),
  },
  {
    bug: 'B10',
    signature: 'P3 dirty-entry-invalidated',
    text: one(2, 2, SMALL, 't0: store(m0, 0x40, 8)\n t0: pwrite(f0, 0x1000, 8)\n t0: fsync(f0)'),
  },
  {
    bug: 'B11',
    signature: 'P1 stale-zero-page',
    text: one(
      1,
      0,
      SMALL,
      `t0: load(m0, 0x0, 8)\n t0: fadvise(f0, pages 0..1, DONTNEED)
      t0: pwrite(f0, 0x0, 8)\n t0: load(m0, 0x0, 8)`,
    ),
  },
  {
    bug: 'B13',
    signature: 'P3 lines-not-written-back',
    text: one(
      4,
      4,
      HUGE,
      `t0: store(m0, 0x40, 8)\n t0: msync(m0, pages 1..2, MS_SYNC)
      t0: fsync(f0)`,
    ),
  },
  {
    bug: 'B14',
    signature: 'P3 never-tagged',
    text: one(1, 1, SMALL, 't0: load(m0, 0x0, 8)\n t0: store(m0, 0x0, 8)\n t0: fsync(f0)'),
  },
  {
    bug: 'B14',
    signature: 'P3 never-tagged',
    text: one(
      1,
      1,
      `${SMALL}|PROT_READ`,
      `t0: load(m0, 0x0, 8)
      t0: mprotect(m0, pages 0..1, PROT_WRITE)\n t0: store(m0, 0x0, 8)\n t0: fsync(f0)`,
    ),
  },
  {
    bug: 'B16',
    signature: 'P3 lines-not-written-back',
    text: `geometry page 4096 pmd 2 file-pages 2 blocks 2
      ${one(2, 2, SMALL, 't0: store(m0, 0x0, 8)\n t0: store(m0, 0x1000, 8)\n t0: fsync(f0)')}`,
  },
  {
    bug: 'B17',
    signature: 'P0 kernel-warned',
    text: one(
      1,
      0,
      SMALL,
      `t0: m1 = mmap(f0, pages 0..1, ${SMALL})\n t0: load(m0, 0x0, 8)\n t0: spawn
      t0: fsync(f0)\n t1: load(m1, 0x0, 8)`,
    ),
  },
  {
    bug: 'B19',
    signature: 'P0 kernel-hung',
    text: one(4, 4, HUGE, 't0: load(m0, 0x0, 8)\n t0: store(m0, 0x0, 8)'),
  },
  {
    bug: 'B20',
    signature: 'P1 zeroed-by-fault',
    text: one(
      1,
      0,
      SMALL,
      `t0: m1 = mmap(f0, pages 0..1, ${SMALL})\n t0: spawn
      t0: store(m0, 0x0, 8)\n t0: load(m0, 0x0, 8)\n t1: store(m1, 0x40, 8)`,
    ),
  },
  {
    bug: 'B20',
    signature: 'P3 zeroed-by-fault',
    text: one(
      1,
      0,
      SMALL,
      `t0: m1 = mmap(f0, pages 0..1, ${SMALL})\n t0: spawn
      t0: store(m0, 0x0, 8)\n t0: fsync(f0)\n t1: store(m1, 0x40, 8)`,
    ),
  },
  {
    bug: 'L18',
    signature: 'P0 kernel-hung',
    text: `file a pages 4 allocated 4
      t0: f0 = open("a")
      t0: ftruncate(f0, 0x3fff)
      t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
      t0: store(m0, 0x0, 1)
      t0: m1 = mmap(f0, pages 3..4, MAP_SHARED|MAP_SYNC)
      t0: store(m1, 0x0, 1)`,
  },
  {
    bug: 'B22',
    signature: 'P1 zeroed-by-fault',
    text: one(
      1,
      0,
      SMALL,
      `t0: spawn\n t0: pwrite(f0, 0x0, 8)\n t0: load(m0, 0x0, 8)
      t1: store(m0, 0x40, 8)`,
    ),
  },
  {
    bug: 'B21',
    signature: 'P1 stale-zero-page',
    text: one(
      1,
      0,
      SMALL,
      `t0: m1 = mmap(f0, pages 0..1, ${SMALL})\n t0: spawn
      t0: store(m0, 0x0, 8)\n t1: load(m1, 0x0, 8)\n t1: load(m1, 0x0, 8)`,
    ),
  },
  {
    bug: 'B23',
    signature: 'P1 stale-zero-page',
    text: one(1, 0, SMALL, `t0: spawn\n t0: pwrite(f0, 0x0, 8)\n t1: load(m0, 0x0, 8)`),
  },
  {
    bug: 'B24',
    signature: 'P1 stale-zero-page',
    text: one(4, 0, HUGE, `t0: spawn\n t0: pwrite(f0, 0x0, 8)\n t1: load(m0, 0x0, 8)`),
  },
  {
    bug: 'B25',
    signature: 'P1 stale-zero-page',
    text: one(
      4,
      0,
      HUGE,
      `t0: load(m0, 0x0, 8)\n t0: pwrite(f0, 0x1000, 8)
      t0: load(m0, 0x1000, 8)`,
    ),
  },
  {
    bug: 'B26',
    signature: 'P1 stale-zero-page',
    text: one(
      1,
      0,
      SMALL,
      `t0: spawn\n t0: pwrite(f0, 0x0, 8)\n t1: load(m0, 0x0, 8)
      t1: load(m0, 0x0, 8)`,
    ),
  },
  {
    bug: 'B27',
    signature: 'P1 stale-zero-page',
    text: one(
      4,
      0,
      HUGE,
      `t0: m1 = mmap(f0, pages 0..4, MAP_SHARED)\n t0: load(m0, 0x0, 8)
      t0: store(m1, 0x0, 8)\n t0: load(m0, 0x0, 8)`,
    ),
  },
  {
    bug: 'B30',
    signature: 'P9 store-reached-freed-block',
    text: one(
      1,
      1,
      SMALL,
      `t0: spawn\n t0: fallocate(f0, PUNCH_HOLE, 0x0, 4096)
      t1: store(m0, 0x0, 8)\n t1: store(m0, 0x40, 8)`,
    ),
  },
  {
    bug: 'B36',
    signature: 'P8 map-sync-not-committed',
    text: one(
      1,
      0,
      `${SMALL}|MAP_SYNC`,
      `t0: pwrite(f0, 0x40, 8)\n t0: load(m0, 0x40, 8)
      t0: store(m0, 0x0, 8)\n t0: user_flush(m0, 0x0, 8)`,
    ),
  },
  {
    bug: 'B36',
    signature: 'P8 map-sync-not-committed',
    text: one(
      2,
      0,
      `${SMALL}|MAP_SYNC`,
      `t0: spawn\n t0: store(m0, 0x0, 8)\n t1: store(m0, 0x40, 8)
      t1: user_flush(m0, 0x40, 8)`,
    ),
  },
  {
    bug: 'B54b',
    signature: 'P0 kernel-hung',
    text: one(4, 4, HUGE, 't0: spawn\n t0: store(m0, 0x0, 8)\n t1: load(m0, 0x2000, 8)'),
  },
  {
    bug: 'B59',
    signature: 'P3 kernel-write-not-fenced',
    text: one(1, 1, SMALL, 't0: pwrite(f0, 0x0, 4)\n t0: fsync(f0)'),
  },
  {
    bug: 'B60',
    signature: 'P3 kernel-write-not-fenced',
    text: one(1, 1, SMALL, 't0: pwrite(f0, 0x3b, 21)\n t0: fsync(f0)'),
  },
  {
    bug: 'B61',
    signature: 'P3 kernel-write-not-fenced',
    text: one(1, 1, SMALL, 't0: pwrite(f0, 0x3d, 6)\n t0: fsync(f0)'),
  },
  {
    bug: 'B53',
    signature: 'P0 kernel-hung',
    text: one(
      1,
      0,
      SMALL,
      `t0: spawn\n t0: pwrite(f0, 0x0, 8)
      t1: store(m0, 0x0, 8)\n t1: fsync(f0)\n t1: store(m0, 0x0, 8)\n t2: fsync(f0)`,
    ),
    schedule: `start -> t0
      t0 op 2 at dax_iomap_rw:begun #1 -> t1
      t1 op 4 at dax_writeback_one:locked #1 -> t0
      t0 op 2 at wait:dax_entry #1 -> t2
      t2 op 6 at wait:dax_entry #1 -> t1
      t1 op 4 at dax_writeback_one:done #1 -> t0
      t0 op 2 at unmap_mapping_pages:vma_done #1 -> t1
      t1 op 5 at wait:dax_entry #1 -> t0
    `,
  },
];
