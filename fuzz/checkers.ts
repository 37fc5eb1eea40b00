/**
 * The fast checker against the plain one, on kernels that break every kind of promise, with pages of one
 * cache line so that every crash state can be built.
 */
import { Image } from '../src/media/image.js';
import { compareCheckers } from '../src/oracle/compare.js';
import { Judge } from '../src/oracle/judge.js';
import { ModelTarget } from '../src/kernel/model-target.js';
import type { Program } from '../src/program/program.js';
import { normalizeOp } from '../src/program/validate.js';
import { assert } from '../src/support/assert.js';
import { decodeInput } from './input.js';

const TINY = { pageSize: 64, pmdPages: 2, filePagesMax: 2, blockCount: 6 };
const STATES_MAX = 2000;
const OPS_MAX = 8;

const targets = ['mainline', 'dax-v8', 'linux-4.0'].map((kernel) =>
  ModelTarget.of({ kernel, bugs: [] }),
);
const judge = new Judge(new Image());

/** The program in the tiny world, and short. */
function shrink(program: Program): Program {
  const files = program.files.slice(0, 2).map((file) => ({
    pages: Math.min(file.pages, 2),
    allocated: Math.min(file.allocated, 2),
  }));
  const threads = program.threads
    .slice(0, 2)
    .map((ops) => ops.slice(0, OPS_MAX).map((op) => normalizeOp(op, TINY, files.length)));
  while (threads.length > 1 && threads[threads.length - 1]?.length === 0) threads.pop();
  const spawnAfter = Math.min(program.spawnAfter, threads[0]?.length ?? 0);
  return { geometry: TINY, files, threads, spawnAfter };
}

export function fuzz(bytes: Uint8Array): void {
  const { program, scheduler } = decodeInput(bytes);
  const target = targets[(bytes[0] ?? 0) % targets.length];
  assert(target !== undefined, 'no target');
  const small = shrink(program);
  const { trace } = target.execute(small, scheduler);
  const domain = ((bytes[0] ?? 0) & 128) === 0 ? 'adr' : 'eadr';
  const options = { persistency: 'line', domain, contract: target.contract } as const;
  const difference = compareCheckers(judge, small, trace, options, STATES_MAX);
  assert(difference === null || difference === 'too large', `the checkers differ: ${difference}`);
}
