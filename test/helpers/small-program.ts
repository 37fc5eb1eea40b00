/** What a real kernel is first tried with: a store and a page that fsync covers, and one of each after it. */
import { parseProgram } from '../../src/program/text.js';

export const SMALL_PROGRAM = parseProgram(`
file a pages 8 allocated 4
t0: f0 = open("a")
t0: m0 = mmap(f0, pages 0..8, MAP_SHARED)
t0: store(m0, 0x1040, 8)
t0: store(m0, 0x5000, 4096)
t0: fsync(f0)
t0: store(m0, 0x1080, 8)
t0: m1 = mmap(f0, pages 0..4, MAP_SHARED|MAP_SYNC)
t0: store(m1, 0x2040, 8)
t0: user_flush(m1, 0x2040, 8)
`);
