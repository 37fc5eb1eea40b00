/** Which blocks may not be written in place: fs/xfs/xfs_reflink.c, xfs_reflink_trim_around_shared(). */
import { HOLE } from '../../media/layout.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';

/** Is the block of a page another page's, too? */
export function isShared(k: Kernel, block: number): boolean {
  const { refcounts, journal } = k.sb;
  if (refcounts === null || block === HOLE) return false;
  if (k.knobs.shareForgottenEarly) return refcounts.hasOthers(block); // L13
  const shared = refcounts.isShared(block, journal.committedTid);
  if (shared && !refcounts.hasOthers(block))
    k.mark(MARK['xfs_reflink_trim_around_shared:not_committed']);
  return shared;
}
