/**
 * Media errors, drawn when all else of a program is: few programs have one, and the others are what they
 * would be without. What follows the error is mostly what has to do with it.
 */
import type { Choice } from '../support/choice.js';
import { between, chance } from '../support/choice.js';
import type { Dialect } from './dialect.js';
import type { Geometry } from './geometry.js';
import type { Aim } from './kernel-operations.js';
import type { Op, OpCode } from './op.js';
import { makeOp } from './op.js';

/** One in so many programs. */
const RARITY = 50;

interface Bounds {
  readonly geometry: Geometry;
  readonly opsMax: number;
  readonly only?: ReadonlySet<OpCode>;
}

/** What somebody does next to the page: reads it both ways, stores to it, writes it, or writes some of it. */
function drawNext(choice: Choice, page: Op, { pageSize }: Geometry, aim: Aim): Op {
  const place = { target: page.target, offset: page.offset * pageSize };
  switch (choice.below(5)) {
    case 0:
      return makeOp('pread', { ...place, length: pageSize });
    case 1:
      return makeOp('pwrite', { ...place, length: 8 });
    case 2: {
      const { target, offset } = aim.mappedPages(choice);
      const name = chance(choice, 1, 3) ? 'store' : 'load';
      return makeOp(name, { target, offset: offset * pageSize, length: 8 });
    }
    default:
      return makeOp('pwrite', { ...place, length: pageSize });
  }
}

/** Puts one somewhere into a thread, behind what opens the program, where there is room for it. */
export function placeMediaError(
  choice: Choice,
  threads: readonly Op[][],
  opening: number,
  { geometry, opsMax, only }: Bounds,
  dialect: Dialect,
  aim: Aim,
): void {
  if (dialect.mediaErrors !== true || only !== undefined) return;
  const room = opsMax - threads.reduce((sum, ops) => sum + ops.length, 0);
  if (room < 1 || !chance(choice, 1, RARITY)) return;
  const range = aim.fileRange(choice);
  const page = Math.floor(range.offset / geometry.pageSize);
  const error = makeOp('poison', { target: range.target, offset: page, length: 1 });
  const thread = choice.below(threads.length);
  const ops = threads[thread] as Op[];
  ops.splice(between(choice, thread === 0 ? opening : 0, ops.length), 0, error);
  if (room < 2) return;
  const other = threads[choice.below(threads.length)] as Op[];
  other.push(drawNext(choice, error, geometry, aim));
}
