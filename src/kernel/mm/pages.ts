/**
 * The struct pages of the device, as far as DAX uses them: which file a page belongs to (dax/association.ts).
 */
import { NO_INO } from '../../trace/event.js';

/** page->mapping, page->index and page->share of every block. */
export class Pages {
  /** The inode, or NO_INO. A page that several files share has none: only the file system knows them. */
  mapping = new Int32Array(0);
  index = new Int32Array(0);
  /** Entries that have the page, where files share blocks. */
  share = new Int32Array(0);

  reset(blockCount: number): void {
    if (this.mapping.length !== blockCount) {
      this.mapping = new Int32Array(blockCount);
      this.index = new Int32Array(blockCount);
      this.share = new Int32Array(blockCount);
    }
    this.mapping.fill(NO_INO);
    this.share.fill(0);
  }
}
