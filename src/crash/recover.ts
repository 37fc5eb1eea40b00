/**
 * Recovery of the model's file system: reads an image as a mount after the crash would, and shows the
 * files. Only bytes of the image are used; nothing of the execution is known here.
 */
import type { RecoveredFiles } from '../media/disk.js';
import type { Layout, Metadata } from '../media/layout.js';
import { blockAddress, decodeMetadata, HOLE } from '../media/layout.js';

export class RecordedFiles implements RecoveredFiles {
  private readonly metadata: Metadata;

  constructor(
    private readonly layout: Layout,
    private readonly image: Uint8Array,
  ) {
    this.metadata = decodeMetadata(layout, image);
  }

  sizeOf(ino: number): number {
    return this.metadata.files[ino]?.size ?? 0;
  }

  /** The byte that read(2) gives at `offset`, which is below the size. */
  byteOf(ino: number, offset: number): number {
    const { pageSize } = this.layout.geometry;
    const block = this.metadata.files[ino]?.blocks[Math.floor(offset / pageSize)] ?? HOLE;
    if (block === HOLE) return 0;
    return this.image[blockAddress(this.layout, block) + (offset % pageSize)] as number;
  }

  isZero(ino: number, from: number, to: number): boolean {
    for (let offset = from; offset < to; offset++) {
      if (this.byteOf(ino, offset) !== 0) return false;
    }
    return true;
  }
}
