/**
 * Which part of the language a target is asked in. Programs of any operations are legal everywhere, and an
 * operation that a target does not have fails there; drawing it would be a waste.
 *
 * To put in what a dialect leaves out gives other programs for a seed.
 */
import type { Geometry } from './geometry.js';
import type { OpCode } from './op.js';
import { FALLOCATE, flagsBound, OP, OP_CODES, specOf } from './op.js';

export interface Dialect {
  readonly operations: ReadonlySet<OpCode>;
  /** One past the largest flags that are drawn, for operations of which not all are. */
  readonly flagsBounds: ReadonlyMap<OpCode, number>;
  /** Operations that are drawn in all the ways in which the target has them. */
  readonly varies: ReadonlySet<OpCode>;
  /** Are media errors drawn? They are placed into a few programs when all else is drawn (media-errors.ts). */
  readonly mediaErrors?: boolean;
}

function codesWhere(holds: (code: number) => boolean): ReadonlySet<OpCode> {
  const codes = Array.from({ length: OP_CODES }, (_, code) => code);
  return new Set(codes.filter(holds) as OpCode[]);
}

/** What the model has of the operations that came with real kernels. */
const MODEL_TOO: ReadonlySet<number> = new Set([OP.syncfs, OP.freeze, OP.thaw]);

export const MODEL_DIALECT: Dialect = Object.freeze({
  operations: codesWhere(
    (code) => code <= OP.unpin || MODEL_TOO.has(code) || (code > OP.pread_into && code < OP.poison),
  ),
  flagsBounds: new Map<OpCode, number>([
    [OP.pread, 1],
    [OP.fallocate, 2],
  ]),
  varies: new Set<OpCode>([OP.pwrite]),
  mediaErrors: true,
});

/** Of a model whose file system shares blocks. */
export const SHARING_DIALECT: Dialect = Object.freeze({
  operations: new Set([...MODEL_DIALECT.operations, OP.reflink, OP.reflink_range]),
  flagsBounds: new Map<OpCode, number>([
    ...MODEL_DIALECT.flagsBounds,
    [OP.fallocate, FALLOCATE.unshareRange + 1],
  ]),
  varies: new Set<OpCode>([...MODEL_DIALECT.varies, OP.fallocate, OP.reflink_range]),
  mediaErrors: true,
});

/**
 * A pin of a real kernel lasts as long as a direct transfer: there is nothing to hold one with. What comes
 * after transfers is for the model: removing the device of a guest, or unmounting it, is not tried.
 */
export const KERNEL_DIALECT: Dialect = Object.freeze({
  operations: codesWhere((code) => code < OP.pin || (code > OP.unpin && code <= OP.pread_into)),
  flagsBounds: new Map<OpCode, number>(),
  varies: new Set<OpCode>([OP.pwrite, OP.pread, OP.fallocate, OP.reflink_range]),
});

/** One past the largest flags of an operation that a program in this dialect has. */
export function drawnFlagsBound(dialect: Dialect, code: OpCode, geometry: Geometry): number {
  return dialect.flagsBounds.get(code) ?? flagsBound(specOf(code), geometry);
}
