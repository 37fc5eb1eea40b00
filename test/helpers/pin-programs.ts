/** For each row of src/kernel/pin-bugs.ts a short program that shows it, by hand, and what it shows. */
import type { FaultProgram } from './fault-programs.js';

export interface PinProgram extends FaultProgram {
  /** Files share blocks. */
  readonly shares?: boolean;
}

const ONE_PAGE = `file a pages 1 allocated 1
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)`;
const TWO_PAGES = `file a pages 2 allocated 2
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..2, MAP_SHARED|UNALIGNED)`;

export const PIN_PROGRAMS: readonly PinProgram[] = [
  {
    bug: 'B37',
    signature: 'P13 freed-while-pinned',
    text: `${ONE_PAGE}
      t0: p0 = pin(m0, pages 0..1, WRITE)
      t0: ftruncate(f0, 0x0)`,
  },
  {
    bug: 'B44',
    signature: 'P13 longterm-pin',
    text: `${ONE_PAGE}
      t0: p0 = pin(m0, pages 0..1, WRITE|LONGTERM)`,
  },
  {
    bug: 'B46',
    signature: 'P0 kernel-hung',
    text: `${ONE_PAGE}
      t0: p0 = pin(m0, pages 0..1, WRITE)
      t0: spawn
      t0: ftruncate(f0, 0x0)
      t1: unpin(p0, BATCH)`,
  },
  {
    bug: 'B51',
    signature: 'P3 dma-after-clean',
    text: `${ONE_PAGE}
      t0: p0 = pin(m0, pages 0..1, WRITE)
      t0: fsync(f0)
      t0: dma_write(p0, 0x0, 8)
      t0: unpin(p0)
      t0: fsync(f0)`,
  },
  {
    bug: 'N01',
    signature: 'P13 freed-while-pinned',
    text: `${ONE_PAGE}
      t0: p0 = pin(m0, pages 0..1, WRITE)
      t0: munmap(m0, pages 0..1)
      t0: ftruncate(f0, 0x0)`,
  },
  {
    bug: 'N02',
    signature: 'P13 freed-while-pinned',
    text: `${ONE_PAGE}
      t0: p0 = pin(m0, pages 0..1, WRITE)
      t0: spawn
      t0: fsync(f0)
      t1: ftruncate(f0, 0x0)`,
  },
  {
    bug: 'N03',
    signature: 'P13 freed-while-pinned',
    text: `${TWO_PAGES}
      t0: p0 = pin(m0, pages 0..1, WRITE)
      t0: p1 = pin(m0, pages 1..2, WRITE)
      t0: spawn
      t0: ftruncate(f0, 0x0)
      t1: unpin(p0)`,
  },
  {
    bug: 'N04',
    signature: 'P0 kernel-hung',
    text: `file a pages 4 allocated 4
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
      t0: store(m0, 0x0, 8)
      t0: ftruncate(f0, 0x0)`,
  },
  {
    bug: 'N05',
    signature: 'P13 freed-while-pinned',
    text: `${TWO_PAGES}
      t0: p0 = pin(m0, pages 1..2, WRITE)
      t0: ftruncate(f0, 0x1000)`,
  },
  {
    bug: 'N06',
    signature: 'P13 freed-while-pinned',
    shares: true,
    text: `file a pages 2 allocated 2
      file b pages 2 allocated 2
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: m0 = mmap(f1, pages 0..2, MAP_SHARED|UNALIGNED)
      t0: p0 = pin(m0, pages 1..2, WRITE)
      t0: p1 = pin(m0, pages 0..1, WRITE)
      t0: spawn
      t0: reflink(f1, f0)
      t1: unpin(p1)`,
    schedule: `start -> t0
      t0 op 5 at ext4_break_layouts:page_found #1 -> t1
      t1 at task_end #0 -> t0`,
  },
  {
    bug: 'N07',
    signature: 'P13 freed-block-pinned',
    text: `${ONE_PAGE}
      t0: store(m0, 0x0, 8)
      t0: spawn
      t0: p0 = pin(m0, pages 0..1, WRITE|FAST)
      t1: ftruncate(f0, 0x0)`,
  },
];
