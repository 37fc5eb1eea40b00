/**
 * The bytes of a pmem device that is set up again and again: kernel memory as loads see it, and the media
 * itself. Setting it up means mkfs: blocks of files are zero, all others hold a stale pattern. Only blocks
 * that changed since the last time are written, because a campaign does this tens of thousands of times a
 * second.
 */
import { assert } from '../support/assert.js';
import { BLOCKS_MAX, sameGeometry } from '../program/geometry.js';
import { STALE_BYTE } from '../program/program.js';
import type { Disk, OpaqueDisk } from './disk.js';
import type { FreshDisk } from './fresh.js';
import type { Layout } from './layout.js';
import { blockAddress, HOLE } from './layout.js';
import { Mirror } from './mirror.js';

const ZERO = 0;
const STALE = 1;
const CHANGED = 2;

/** Gives `length` bytes of device memory: a mapped file (mapped-file.ts) or plain memory. */
export type AllocateMedia = (length: number) => Uint8Array;

const inMemory: AllocateMedia = (length) => new Uint8Array(length);

export class Image {
  bytes: Uint8Array = new Uint8Array(0);
  /** Of an opaque disk: the same bytes, with what is known of where they differ from others. */
  private mirror: Mirror | null = null;
  private state = new Uint8Array(0);
  private layout: Layout | null = null;
  private readonly wanted: Uint8Array = new Uint8Array(BLOCKS_MAX);

  constructor(private readonly allocate: AllocateMedia = inMemory) {}

  /** Brings the image into the state in which the disk is when a trace begins. */
  reset(disk: Disk): void {
    if (disk.kind === 'fresh') this.format(disk);
    else this.copy(disk);
  }

  private copy({ layout, content }: OpaqueDisk): void {
    if (this.mirror?.bytes.length !== content.origin.length) {
      this.bytes = this.allocate(content.origin.length);
      this.mirror = new Mirror(this.bytes);
    }
    this.mirror.follow(content);
    this.state = new Uint8Array(layout.geometry.blockCount);
    this.layout = null;
  }

  private format({ layout, metadata, record }: FreshDisk): void {
    if (this.layout === null || !samePlaces(this.layout, layout)) {
      this.mirror = null;
      this.layout = layout;
      if (this.bytes.length !== layout.mediaBytes) this.bytes = this.allocate(layout.mediaBytes);
      this.bytes.fill(0, 0, layout.dataStart);
      this.state = new Uint8Array(layout.geometry.blockCount).fill(CHANGED);
    }
    const wanted = this.wanted.fill(STALE, 0, layout.geometry.blockCount);
    for (const file of metadata.files) {
      for (const block of file.blocks) if (block !== HOLE) wanted[block] = ZERO;
    }
    for (let block = 0; block < layout.geometry.blockCount; block++) {
      if (this.state[block] === wanted[block]) continue;
      const from = blockAddress(layout, block);
      this.bytes.fill(
        wanted[block] === ZERO ? 0 : STALE_BYTE,
        from,
        from + layout.geometry.pageSize,
      );
      this.state[block] = wanted[block] as number;
    }
    this.bytes.set(record, 0);
  }

  /** What an opaque disk holds now. */
  get differing(): Mirror {
    assert(this.mirror !== null, 'the image of an opaque disk');
    return this.mirror;
  }

  /** The block is about to be written; a negative one is metadata, which is always set up again. */
  touch(block: number): void {
    if (block >= 0) this.state[block] = CHANGED;
  }
}

/** Is every block at the same place? The number of files moves them, too: it is what the journal holds. */
function samePlaces(a: Layout, b: Layout): boolean {
  return a.dataStart === b.dataStart && sameGeometry(a.geometry, b.geometry);
}
