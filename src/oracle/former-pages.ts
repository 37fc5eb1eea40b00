/**
 * The pages that blocks have left by an operation that moves blocks. Until the move is durable a crash can
 * undo it, and what was stored to the block since is then at its former page: nobody promised it there, and
 * it is not foreign either.
 */
export class FormerPages {
  /** By block: the pages that it has left. */
  private readonly left = new Map<number, Set<number>>();
  /** Blocks that have come to their page with the bytes in them. */
  private readonly moved = new Set<number>();

  unmapped(block: number, page: number): void {
    const pages = this.left.get(block) ?? new Set<number>();
    this.left.set(block, pages.add(page));
  }

  /** To a page that is to get it empty, unless `brought` follows. */
  mapped(block: number): void {
    this.moved.delete(block);
  }

  brought(block: number): void {
    this.moved.add(block);
  }

  of(block: number): Iterable<number> {
    return this.moved.has(block) ? (this.left.get(block) ?? []) : [];
  }
}
