/** What a real kernel is tested with: on which file system, and how its machine is set up. */

/**
 * The model has ext4, and with xfs-reflink blocks that files share; -huge places files on 2 MiB, so that
 * aligned mappings get huge entries.
 */
export const FILESYSTEM_NAMES = [
  'ext4',
  'ext4-huge',
  'xfs',
  'xfs-huge',
  'xfs-reflink',
  'xfs-reflink-huge',
] as const;
export type FilesystemName = (typeof FILESYSTEM_NAMES)[number];

/** How a real kernel is run, and what is taken for granted about its block device. */
export interface RealSettings {
  /** CPUs of the guest: as many as programs may have threads. */
  readonly cpus: 1 | 2;
  /** log2 of the nanoseconds of an instruction, for traces that repeat; null for real time. */
  readonly icountShift: number | null;
  /** A kernel function whose write-backs count as not done; null for none. */
  readonly ignoreFlush: string | null;
  /** Bytes of a block write that reach media together: a word of pmem, a sector, or a page. */
  readonly atomicBytes: 8 | 512 | 4096;
}
