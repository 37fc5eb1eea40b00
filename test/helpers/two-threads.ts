/** Two threads that store to the same place and sync it: what schedulers are tried on. */
import { parseProgram } from '../../src/program/text.js';

export const TWO_THREADS = parseProgram(`
file a pages 2 allocated 2
t0: f0 = open("a")
t0: m0 = mmap(f0, pages 0..2, MAP_SHARED)
t0: spawn
t0: store(m0, 0x40, 8)
t0: fsync(f0)
t1: store(m0, 0x40, 8)
t1: fsync(f0)
`);
