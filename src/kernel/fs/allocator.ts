/**
 * Free blocks. A freed block is kept back until the transaction that freed it has committed; without that
 * rule a crash could show a file with another file's new data (P9).
 *
 * On a small device the lowest number comes first, so that freed blocks are soon used again: what can go
 * wrong with that is what programs are run for. On one as large as a real one the search goes on behind the
 * block that it found last, as in Linux.
 */
import { assert } from '../../support/assert.js';
import { empty } from '../../support/lists.js';

export const NO_BLOCK = -1;

/** Devices of fewer blocks are small. */
export const LARGE_DEVICE = 64;

const ALLOCATED = 0;
const FREE = 1;
/** Freed in a transaction that has not committed. */
const FREED = 2;

export class BlockAllocator {
  /** FREE where a block may be allocated. */
  private free = new Uint8Array(0);
  private readonly freed: { block: number; tid: number }[] = [];
  /** Where the next search begins. */
  private next = 0;

  reset(blockCount: number): void {
    if (this.free.length !== blockCount) this.free = new Uint8Array(blockCount);
    this.free.fill(FREE);
    empty(this.freed);
    this.next = 0;
  }

  /** Are blocks kept back for a commit? */
  get hasFreed(): boolean {
    return this.freed.length > 0;
  }

  isAllocated(block: number): boolean {
    return this.free[block] === ALLOCATED;
  }

  take(block: number): void {
    assert(this.free[block] === FREE, () => `block ${block} is allocated twice`);
    this.free[block] = ALLOCATED;
    this.goOnBehind(block);
  }

  private goOnBehind(block: number): void {
    if (this.free.length >= LARGE_DEVICE) this.next = block + 1;
  }

  /** A block, or NO_BLOCK when the device is full. */
  allocate(): number {
    const near = this.next > 0 ? this.free.indexOf(FREE, this.next) : -1;
    const block = near >= 0 ? near : this.free.indexOf(FREE);
    if (block < 0) return NO_BLOCK;
    this.free[block] = ALLOCATED;
    this.goOnBehind(block);
    return block;
  }

  /** The first of `count` consecutive blocks starting at a multiple of `count`, or NO_BLOCK. */
  allocateAligned(count: number): number {
    for (let first = 0; first + count <= this.free.length; first += count) {
      let fits = true;
      for (let block = first; fits && block < first + count; block++)
        fits = this.free[block] === FREE;
      if (!fits) continue;
      this.free.fill(ALLOCATED, first, first + count);
      return first;
    }
    return NO_BLOCK;
  }

  /** Freed in transaction `tid`; usable once that has committed. */
  release(block: number, tid: number): void {
    this.free[block] = FREED;
    this.freed.push({ block, tid });
  }

  /** Transactions up to `tid` are on media. */
  committed(tid: number): void {
    if (this.freed.length === 0) return;
    let kept = 0;
    for (const entry of this.freed) {
      if (entry.tid > tid) this.freed[kept++] = entry;
      else this.free[entry.block] = FREE;
    }
    this.freed.length = kept;
  }
}
