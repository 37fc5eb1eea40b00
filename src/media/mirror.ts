/**
 * Images of tens of megabytes, one after the other, that differ from a common origin in few pages: making one
 * equal to another copies only the pages in which either can differ from the origin.
 */
import { assert } from '../support/assert.js';
import { ascending } from '../support/order.js';

export const MIRROR_PAGE_BYTES = 4096;

/** Page numbers, ascending. */
export type Pages = readonly number[];

/** An image, by how it differs from one that never changes. */
export interface Differing {
  /** As long as the image; never written to: identity means equality. */
  readonly origin: Uint8Array;
  /** Outside of these, the image is equal to its origin. */
  readonly pages: Pages;
  /** A view of the bytes of any page. */
  at(page: number): Uint8Array;
}

const pageOf = (bytes: Uint8Array, page: number): Uint8Array =>
  bytes.subarray(page * MIRROR_PAGE_BYTES, (page + 1) * MIRROR_PAGE_BYTES);

/** An image that is its own origin. */
export const original = (origin: Uint8Array): Differing => differing(origin, origin, []);

export function differing(bytes: Uint8Array, origin: Uint8Array, pages: Pages): Differing {
  return { origin, pages, at: (page) => pageOf(bytes, page) };
}

/** A copy that is small. */
export function kept(image: Differing): Differing {
  const { origin, pages } = image;
  const copies = new Map(pages.map((page) => [page, Uint8Array.from(image.at(page))]));
  return { origin, pages, at: (page) => copies.get(page) ?? pageOf(origin, page) };
}

export function unitePages(a: Pages, b: Pages): Pages {
  return [...new Set([...a, ...b])].sort(ascending);
}

/** An image that is made equal to others. Who else writes to it says where, or lets it forget. */
export class Mirror implements Differing {
  private known: Uint8Array | null = null;
  protected different: Pages = [];

  constructor(readonly bytes: Uint8Array = new Uint8Array(0)) {}

  get origin(): Uint8Array {
    assert(this.known !== null, 'a mirror has followed an image');
    return this.known;
  }

  get pages(): Pages {
    return this.different;
  }

  at(page: number): Uint8Array {
    return pageOf(this.bytes, page);
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
    const { origin } = image;
    const same = origin === this.known;
    if (!same) this.bytes.set(origin);
    for (const page of same ? unitePages(this.pages, image.pages) : image.pages) {
      const start = page * MIRROR_PAGE_BYTES;
      if (start < origin.length) this.bytes.set(image.at(page), start);
    }
    this.known = origin;
    this.different = image.pages;
  }
}
