/**
 * A thread that freezes the file system and then changes a file waits for itself: on a real kernel it would
 * wait for ever. So a freeze lasts until the next operation of its thread, which is the thaw, and what meets
 * it is what other threads do.
 */
import type { Op } from './op.js';
import { makeOp, OP } from './op.js';
import type { Program } from './program.js';
import { opCount } from './program.js';

/** Does the thread thaw in its next operation what it freezes at `index`? */
export function isThawedNext(ops: readonly Op[], index: number): boolean {
  return ops[index + 1]?.code === OP.thaw;
}

/**
 * The program with a thaw after every freeze that had none. Where it has `opsMax` operations already, such a
 * freeze becomes a sync, which does as much for what was done before it.
 */
export function thawed(program: Program, opsMax: number): Program {
  const isLacking = (ops: readonly Op[], index: number): boolean =>
    ops[index]?.code === OP.freeze && !isThawedNext(ops, index);
  if (!program.threads.some((ops) => ops.some((_, index) => isLacking(ops, index)))) return program;
  let { spawnAfter } = program;
  let room = opsMax - opCount(program);
  const threads = program.threads.map((ops, thread) =>
    ops.flatMap((op, index) => {
      if (!isLacking(ops, index)) return [op];
      if (room <= 0) return [makeOp('sync')];
      room--;
      // One that is last before the others start is thawed while they run.
      if (thread === 0 && index + 1 < program.spawnAfter) spawnAfter++;
      return [op, makeOp('thaw')];
    }),
  );
  return { ...program, threads, spawnAfter };
}
