/**
 * The sizes that the hardware fixes. Page and PMD sizes are not here: they are part of a program's
 * geometry (program/geometry.ts), because tests and the model use small ones.
 */

/** Bytes that persist together or not at all: an aligned store of at most this many bytes never tears. */
export const WORD_SIZE = 8;
export const WORD_SHIFT = 3;

/** Bytes of a cache line: the unit of flushing and, in line-ordered persistency, of order. */
export const LINE_SIZE = 64;
export const LINE_SHIFT = 6;

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
