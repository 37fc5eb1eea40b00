/** The operations, modes and flags that only real kernels are asked for, drawn. */
import type { Choice } from '../support/choice.js';
import { chance, pick } from '../support/choice.js';
import type { Geometry } from './geometry.js';
import type { Op } from './op.js';
import { FALLOCATE, O_DIRECT, O_DSYNC, OP } from './op.js';

interface Place {
  readonly target: number;
  readonly offset: number;
  readonly length: number;
}

/** Where the generator draws places that are likely to meet. */
export interface Aim {
  descriptor(choice: Choice): number;
  fileRange(choice: Choice): Place;
  mappedPages(choice: Choice): Place;
}

/** Fills in what `blank` needs; operations without arguments stay as they are. */
export function drawKernelOp(choice: Choice, blank: Op, aim: Aim): Op {
  switch (blank.code) {
    case OP.syncfs:
      return { ...blank, target: aim.descriptor(choice) };
    case OP.reflink:
      // Mostly into the other file.
      return chance(choice, 1, 2)
        ? { ...blank, target: 1, source: 0 }
        : { ...blank, target: aim.descriptor(choice), source: aim.descriptor(choice) };
    case OP.reflink_range: {
      const range = aim.fileRange(choice);
      const target = aim.descriptor(choice);
      return { ...blank, ...range, target, source: range.target, flags: choice.below(4) };
    }
    case OP.pwrite_from:
    case OP.pread_into: {
      const pages = aim.mappedPages(choice);
      return { ...blank, ...aim.fileRange(choice), source: pages.target, flags: pages.offset };
    }
    default:
      return blank;
  }
}

/** Modes that take whole blocks, or refuse. */
const BLOCK_MODES: readonly number[] = [
  FALLOCATE.allocate,
  FALLOCATE.allocateKeepSize,
  FALLOCATE.collapseRange,
  FALLOCATE.collapseRange,
  FALLOCATE.insertRange,
  FALLOCATE.insertRange,
  FALLOCATE.unshareRange,
];

/** An operation that the model has, too, in one of the ways in which it has not. */
export function varied(choice: Choice, op: Op, geometry: Geometry): Op {
  switch (op.code) {
    case OP.pwrite:
      return { ...op, flags: pick(choice, [0, 0, O_DSYNC, O_DSYNC, O_DIRECT, O_DIRECT | O_DSYNC]) };
    case OP.pread:
      return { ...op, flags: choice.below(2) * O_DIRECT };
    case OP.fallocate:
      return chance(choice, 1, 3)
        ? op
        : { ...inBlocks(op, geometry), flags: pick(choice, BLOCK_MODES) };
    case OP.reflink_range:
      return chance(choice, 1, 8) ? op : inBlocks(op, geometry);
    default:
      return op;
  }
}

/** An operation of a model that shares blocks, in one of the ways in which the plain one has it not. */
export function variedSharing(choice: Choice, op: Op, geometry: Geometry): Op {
  switch (op.code) {
    case OP.fallocate:
      return chance(choice, 1, 2) ? op : { ...op, flags: FALLOCATE.unshareRange };
    default:
      return varied(choice, op, geometry);
  }
}

/** The same place, from the start of a block, for one block. */
function inBlocks(op: Op, { pageSize }: Geometry): Op {
  return { ...op, offset: op.offset - (op.offset % pageSize), length: pageSize };
}
