/**
 * The guest's pmem, written behind its unmounted file system. The plugin marks each page that the guest
 * stores to, so that of the next image only those are copied that can differ.
 */
import { Mirror, MIRROR_PAGE_BYTES, unitePages } from '../media/mirror.js';
import type { Differing, Pages } from '../media/mirror.js';
import { assert } from '../support/assert.js';
import { DIRTY_PAGE_BYTES } from './protocol.js';

export class Pmem extends Mirror {
  constructor(
    bytes: Uint8Array,
    private readonly marks: Buffer,
  ) {
    super(bytes);
    assert(DIRTY_PAGE_BYTES === MIRROR_PAGE_BYTES, 'the plugin marks pages of the same size');
  }

  override get pages(): Pages {
    const dirty: number[] = [];
    for (let page = this.marks.indexOf(1); page >= 0; page = this.marks.indexOf(1, page + 1)) {
      dirty.push(page);
    }
    return unitePages(this.different, dirty);
  }

  override follow(image: Differing): void {
    super.follow(image);
    this.marks.fill(0);
  }
}
