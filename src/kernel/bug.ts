/** What a row of the catalogue of bugs is (bugs.ts). */
import type { KnobName } from './variant.js';

export interface Bug {
  readonly id: string;
  readonly slug: string;
  readonly title: string;
  /** Kernels that had it. */
  readonly kernels: string;
  /** The promises that it can break; the first is the usual one. */
  readonly promises: readonly string[];
  readonly source: string;
  readonly knobs: readonly KnobName[];
  /** The kernel claims to track what devices write through pins, and is held to it. */
  readonly tracksDma?: boolean;
  /** Open in Linux: found only when asked for. */
  readonly knownOpen?: boolean;
  /** Only where files share blocks: --fs xfs-reflink. */
  readonly sharedBlocks?: boolean;
  /** Hidden on ext4, or hard to find there: --fs xfs. */
  readonly onXfs?: boolean;
}
