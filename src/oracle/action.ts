/** Something that was done to bytes of a file. */
import type { Deed } from './settling.js';

export interface Action extends Deed {
  readonly from: number;
  readonly to: number;
  /** A place in the trace's pool or a repeated byte, as in store events. */
  readonly data: number;
  /** A copy of bytes that the file had: where it covers what was stored since, they are not allowed. */
  readonly isCopy?: boolean;
  /** A media error: the bytes are lost, and all that was promised of them. */
  readonly isLoss?: boolean;
}
