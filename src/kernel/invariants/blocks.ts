/**
 * I6: nobody has to do with a free block: no page table maps it, no entry is for it, nobody has it pinned. A
 * block is free from the transaction on that takes it from its file. A walk without locks may hold a
 * reference that it gives back when it has looked again.
 */
import { entryBlock, entryPages, isMapped } from '../dax/entry.js';
import type { Kernel } from '../kernel.js';
import { PTE_ANONYMOUS, PTE_PRESENT, PTE_ZERO, pteBlock } from '../mm/memory-manager.js';
import type { Report } from './condition.js';

export function inspectBlocks(k: Kernel, report: Report): void {
  const { allocator } = k.sb;
  const { vmas, pinCounts, fastWalkers } = k.mm;
  for (let block = 0; block < pinCounts.length; block++) {
    if (pinCounts[block] !== 0 && fastWalkers === 0 && !allocator.isAllocated(block)) {
      report('I6', -1, -1, `block ${block} is free and pinned`);
    }
  }
  for (const inode of k.sb.inodes) {
    for (let slot = 0; slot < inode.entries.length; slot++) {
      const entry = inode.entries[slot] as number;
      if (!isMapped(entry)) continue;
      const count = entryPages(k, entry);
      for (let page = 0; page < count; page++) {
        if (allocator.isAllocated(entryBlock(entry) + page)) continue;
        report('I6', inode.ino, slot + page, 'has an entry for a free block');
      }
    }
  }
  for (const vma of vmas) {
    for (let vpage = vma.start; vpage < vma.end; vpage++) {
      const pte = k.mm.walk(vpage);
      if ((pte & (PTE_PRESENT | PTE_ANONYMOUS | PTE_ZERO)) !== PTE_PRESENT) continue;
      if (allocator.isAllocated(pteBlock(pte))) continue;
      report('I6', vma.inode.ino, vma.pgoff + vpage - vma.start, 'is mapped to a free block');
    }
  }
}
