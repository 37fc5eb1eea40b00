/**
 * The disk of an execution as it was when the trace began: one that the model has formatted, or one of a real
 * kernel, whose metadata nobody but that kernel reads.
 */
import type { FreshDisk } from './fresh.js';
import type { Layout } from './layout.js';
import type { Metadata } from './log.js';
import type { Differing } from './mirror.js';

/** st_mtime and st_ctime, in ticks. */
export interface FileTimes {
  readonly mtime: number;
  readonly ctime: number;
}

/** The files of a program as a mount shows them. */
export interface RecoveredFiles {
  /** Bytes; 0 for a file that is not there. */
  sizeOf(ino: number): number;
  /** What stat(2) says of the times, in ticks; null where nobody has asked. */
  timesOf(ino: number): FileTimes | null;
  /** The byte that read(2) gives at `offset`, which is below the size. */
  byteOf(ino: number, offset: number): number;
  /** Are all bytes of [from, to), which is inside one page, zero? */
  isZero(ino: number, from: number, to: number): boolean;
  /** The block of a page, where that can be told. */
  blockOf?(ino: number, page: number): number;
}

/** What mounting an image came to. */
export interface Recovery {
  /** A string says why it failed, or what else is wrong with it. */
  readonly files: RecoveredFiles | string;
  /** Whether it was mounted for this; an image that was mounted before need not be. */
  readonly isNew: boolean;
}

/** A disk that has to be mounted to be understood. */
export interface OpaqueDisk {
  readonly kind: 'opaque';
  readonly layout: Layout;
  /** Sizes and block maps of the program's files when the trace began. */
  readonly metadata: Metadata;
  /** All bytes when the trace began; outside of its pages the trace, too, leaves the origin as it is. */
  readonly content: Differing;
  /** Bytes of a block write that reach media together. */
  readonly atomicBytes: number;
  /** Mounts a copy of the image. */
  mount(image: Differing): Recovery;
}

export type Disk = FreshDisk | OpaqueDisk;
