/**
 * What mounting an image has shown, for those that come again: programs that begin alike leave the same
 * images at their first cuts. Only what was recovered is kept; what was not may be asked for again.
 */
import { createHash } from 'node:crypto';
import type { RecoveredFiles } from '../media/disk.js';
import type { Differing } from '../media/mirror.js';

/** Of files of some ten pages each. */
const IMAGES_MAX = 1024;

export class SeenImages {
  /** The least recently seen first. */
  private readonly images = new Map<string, RecoveredFiles>();
  private readonly origins = new Map<Uint8Array, number>();

  /** Equal for equal images, and for no others. */
  keyOf(image: Differing): string {
    const hash = createHash('sha1');
    hash.update(String(this.numberOf(image.origin)));
    for (const page of image.pages) {
      const bytes = image.at(page);
      const start = page * bytes.length;
      const before = image.origin.subarray(start, start + bytes.length);
      // Pages are only where an image may differ.
      if (Buffer.compare(bytes, before) === 0) continue;
      hash.update(`,${page},`);
      hash.update(bytes);
    }
    return hash.digest('base64');
  }

  private numberOf(origin: Uint8Array): number {
    const number = this.origins.get(origin) ?? this.origins.size;
    this.origins.set(origin, number);
    return number;
  }

  get(key: string): RecoveredFiles | undefined {
    const files = this.images.get(key);
    if (files !== undefined) this.put(key, files);
    return files;
  }

  put(key: string, files: RecoveredFiles): void {
    this.images.delete(key);
    this.images.set(key, files);
    const [oldest] = this.images.keys();
    if (this.images.size > IMAGES_MAX && oldest !== undefined) this.images.delete(oldest);
  }

  clear(): void {
    this.images.clear();
  }
}
