/**
 * The pages that blocks have left by an operation that moves blocks. Until the move is durable a crash can
 * undo it, and what was stored to the block since is then at its former page: nobody promised it there, and
 * it is not foreign either.
 *
 * That goes for the page that the block has moved to. Of two pages that shared it, one must not see what the
 * other stores there after it left (P9).
 */
export class FormerPages {
  /** By block: the pages that it has left since it was free. */
  private readonly left = new Map<number, Set<number>>();
  /** What a block had left before it came to its last page, should it turn out that it was not free. */
  private readonly before = new Map<number, Set<number>>();
  /** By block, for each page to which it has come with the bytes in it: what it had left by then. */
  private readonly moved = new Map<number, Map<number, readonly number[]>>();

  unmapped(block: number, page: number): void {
    const pages = this.left.get(block) ?? new Set<number>();
    this.left.set(block, pages.add(page));
  }

  /** To a page that is to get it empty, unless `brought` follows. */
  mapped(block: number, page: number): void {
    this.moved.get(block)?.delete(page);
    const left = this.left.get(block);
    if (left === undefined) this.before.delete(block);
    else this.before.set(block, left);
    this.left.delete(block);
  }

  brought(block: number, page: number): void {
    const left = this.before.get(block);
    if (left !== undefined) this.left.set(block, left);
    this.before.delete(block);
    const pages = this.moved.get(block) ?? new Map<number, readonly number[]>();
    this.moved.set(block, pages.set(page, [...(this.left.get(block) ?? [])]));
  }

  /** Where a store to the block that was meant for `page` may show, too. */
  of(block: number, page: number): readonly number[] {
    return this.moved.get(block)?.get(page) ?? [];
  }
}
