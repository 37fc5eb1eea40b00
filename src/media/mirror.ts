/**
 * Images of tens of megabytes, one after the other, that differ from a common origin in few pages: making one
 * equal to another copies only the pages in which either can differ from the origin.
 */
import { ascending } from '../support/order.js';

export const MIRROR_PAGE_BYTES = 4096;

/** Page numbers, ascending. */
export type Pages = readonly number[];

/** An image, and where it can differ from one that never changes. */
export interface Differing {
  readonly bytes: Uint8Array;
  /** Never written to; identity means equality. */
  readonly origin: Uint8Array;
  /** Outside of these, `bytes` and `origin` are equal. */
  readonly pages: Pages;
}

/** An image that is its own origin. */
export const original = (bytes: Uint8Array): Differing => ({ bytes, origin: bytes, pages: [] });

export function unitePages(a: Pages, b: Pages): Pages {
  return [...new Set([...a, ...b])].sort(ascending);
}

/** An image that is made equal to others. Who else writes to it says where, or lets it forget. */
export class Mirror implements Differing {
  private known: Uint8Array | null = null;
  protected different: Pages = [];

  constructor(public bytes: Uint8Array = new Uint8Array(0)) {}

  get origin(): Uint8Array {
    return this.known ?? this.bytes;
  }

  get pages(): Pages {
    return this.different;
  }

  /** What was written here since is inside of these, which have those from before. */
  differsIn(pages: Pages): void {
    this.different = pages;
  }

  /** Something else was written here: the next image is copied whole. */
  forget(): void {
    this.known = null;
  }

  /** Makes this one equal to `image`, which is at most as long. */
  follow(image: Differing): void {
    if (image.origin === this.known) {
      for (const page of unitePages(this.pages, image.pages)) {
        const start = page * MIRROR_PAGE_BYTES;
        if (start >= image.bytes.length) break;
        this.bytes.set(image.bytes.subarray(start, start + MIRROR_PAGE_BYTES), start);
      }
    } else {
      this.bytes.set(image.bytes);
    }
    this.known = image.origin;
    this.different = image.pages;
  }
}
