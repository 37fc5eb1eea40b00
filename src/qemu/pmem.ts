/**
 * The guest's pmem, written behind its unmounted file system. Images are tens of megabytes and differ in a
 * few pages, so only those are copied that can differ: the plugin marks each page that the guest stores to.
 */
import { ascending } from '../support/order.js';
import { DIRTY_PAGE_BYTES } from './protocol.js';

/** Page numbers. */
export type Pages = readonly number[];

/** An image that is never written to once it was given away; identity means equality. */
export type ConstantImage = Uint8Array;

export function copyPages(from: Uint8Array, to: Uint8Array, pages: Pages): void {
  for (const page of pages) {
    const start = page * DIRTY_PAGE_BYTES;
    if (start < to.length) to.set(from.subarray(start, start + DIRTY_PAGE_BYTES), start);
  }
}

export function unite(a: Pages, b: Pages): Pages {
  return [...new Set([...a, ...b])].sort(ascending);
}

export class Pmem {
  /** Outside of `different` and of the dirty pages, pmem is equal to this. */
  private original: ConstantImage | null = null;
  private different: Pages = [];

  constructor(
    readonly bytes: Buffer,
    private readonly marks: Buffer,
  ) {}

  /** The pages that the guest has stored to since the last image was put. */
  get dirty(): Pages {
    const pages: number[] = [];
    for (let page = this.marks.indexOf(1); page >= 0; page = this.marks.indexOf(1, page + 1)) {
      pages.push(page);
    }
    return pages;
  }

  /** Something else than the guest's traced stores may have changed pmem: the next image is copied whole. */
  forget(): void {
    this.original = null;
  }

  /** Makes pmem equal to an image of which nothing is known. */
  put(image: Uint8Array): void {
    this.bytes.set(image);
    this.original = null;
    this.marks.fill(0);
  }

  /** Makes pmem equal to an image that is equal to `original` outside of `pages`. */
  putChanged(image: Uint8Array, original: ConstantImage, pages: Pages): void {
    if (original === this.original) {
      copyPages(image, this.bytes, unite(unite(this.different, this.dirty), pages));
    } else {
      this.bytes.set(image);
    }
    this.original = original;
    this.different = pages;
    this.marks.fill(0);
  }
}
