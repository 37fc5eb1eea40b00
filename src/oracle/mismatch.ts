/** A byte or a size of a recovered file that is not what it may be. */
import { hex } from '../support/units.js';

export interface Mismatch {
  readonly ino: number;
  /** The byte, or -1 when it is the size that is wrong. */
  readonly offset: number;
  readonly expected: readonly number[];
  readonly found: number;
}

/** `reads 0x0 after the crash, expected 0x3`, to follow the place. */
export function afterCrash({ offset, found, expected }: Mismatch): string {
  if (offset < 0) return `is ${found} after the crash, expected ${expected.join(' or ')}`;
  return `reads ${hex(found)} after the crash, expected ${expected.map(hex).join(' or ')}`;
}
