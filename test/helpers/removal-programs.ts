/** For each row of src/kernel/removal-bugs.ts a short program that shows it, by hand, and what it shows. */
import type { PinProgram } from './pin-programs.js';

const ONE_PAGE = `file a pages 1 allocated 1
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)`;

const GUP_FAST = `${ONE_PAGE}
  t0: load(m0, 0x0, 8)
  t0: unbind()
  t0: p0 = pin(m0, pages 0..1, READ|FAST)`;
const LEFT_MAPPED = `${ONE_PAGE}
  t0: load(m0, 0x0, 8)
  t0: unbind()
  t0: load(m0, 0x0, 8)`;
const PINNED = `${ONE_PAGE}
  t0: p0 = pin(m0, pages 0..1, WRITE)
  t0: unbind()
  t0: dma_write(p0, 0x0, 8)
  t0: unpin(p0)`;

export const REMOVAL_PROGRAMS: readonly PinProgram[] = [
  { bug: 'A17', signature: 'P0 kernel-crashed', text: GUP_FAST },
  { bug: 'A18', signature: 'P14 left-mapped-by-removal', text: LEFT_MAPPED },
  { bug: 'B45', signature: 'P0 kernel-crashed', text: GUP_FAST },
  { bug: 'B48', signature: 'P0 kernel-crashed', text: PINNED },
  { bug: 'B49', signature: 'P14 left-mapped-by-removal', text: LEFT_MAPPED },
  {
    bug: 'B50',
    signature: 'P14 kernel-reached-removed-memory',
    text: `${ONE_PAGE}
      t0: spawn
      t0: pread(f0, 0x0, 8)
      t1: unbind()`,
  },
  { bug: 'L15', signature: 'P14 device-reached-removed-memory', text: PINNED },
  { bug: 'L15', signature: 'P0 kernel-crashed', text: PINNED },
  {
    bug: 'L16',
    signature: 'P14 mapped-during-removal',
    text: `${ONE_PAGE}
      t0: load(m0, 0x0, 8)
      t0: spawn
      t0: unbind()
      t0: load(m0, 0x0, 8)
      t1: load(m0, 0x0, 8)`,
  },
];
