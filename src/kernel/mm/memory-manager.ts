/**
 * The address space of the one process that a program is: virtual layout, page tables, private pages.
 *
 * Each mapping slot owns a fixed region of virtual pages, so that addresses do not depend on the order in
 * which threads map things. Page-table entries are integers; a PMD either maps pmdPages pages at once or
 * has a table of PTEs below it, or is none.
 */
import type { Geometry } from '../../program/geometry.js';
import { MAPPING_SLOTS, PIN_SLOTS, FD_SLOTS } from '../../program/geometry.js';
import { RwSemaphore, WaitQueue } from '../lock.js';
import { POINT } from '../points.js';
import type { Inode, Pin, Vma } from '../types.js';
import { empty } from '../../support/lists.js';

/** Bits of a page-table entry; the block number is above them. */
export const PTE_PRESENT = 1;
export const PTE_WRITE = 2;
export const PTE_DIRTY = 4;
/** Maps the shared zero page. */
export const PTE_ZERO = 8;
/** Maps a private copy; the block number is an index into `anonymous`. */
export const PTE_ANONYMOUS = 16;
/** A PMD that maps its whole range; in a TLB, a translation that came from one. */
export const PMD_HUGE = 32;
/** A PMD that points to a table of PTEs. */
export const PMD_TABLE = 64;
const PTE_SHIFT = 8;

export const makePte = (block: number, bits: number): number => (block << PTE_SHIFT) | bits;
export const pteBlock = (pte: number): number => pte >> PTE_SHIFT;

/** What a mapping slot of the program holds. */
export interface MappingSlot {
  readonly start: number;
  readonly pages: number;
}

export class MemoryManager {
  readonly mmapLock = new RwSemaphore(POINT['wait:mmap_lock']);
  /** The page-table lock; only held across a point while a cleaned PTE awaits its TLB flush. */
  ptlHeld = false;
  readonly waitPtl = new WaitQueue(POINT['wait:ptl']);
  readonly vmas: Vma[] = [];
  ptes = new Int32Array(0);
  pmds = new Int32Array(0);
  /** Private copies of pages, by number. */
  readonly anonymous: Uint8Array[] = [];
  anonymousCount = 0;

  readonly fds: (Inode | null)[] = new Array<Inode | null>(FD_SLOTS).fill(null);
  readonly mappings: (MappingSlot | null)[] = new Array<MappingSlot | null>(MAPPING_SLOTS).fill(
    null,
  );
  readonly pins: (Pin | null)[] = new Array<Pin | null>(PIN_SLOTS).fill(null);
  /** References of pins on each block: refcount minus mapcount of its page. */
  pinCounts = new Int32Array(0);
  /** Blocks that were cleaned while pinned: later device writes are not tracked (A11). */
  cleanedUnderPin = new Uint8Array(0);
  /** CPUs that walk the page tables with interrupts disabled, one bit a task. */
  fastWalkers = 0;
  readonly waitWalkers = new WaitQueue(POINT['wait:shootdown']);

  pmdPages = 1;
  slotPages = 0;
  virtualPages = 0;

  reset(geometry: Geometry): void {
    this.pmdPages = geometry.pmdPages;
    const filePages = Math.ceil(geometry.filePagesMax / geometry.pmdPages) * geometry.pmdPages;
    this.slotPages = filePages + 2 * geometry.pmdPages;
    this.virtualPages = this.slotPages * MAPPING_SLOTS;
    if (this.ptes.length !== this.virtualPages) {
      this.ptes = new Int32Array(this.virtualPages);
      this.pmds = new Int32Array(this.virtualPages / geometry.pmdPages);
    } else {
      this.ptes.fill(0);
      this.pmds.fill(0);
    }
    if (this.pinCounts.length !== geometry.blockCount) {
      this.pinCounts = new Int32Array(geometry.blockCount);
      this.cleanedUnderPin = new Uint8Array(geometry.blockCount);
    } else {
      this.pinCounts.fill(0);
      this.cleanedUnderPin.fill(0);
    }
    this.mmapLock.reset();
    this.ptlHeld = false;
    empty(this.waitPtl.tasks);
    this.fastWalkers = 0;
    empty(this.waitWalkers.tasks);
    empty(this.vmas);
    this.anonymousCount = 0;
    this.fds.fill(null);
    this.mappings.fill(null);
    this.pins.fill(null);
  }

  isAnyPinned(): boolean {
    return this.pinCounts.some((count) => count > 0);
  }

  findVma(vpage: number): Vma | null {
    for (const vma of this.vmas) if (vpage >= vma.start && vpage < vma.end) return vma;
    return null;
  }

  pmdIndex(vpage: number): number {
    return Math.floor(vpage / this.pmdPages);
  }

  pmdOf(vpage: number): number {
    return this.pmds[this.pmdIndex(vpage)] as number;
  }

  /** What the page tables say about one page: a PTE, or the PMD's word for it. */
  walk(vpage: number): number {
    const pmd = this.pmdOf(vpage);
    if ((pmd & PMD_HUGE) === 0) return this.ptes[vpage] as number;
    if ((pmd & PTE_ZERO) !== 0) return pmd;
    const within = vpage & (this.pmdPages - 1);
    return pmd + (within << PTE_SHIFT);
  }

  /** A zeroed page for a private copy. */
  allocateAnonymous(pageSize: number): number {
    const number = this.anonymousCount++;
    const page = this.anonymous[number];
    if (page?.length === pageSize) page.fill(0);
    else this.anonymous[number] = new Uint8Array(pageSize);
    return number;
  }
}
