/**
 * I1: a page of a file that some page table lets be written has an entry, for the same block, and that is
 * DIRTY or locked. Else a store to it is never written back.
 *
 * I2: a page table maps the block that the file has at that page, and the zero page only where the file has a
 * hole. Whoever changes the block map unmaps under the entry's lock or under the invalidate lock, held for
 * writing. The zero page has two more exemptions: write(2) allocates first and unmaps then, under i_rwsem;
 * and a fault that has allocated a block which went bad meanwhile is refused, and the zero page stays mapped.
 */
import { HOLE } from '../../media/layout.js';
import { TAG } from '../../trace/event.js';
import {
  entryBlock,
  isLocked,
  isMapped,
  isTagged,
  loadEntry,
  NO_ENTRY,
  slotOf,
} from '../dax/entry.js';
import type { Kernel } from '../kernel.js';
import { PTE_ANONYMOUS, PTE_PRESENT, PTE_WRITE, PTE_ZERO, pteBlock } from '../mm/memory-manager.js';
import { isBad } from '../nvdimm/media-errors.js';
import type { Inode } from '../types.js';
import type { Report } from './condition.js';

export function inspectMappings(k: Kernel, report: Report): void {
  const { mm } = k;
  for (const vma of mm.vmas) {
    for (let vpage = vma.start; vpage < vma.end; vpage++) {
      const pte = mm.walk(vpage);
      if ((pte & PTE_PRESENT) === 0 || (pte & PTE_ANONYMOUS) !== 0) continue;
      const page = vma.pgoff + vpage - vma.start;
      if ((pte & PTE_WRITE) !== 0) inspectWritable(k, vma.inode, page, pte, report);
      inspectBlock(k, vma.inode, page, pte, report);
    }
  }
}

function inspectWritable(k: Kernel, inode: Inode, page: number, pte: number, report: Report): void {
  const slot = slotOf(k, inode, page);
  const entry = inode.entries[slot] as number;
  if (!isMapped(entry)) {
    report('I1', inode.ino, page, 'is writable and has no entry');
  } else if (entryBlock(entry) + page - slot !== pteBlock(pte)) {
    report('I1', inode.ino, page, 'is writable and its entry is for another block');
  } else if (!isLocked(entry) && !isTagged(inode, slot, TAG.dirty)) {
    report('I1', inode.ino, page, 'is writable and its entry is clean');
  }
}

function inspectBlock(k: Kernel, inode: Inode, page: number, pte: number, report: Report): void {
  const block = inode.blocks[page] ?? HOLE;
  const isZero = (pte & PTE_ZERO) !== 0;
  if (isZero ? block === HOLE : block === pteBlock(pte)) return;
  const entry = loadEntry(k, inode, page);
  if (entry !== NO_ENTRY && isLocked(entry)) return;
  if (inode.invalidateLock.isHeldForWriting) return;
  if (!isZero)
    report('I2', inode.ino, page, 'is mapped to a block that the file does not have there');
  else if (!inode.iRwsem.isHeldForWriting && !isBad(k, block))
    report('I2', inode.ino, page, 'is mapped to the zero page although it has a block');
}
