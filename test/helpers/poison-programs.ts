/** For each row of src/kernel/poison-bugs.ts a short program that shows it, by hand, and what it shows. */
import type { PinProgram } from './pin-programs.js';

const ONE_PAGE = `file a pages 1 allocated 1
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
  t0: store(m0, 0x0, 8)`;

const MENDED = `${ONE_PAGE}
  t0: poison(f0, pages 0..1)
  t0: pwrite(f0, 0x0, 4096)`;
const TOUCHED = `${ONE_PAGE}
  t0: poison(f0, pages 0..1)
  t0: load(m0, 0x0, 8)`;

export const POISON_PROGRAMS: readonly PinProgram[] = [
  {
    bug: 'B29',
    signature: 'P15 poison-left-mapped',
    text: `file a pages 4 allocated 4
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
      t0: m1 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
      t0: load(m0, 0x0, 8)
      t0: load(m1, 0x1000, 8)
      t0: poison(f0, pages 2..3)
      t0: load(m0, 0x2000, 8)`,
  },
  {
    bug: 'B54',
    signature: 'P0 kernel-hung',
    text: `${ONE_PAGE}
      t0: spawn
      t0: fsync(f0)
      t1: poison(f0, pages 0..1)`,
  },
  { bug: 'B63', signature: 'P15 lost-bytes-exposed', text: MENDED },
  {
    bug: 'B63',
    signature: 'P15 lost-bytes-read',
    text: `${ONE_PAGE}
      t0: poison(f0, pages 0..1)
      t0: spawn
      t0: pwrite(f0, 0x0, 4096)
      t1: load(m0, 0x0, 8)`,
  },
  { bug: 'B66', signature: 'P15 poison-left-mapped', text: TOUCHED },
  { bug: 'B67', signature: 'P15 poison-code-lost', text: TOUCHED },
  { bug: 'L17', signature: 'P15 lost-bytes-exposed', text: MENDED },
];
