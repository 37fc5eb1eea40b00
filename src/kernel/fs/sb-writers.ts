/**
 * struct sb_writers: how far a freeze has come, and who is inside the levels that it closes.
 */
import { empty } from '../../support/lists.js';
import { WaitQueue } from '../lock.js';
import { POINT } from '../points.js';

/** How far a freeze has come: who arrives at a level that is closed sleeps. */
export const FREEZE = { none: 0, write: 1, pagefault: 2, fs: 3, complete: 4 } as const;

/** SB_FREEZE_FS has nobody inside: nothing in the model starts a transaction outside of the other two. */
export type FreezeLevel = (typeof FREEZE)['write' | 'pagefault'];

export class SbWriters {
  frozen: number = FREEZE.none;
  /** Who is inside, by level. */
  readonly holders = [0, 0, 0];
  readonly drained = new WaitQueue(POINT['wait:writers']);
  readonly thawed = new WaitQueue(POINT['wait:thaw']);

  reset(): void {
    this.frozen = FREEZE.none;
    this.holders.fill(0);
    empty(this.drained.tasks);
    empty(this.thawed.tasks);
  }
}
