/** The traps in which a crash-consistency oracle cries wolf: each is legal, and nothing may be reported. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Setup } from '../helpers/lines.js';
import { resultsOf, runText } from '../helpers/lines.js';

const SHARED = `file a pages 4 allocated 4
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
`;

interface Trap {
  readonly what: string;
  readonly program: string;
  readonly setup?: Setup;
  /** The one with shared blocks, where the trap is about those. */
  readonly fs?: 'xfs-reflink';
}

const TRAPS: readonly Trap[] = [
  {
    what: 'data that was never synced is lost, torn, or there by luck',
    program: `${SHARED} t0: store(m0, 0x38, 64)`,
  },
  {
    what: 'a store made after fsync returned is lost',
    program: `${SHARED} t0: store(m0, 0x40, 8)\n t0: fsync(f0)\n t0: store(m0, 0x40, 8)`,
  },
  {
    what: 'a store that runs beside fsync is lost or kept',
    program: `${SHARED} t0: store(m0, 0x0, 8)\n t0: spawn\n t0: fsync(f0)
      t1: store(m0, 0x40, 8)`,
    setup: {
      schedule:
        'start -> t0\nt0 op 3 at dax_writeback_one:flushed #1 -> t1\nt1 op 4 at wait:dax_entry #1 -> t0\n',
    },
  },
  {
    what: 'a store that was issued before fsync, held in its buffer, becomes visible during it',
    program: `${SHARED} t0: store(m0, 0x0, 8)\n t0: fsync(f0)\n t1: store(m0, 0x40, 8)`,
    setup: {
      schedule: `start -> t0
        t0 op 2 at op_end #1 -> t1
        t1 op 4 at store_buffered #1 -> t0
        t0 op 3 at dax_writeback_one:locked #1 -> b1
        b1 at buffer_drained #0 -> t0
      `,
    },
  },
  {
    what: 'a truncate beside fsync takes away what was stored in its range',
    program: `${SHARED} t0: store(m0, 0x2040, 8)\n t0: spawn\n t0: fsync(f0)\n t1: ftruncate(f0, 0x2000)`,
    setup: {
      schedule:
        'start -> t0\nt0 op 3 at dax_writeback_mapping_range:start #1 -> t1\nt1 at task_end #0 -> t0\n',
    },
  },
  {
    what: 'a zero page that write(2) is about to unmap is gone before anybody stores to the block',
    program: `file a pages 1 allocated 0
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED|UNALIGNED)
      t0: m1 = mmap(f0, pages 0..1, MAP_SHARED|UNALIGNED)
      t0: load(m1, 0x40, 8)
      t0: store(m0, 0x40, 8)
      t0: load(m1, 0x40, 8)
      t1: pwrite(f0, 0x0, 8)`,
    setup: {
      schedule: `start -> t0
        t0 op 3 at op_end #1 -> t1
        t1 op 6 at invalidate_inode_pages2:entry_done #1 -> t0
        t0 at task_end #0 -> t1
      `,
    },
  },
  {
    what: 'a device stops where its pin is released by another thread',
    program: `${SHARED} t0: p0 = pin(m0, pages 0..4, WRITE)\n t0: spawn\n t0: dma_write(p0, 0xfff, 8)
      t0: fsync(f0)\n t1: unpin(p0)\n t1: msync(m0, pages 0..1, MS_SYNC)`,
    setup: {
      schedule: 'start -> t0\nt0 op 3 at dma:page_done #1 -> t1\nt1 at task_end #0 -> t0\n',
    },
  },
  {
    what: 'two fsyncs flush the same entry',
    program: `${SHARED} t0: store(m0, 0x0, 8)\n t0: spawn\n t0: fsync(f0)\n t1: fsync(f0)`,
    setup: { schedule: 'start -> t0\nt0 op 3 at op_start #1 -> t1\n' },
  },
  {
    what: 'the dirty state of a removed range is dropped',
    program: `${SHARED} t0: store(m0, 0x2040, 8)\n t0: ftruncate(f0, 0x1000)\n t0: fsync(f0)`,
  },
  {
    what: 'a removed range comes back as zeros after the crash although its truncation was not synced',
    program: `${SHARED} t0: store(m0, 0x2040, 8)\n t0: fsync(f0)\n t0: ftruncate(f0, 0x1000)`,
  },
  {
    what: 'MS_ASYNC and munmap promise nothing',
    program: `${SHARED} t0: store(m0, 0x40, 8)\n t0: msync(m0, pages 0..4, MS_ASYNC)
      t0: munmap(m0, pages 0..4)`,
  },
  {
    what: 'msync promises its range only',
    program: `${SHARED} t0: store(m0, 0x40, 8)\n t0: store(m0, 0x2040, 8)
      t0: msync(m0, pages 0..1, MS_SYNC)`,
  },
  {
    what: 'msync of a private mapping promises nothing about the copies',
    program: `file a pages 1 allocated 1
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_PRIVATE)
      t0: store(m0, 0x40, 8)
      t0: msync(m0, pages 0..1, MS_SYNC)`,
  },
  {
    what: 'private and zero pages are never flushed',
    program: `file a pages 2 allocated 0
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..2, MAP_PRIVATE)
      t0: load(m0, 0x40, 8)
      t0: store(m0, 0x1040, 8)
      t0: fsync(f0)`,
  },
  {
    what: 'a call that failed promises nothing',
    program: `file a pages 1 allocated 1
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: store(m0, 0x40, 8)
      t0: fsync(f3)
      t0: msync(m1, pages 0..1, MS_SYNC)`,
  },
  {
    what: 'what a device writes after the page was cleaned under its pin (open in Linux, B51)',
    program: `${SHARED} t0: p0 = pin(m0, pages 0..1, WRITE)\n t0: fsync(f0)
      t0: dma_write(p0, 0x0, 64)\n t0: unpin(p0)\n t0: fsync(f0)`,
  },
  {
    what: 'a later write replaces what fsync promised',
    program: `${SHARED} t0: store(m0, 0x40, 8)\n t0: fsync(f0)\n t0: pwrite(f0, 0x0, 4096)
      t0: fallocate(f0, ZERO_RANGE, 0x0, 128)`,
  },
  {
    what: 'an extended size is lost although the data before it was synced by msync',
    program: `file a pages 1 allocated 1
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: store(m0, 0x40, 8)
      t0: ftruncate(f0, 0x3000)
      t0: msync(m0, pages 0..1, MS_SYNC)`,
  },
  {
    what: 'a read that has looked its block up shows what was there before a store gave the page another',
    program: `file a pages 4 allocated 4
      t0: f0 = open("a")
      t0: reflink_range(f0, 0x0, 4096, f0, page 2)
      t0: m0 = mmap(f0, pages 1..5, MAP_SHARED)
      t0: pread_into(f0, 0x2000, 1, m0, page 0)
      t0: unbind()
      t1: store(m0, 0x1000, 1)`,
    fs: 'xfs-reflink',
    setup: {
      schedule: `start -> t0
        t0 op 3 at dax_direct_access:done #1 -> t1
        t1 at task_end #0 -> t0
      `,
    },
  },
  {
    what: 'cloning takes the file that its descriptor names once the call looks it up',
    program: `file a pages 1 allocated 1
      file b pages 1 allocated 1
      t0: f0 = open("b")
      t0: pwrite(f0, 0x0, 1)
      t1: f1 = open("a")
      t1: reflink(f1, f0)`,
    fs: 'xfs-reflink',
    setup: {
      schedule: `start -> t1
        t1 op 3 at op_start #1 -> t0
        t0 at task_end #0 -> t1
      `,
    },
  },
  {
    what: 'a store is later than the times, for read(2) had filled the same page before it',
    program: `file a pages 1 allocated 1
      file b pages 1 allocated 1
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: m0 = mmap(f1, pages 0..1, MAP_SHARED)
      t0: load(m0, 0x0, 8)
      t0: load(m0, 0x0, 8)
      t0: load(m0, 0x0, 8)
      t0: pread_into(f0, 0x0, 1, m0, page 0)
      t0: store(m0, 0x0, 1)
      t0: fsync(f1)`,
  },
];

for (const domain of ['adr', 'eadr'] as const) {
  for (const persistency of ['line', 'location'] as const) {
    describe(`never reported (${domain}, ${persistency})`, () => {
      for (const { what, program, setup, fs = 'ext4' } of TRAPS) {
        test(what, () => {
          const ran = runText(program, { ...setup, settings: { fs, domain, persistency } });
          assert.deepEqual(ran.violations, []);
          assert.deepEqual(ran.execution.stuck, []);
        });
      }
    });
  }
}

test('the traps are executed as they are meant: their calls return what they should', () => {
  for (const { what, program, setup, fs = 'ext4' } of TRAPS) {
    const failing = resultsOf(runText(program, { ...setup, settings: { fs } }).trace).filter(
      (result) => (result ?? -1) < 0,
    );
    assert.equal(failing.length, what === 'a call that failed promises nothing' ? 2 : 0, what);
  }
});
