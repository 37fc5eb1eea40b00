/**
 * Which file is behind each descriptor and each page of a mapping, followed from the operations of a program
 * and what they returned: a real kernel's trace does not say.
 */
import type { Op } from '../program/op.js';
import { MAP_PRIVATE, OP, specOf, usesRange } from '../program/op.js';
import { GUEST_PAGE_BYTES } from './guest-program.js';

/** Pages of a file that a call is about. */
export interface PageRange {
  readonly ino: number;
  readonly page: number;
  readonly pages: number;
}

interface Mapping {
  readonly ino: number;
  readonly page: number;
  readonly pages: number;
  readonly shared: boolean;
}

export const NO_FILE = -1;

export class Slots {
  private readonly files = new Map<number, number>();
  private readonly mappings = new Map<number, Mapping>();

  /** The file that an operation on a descriptor is about; NO_FILE for others. */
  fileOf(op: Op): number {
    const spec = specOf(op.code);
    if (spec.slot !== 'fd' || spec.assigns) return NO_FILE;
    return this.files.get(op.target) ?? NO_FILE;
  }

  /** The file pages that an msync is about; null if it is about no shared mapping. */
  syncRange(op: Op): PageRange | null {
    const mapping = this.mappings.get(op.target);
    if (op.code !== OP.msync || mapping?.shared !== true) return null;
    const pages = Math.min(op.length, mapping.pages - op.offset);
    return pages > 0 ? { ino: mapping.ino, page: mapping.page + op.offset, pages } : null;
  }

  /** The part of a file whose bytes an operation is to change; null if nobody knows. */
  meantBy(op: Op): PageRange | null {
    switch (op.code) {
      case OP.store:
        return this.mappedRange(op.target, op.offset, op.length);
      case OP.pread_into:
        return this.mappedRange(op.source, op.flags * GUEST_PAGE_BYTES, op.length);
      default: {
        const ino = this.fileOf(op);
        if (ino === NO_FILE) return null;
        const isRange = usesRange(specOf(op.code));
        return isRange ? pagesOf(ino, op.offset, op.length) : pagesOf(ino, 0, Infinity);
      }
    }
  }

  private mappedRange(slot: number, offset: number, length: number): PageRange | null {
    const mapping = this.mappings.get(slot);
    if (mapping === undefined) return null;
    return pagesOf(mapping.ino, mapping.page * GUEST_PAGE_BYTES + offset, length);
  }

  /** An operation has returned. */
  done(op: Op, result: number): void {
    if (result < 0) return;
    if (op.code === OP.open) {
      this.files.set(op.target, op.source);
    } else if (op.code === OP.mmap) {
      const ino = this.files.get(op.source) ?? NO_FILE;
      const shared = (op.flags & MAP_PRIVATE) === 0;
      this.mappings.set(op.target, { ino, page: op.offset, pages: op.length, shared });
    }
  }
}

/** The pages of a byte range. */
function pagesOf(ino: number, offset: number, length: number): PageRange {
  const page = Math.floor(offset / GUEST_PAGE_BYTES);
  return { ino, page, pages: Math.ceil((offset + length) / GUEST_PAGE_BYTES) - page };
}
