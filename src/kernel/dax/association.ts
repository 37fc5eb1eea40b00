/**
 * Which file a page of the device belongs to, and where in it: page->mapping and page->index, which DAX keeps
 * although its pages are no page cache. They come and go with the entries that map the page. Only those who
 * start from a page need them: memory failure, and what is done with a page when its user lets go of it.
 */
import { NO_INO } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import type { Inode } from '../types.js';
import { entryBlock, entryPages, isMapped } from './entry.js';

/** Models dax_associate_entry(): `slot` is where the entry is in the file. */
export function daxAssociateEntry(k: Kernel, inode: Inode, slot: number, entry: number): void {
  if (!isMapped(entry) || k.knobs.pagesNotAssociated) return; // A12
  const { mapping, index, share } = k.pages;
  const block = entryBlock(entry);
  for (let page = 0; page < entryPages(k, entry); page++) {
    const shared = (share[block + page] as number)++ > 0;
    mapping[block + page] = shared ? NO_INO : inode.ino;
    index[block + page] = slot + page;
  }
}

/**
 * Models dax_disassociate_entry(). Who truncates has waited for all who use the page: until 6.14 Linux warned
 * of a reference that is still there.
 */
export function daxDisassociateEntry(k: Kernel, entry: number, trunc: boolean): void {
  if (!isMapped(entry) || k.knobs.pagesNotAssociated) return; // A12
  const { mapping, share } = k.pages;
  const block = entryBlock(entry);
  for (let page = block; page < block + entryPages(k, entry); page++) {
    if (trunc && (k.mm.pinCounts[page] as number) > 0)
      k.warn('dax_disassociate_entry: a page is truncated that somebody holds a reference to');
    if ((share[page] as number) > 0) (share[page] as number)--;
    if (share[page] === 0) mapping[page] = NO_INO;
  }
}
