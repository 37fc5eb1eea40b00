/**
 * What a file system keeps for a page that page_mkwrite has told it of, and drops when it takes the page for
 * clean: buffers, reserved blocks, metadata in memory. File systems on DAX keep nothing of the kind. Only the
 * kernels of threads 001 and 002, which are about the page cache, do.
 */
import type { Inode } from '../types.js';

export class PageBuffers {
  /** By file and page. */
  private readonly pages = new Set<string>();

  reset(): void {
    if (this.pages.size > 0) this.pages.clear();
  }

  has(inode: Inode, page: number): boolean {
    return this.pages.has(`${inode.ino} ${page}`);
  }

  /** page_mkwrite: the pages that the fault may make writable. */
  add(inode: Inode, from: number, to: number): void {
    for (let page = from; page < to; page++) this.pages.add(`${inode.ino} ${page}`);
  }

  drop(inode: Inode, from: number, to: number): void {
    for (let page = from; page < to; page++) this.pages.delete(`${inode.ino} ${page}`);
  }
}
