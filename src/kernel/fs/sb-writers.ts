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

/** Who may keep a file system frozen at the same time, as bits. */
export const FREEZE_HOLDER = { user: 1, kernel: 2 } as const;
export type FreezeHolder = (typeof FREEZE_HOLDER)[keyof typeof FREEZE_HOLDER];

export class SbWriters {
  frozen: number = FREEZE.none;
  /** FREEZE_HOLDER bits of those who keep it frozen. */
  heldBy = 0;
  /** Who is inside, by level. */
  readonly holders = [0, 0, 0];
  readonly drained = new WaitQueue(POINT['wait:writers']);
  readonly thawed = new WaitQueue(POINT['wait:thaw']);
  /** A freeze that was under way is complete, or has failed. */
  readonly settled = new WaitQueue(POINT['wait:freeze']);

  reset(): void {
    this.frozen = FREEZE.none;
    this.heldBy = 0;
    empty(this.settled.tasks);
    this.holders.fill(0);
    empty(this.drained.tasks);
    empty(this.thawed.tasks);
  }
}
