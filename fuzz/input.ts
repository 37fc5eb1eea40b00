/**
 * What the bytes of a fuzz input mean: four bytes for the scheduler, the rest a program's byte form. The
 * scheduler's bytes come first, so that cutting or growing the program leaves them alone.
 */
import type { Program } from '../src/program/program.js';
import { decodeProgram } from '../src/program/wire.js';
import { PctScheduler } from '../src/schedule/pct.js';
import { RandomScheduler } from '../src/schedule/random.js';
import type { Scheduler } from '../src/schedule/scheduler.js';
import { Prng } from '../src/support/prng.js';

export const SCHEDULER_BYTES = 4;

export interface FuzzInput {
  readonly program: Program;
  readonly scheduler: Scheduler;
}

/** Total: any bytes are an input. */
export function decodeInput(bytes: Uint8Array): FuzzInput {
  const seed = (bytes[1] ?? 0) | ((bytes[2] ?? 0) << 8) | ((bytes[3] ?? 0) << 16);
  const choice = new Prng(seed, 0);
  const pct = ((bytes[0] ?? 0) & 1) === 1;
  return {
    program: decodeProgram(bytes.subarray(SCHEDULER_BYTES)),
    scheduler: pct ? new PctScheduler(choice) : new RandomScheduler(choice),
  };
}
