/**
 * Blocks that several files share, after fs/xfs/libxfs/xfs_refcount.c: how many pages have each block beyond
 * the first.
 *
 * Deviation: a block counts as shared until the transaction is on media in which it lost its last other
 * owner. XFS forgets the count at once; the remaining owner then writes in place, and a crash that undoes
 * the transaction shows that write in the other file, too (L13).
 */
import { HOLE } from '../../media/layout.js';
import type { Inode } from '../types.js';

export class Refcounts {
  /** Owners of each block but one. */
  private others = new Int32Array(0);
  /** The transaction in which another owner let go of the block. */
  private droppedIn = new Int32Array(0);

  reset(blockCount: number): void {
    if (this.others.length !== blockCount) {
      this.others = new Int32Array(blockCount);
      this.droppedIn = new Int32Array(blockCount);
    } else {
      this.others.fill(0);
      this.droppedIn.fill(0);
    }
  }

  /** One more page has the block. */
  share(block: number): void {
    (this.others[block] as number)++;
  }

  /** A page lets go of the block in transaction `tid`; false if it was the only one to have it. */
  drop(block: number, tid: number): boolean {
    if (this.others[block] === 0) return false;
    (this.others[block] as number)--;
    this.droppedIn[block] = tid;
    return true;
  }

  /** Does, or may after a crash, another page have the block? */
  isShared(block: number, committedTid: number): boolean {
    return this.others[block] !== 0 || (this.droppedIn[block] as number) > committedTid;
  }

  /** Do several pages have the block at this moment? */
  hasOthers(block: number): boolean {
    return this.others[block] !== 0;
  }
}

/** mkfs shares nothing. */
export function resetCow(inode: Inode): void {
  inode.reflinked = false;
  if (inode.cowBlocks.length !== inode.blocks.length) {
    inode.cowBlocks = new Int32Array(inode.blocks.length);
  }
  inode.cowBlocks.fill(HOLE);
}
