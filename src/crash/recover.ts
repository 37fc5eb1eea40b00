/**
 * Recovery of the model's file system: reads an image as a mount after the crash would, and shows the
 * files. Only bytes of the image are used; nothing of the execution is known here.
 */
import type { FileTimes, RecoveredFiles } from '../media/disk.js';
import type { Layout } from '../media/layout.js';
import { blockAddress, HOLE } from '../media/layout.js';
import type { Metadata } from '../media/log.js';
import { readMetadata } from '../media/log.js';

const NO_TIMES: FileTimes = { mtime: 0, ctime: 0 };

/** The files of an image; a string says why it cannot be mounted. */
export function recoverFiles(layout: Layout, image: Uint8Array): RecordedFiles | string {
  const metadata = readMetadata(layout, image);
  return typeof metadata === 'string' ? metadata : new RecordedFiles(layout, image, metadata);
}

export class RecordedFiles implements RecoveredFiles {
  constructor(
    private readonly layout: Layout,
    private readonly image: Uint8Array,
    private readonly metadata: Metadata,
  ) {}

  sizeOf(ino: number): number {
    return this.metadata.files[ino]?.size ?? 0;
  }

  timesOf(ino: number): FileTimes {
    return this.metadata.files[ino] ?? NO_TIMES;
  }

  /** The byte that read(2) gives at `offset`, which is below the size. */
  byteOf(ino: number, offset: number): number {
    const { pageSize } = this.layout.geometry;
    const block = this.metadata.files[ino]?.blocks[Math.floor(offset / pageSize)] ?? HOLE;
    if (block === HOLE) return 0;
    return this.image[blockAddress(this.layout, block) + (offset % pageSize)] as number;
  }

  blockOf(ino: number, page: number): number {
    return this.metadata.files[ino]?.blocks[page] ?? HOLE;
  }

  isZero(ino: number, from: number, to: number): boolean {
    for (let offset = from; offset < to; offset++) {
      if (this.byteOf(ino, offset) !== 0) return false;
    }
    return true;
  }
}
