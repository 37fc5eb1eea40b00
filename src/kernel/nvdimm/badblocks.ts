/**
 * Media errors: memory that cannot be read any more, and the driver's list of it (struct badblocks).
 *
 * Poison is in the memory and outlives a power failure. The list is built from it when the driver starts,
 * and kept by who is told of an error, and by the driver when it has mended one. Approximation: what goes bad
 * is a whole block; Linux lists sectors of 512 bytes, of a page that it does not map all the same.
 */
export class MediaErrors {
  /** Has there been one since boot? */
  any = false;
  /** Blocks of which a load is a machine check. What is stored to them does not mend that. */
  readonly poisoned = new Set<number>();
  /** pmem->bb: blocks that dax_direct_access() refuses. */
  readonly listed = new Set<number>();

  reset(): void {
    if (!this.any) return;
    this.any = false;
    this.poisoned.clear();
    this.listed.clear();
  }
}
