/**
 * The sizes of the small world that a program runs in: pages, huge pages, files, blocks.
 *
 * They belong to the program, not to the kernel, because the meaning of `store(m0, 0x1ff8, 16)` depends on
 * them. The model takes any of them; small ones (a PMD of 4 pages instead of 512) reach the same states
 * with shorter programs, and the brute-force checker needs pages of two lines. A real kernel has its own
 * and refuses a program written for others.
 */
import { LINE_SIZE } from '../support/units.js';
import { UsageError } from '../support/assert.js';

export interface Geometry {
  /** Bytes of a page and of a file-system block: a power of two, at least one cache line. */
  readonly pageSize: number;
  /** Pages that one PMD entry maps: a power of two, at least 2. */
  readonly pmdPages: number;
  /** Pages that a file can have. */
  readonly filePagesMax: number;
  /** Blocks of the device for file data; the journal's block is not among them. */
  readonly blockCount: number;
}

/** Slots that an operation can name. */
export const FILES_MAX = 4;
export const FD_SLOTS = 4;
export const MAPPING_SLOTS = 4;
export const PIN_SLOTS = 4;

export const DEFAULT_GEOMETRY: Geometry = Object.freeze({
  pageSize: 4096,
  pmdPages: 4,
  filePagesMax: 8,
  blockCount: 16,
});

/** Upper bounds, so that a hostile file cannot make us allocate without end. */
const PAGE_SIZE_MAX = 4096;
const FILE_PAGES_MAX = 1024;
export const BLOCKS_MAX = 4096;

const isPowerOfTwo = (n: number): boolean => Number.isInteger(n) && n > 0 && (n & (n - 1)) === 0;

/** @throws UsageError naming the field that is out of bounds. */
export function checkGeometry(geometry: Geometry): void {
  const { pageSize, pmdPages, filePagesMax, blockCount } = geometry;
  const demand = (holds: boolean, what: string): void => {
    if (!holds) throw new UsageError(`geometry: ${what}`);
  };
  demand(
    isPowerOfTwo(pageSize) && pageSize >= LINE_SIZE && pageSize <= PAGE_SIZE_MAX,
    `page must be a power of two from ${LINE_SIZE} to ${PAGE_SIZE_MAX}, found ${pageSize}`,
  );
  demand(
    isPowerOfTwo(pmdPages) && pmdPages >= 2 && pmdPages <= FILE_PAGES_MAX,
    `pmd must be a power of two from 2 to ${FILE_PAGES_MAX} pages, found ${pmdPages}`,
  );
  demand(
    Number.isInteger(filePagesMax) && filePagesMax >= 1 && filePagesMax <= FILE_PAGES_MAX,
    `file-pages must be from 1 to ${FILE_PAGES_MAX}, found ${filePagesMax}`,
  );
  demand(
    Number.isInteger(blockCount) && blockCount >= 1 && blockCount <= BLOCKS_MAX,
    `blocks must be from 1 to ${BLOCKS_MAX}, found ${blockCount}`,
  );
}

export function sameGeometry(a: Geometry, b: Geometry): boolean {
  return (
    a.pageSize === b.pageSize &&
    a.pmdPages === b.pmdPages &&
    a.filePagesMax === b.filePagesMax &&
    a.blockCount === b.blockCount
  );
}
