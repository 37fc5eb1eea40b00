/** A byte, size or time of a recovered file that is not what it may be. */
import { hex } from '../support/units.js';

/** In the place of an offset: it is the size that is wrong, or a time. */
export const OF_SIZE = -1;
export const OF_TIMES = -2;

export interface Mismatch {
  readonly ino: number;
  /** The byte, or OF_SIZE or OF_TIMES. */
  readonly offset: number;
  readonly expected: readonly number[];
  readonly found: number;
}

/** `reads 0x0 after the crash, expected 0x3`, to follow the place. */
export function afterCrash({ offset, found, expected }: Mismatch): string {
  if (offset === OF_TIMES)
    return `are ${found} after the crash, expected at least ${expected.join()}`;
  if (offset < 0) return `is ${found} after the crash, expected ${expected.join(' or ')}`;
  return `reads ${hex(found)} after the crash, expected ${expected.map(hex).join(' or ')}`;
}
