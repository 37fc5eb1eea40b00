/**
 * Unmounting and mounting again, drawn as a whole: umount fails while anything is open or mapped, and what is
 * drawn one by one hardly ever gets there.
 */
import type { Choice } from '../support/choice.js';
import { between, chance } from '../support/choice.js';
import type { Dialect } from './dialect.js';
import type { Geometry } from './geometry.js';
import type { Op, OpCode } from './op.js';
import { makeOp, OP } from './op.js';

/** One in so many programs, by whether others may be in the way. */
const ALONE = 6;
const BESIDE_OTHERS = 16;

interface Bounds {
  readonly geometry: Geometry;
  readonly only?: ReadonlySet<OpCode>;
}

/**
 * Everything that `opening` opens and maps let go of, umount, mount, and mostly opened and mapped again;
 * nothing for most programs.
 */
export function drawRemount(
  choice: Choice,
  { geometry, only }: Bounds,
  dialect: Dialect,
  opening: readonly Op[],
  threads: number,
): Op[] {
  const isDrawn = dialect.operations.has(OP.umount) && only?.has(OP.umount) !== false;
  if (!isDrawn || !chance(choice, 1, threads === 1 ? ALONE : BESIDE_OTHERS)) return [];
  const letGo = opening.map(({ code, target }) =>
    code === OP.mmap
      ? makeOp('munmap', { target, length: geometry.filePagesMax })
      : makeOp('close', { target }),
  );
  const back = chance(choice, 5, 6) ? [makeOp('mount'), ...opening] : [];
  return [...letGo.reverse(), makeOp('umount'), ...back];
}

/** Puts them somewhere into a thread, behind what opens the program. */
export function placeRemount(
  choice: Choice,
  threads: readonly Op[][],
  opening: number,
  operations: readonly Op[],
): void {
  if (operations.length === 0) return;
  const thread = choice.below(threads.length);
  const ops = threads[thread] as Op[];
  ops.splice(between(choice, thread === 0 ? opening : 0, ops.length), 0, ...operations);
}
