/**
 * DAX entries as fs/dax.c encodes them in i_pages: four flag bits and a pfn (here: a block number). A PMD
 * entry sits in the slot of its head index and covers pmdPages indices.
 */
import { EVENT, TAG } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import type { Inode, Task, VmFault } from '../types.js';

export const DAX_LOCKED = 1;
export const DAX_PMD = 2;
export const DAX_ZERO_PAGE = 4;
export const DAX_EMPTY = 8;
/** Set in every entry, so that an entry is never the number 0, which is an empty slot. */
const DAX_VALUE = 16;
const DAX_SHIFT = 5;

export const NO_ENTRY = 0;

export const makeEntry = (block: number, flags: number): number =>
  DAX_VALUE | flags | (block << DAX_SHIFT);
export const entryBlock = (entry: number): number => entry >> DAX_SHIFT;
export const isLocked = (entry: number): boolean => (entry & DAX_LOCKED) !== 0;
export const isPmd = (entry: number): boolean => (entry & DAX_PMD) !== 0;
export const isZero = (entry: number): boolean => (entry & DAX_ZERO_PAGE) !== 0;
export const isEmpty = (entry: number): boolean => (entry & DAX_EMPTY) !== 0;
/** Maps a block: neither the zero page nor a placeholder. */
export const isMapped = (entry: number): boolean =>
  entry !== NO_ENTRY && (entry & (DAX_ZERO_PAGE | DAX_EMPTY)) === 0;

export const pmdHead = (k: Kernel, index: number): number => index & -k.program.geometry.pmdPages;

/** The pages of a fault of either size: how many, and which is the first. */
export const faultPages = (k: Kernel, huge: boolean): number =>
  huge ? k.program.geometry.pmdPages : 1;
export const faultHead = (k: Kernel, { pgoff }: VmFault, huge: boolean): number =>
  huge ? pmdHead(k, pgoff) : pgoff;

/** The slot of the entry that covers an index: the index itself or the head of a PMD entry. */
export function slotOf(k: Kernel, inode: Inode, index: number): number {
  const head = pmdHead(k, index);
  return isPmd(inode.entries[head] as number) ? head : index;
}

/** xas_load(): the entry that covers an index. */
export function loadEntry(k: Kernel, inode: Inode, index: number): number {
  return inode.entries[slotOf(k, inode, index)] as number;
}

export const entryPages = (k: Kernel, entry: number): number => faultPages(k, isPmd(entry));

/** What a trace calls the kind of an entry. */
const ENTRY_KIND = { empty: 0, zero: 1, mapped: 2 } as const;

function kindOf(entry: number): number {
  if (isEmpty(entry)) return ENTRY_KIND.empty;
  return isZero(entry) ? ENTRY_KIND.zero : ENTRY_KIND.mapped;
}

/** xas_store() of a new entry in place of whatever the slot held; tags stay as they are. */
export function storeEntry(k: Kernel, t: Task, inode: Inode, slot: number, entry: number): void {
  inode.entries[slot] = entry;
  k.trace.append(
    EVENT.dax_insert_entry,
    t.id,
    t.op,
    inode.ino,
    slot,
    entryPages(k, entry),
    kindOf(entry),
    entryBlock(entry),
    inode.tags[slot],
  );
}

/** xas_store(NULL): the entry and its tags are gone. */
export function eraseEntry(k: Kernel, t: Task, inode: Inode, slot: number, why: number): void {
  const pages = entryPages(k, inode.entries[slot] as number);
  k.trace.append(EVENT.dax_delete_entry, t.id, t.op, inode.ino, slot, pages, why, inode.tags[slot]);
  inode.entries[slot] = NO_ENTRY;
  inode.tags[slot] = 0;
}

/** Both tags that keep invalidation away. */
export const DIRTY_TAGS = TAG.dirty | TAG.towrite;

export const isTagged = (inode: Inode, slot: number, tag: number): boolean =>
  ((inode.tags[slot] as number) & tag) !== 0;

/** xas_set_mark(). */
export function setTag(
  k: Kernel,
  t: Task,
  inode: Inode,
  slot: number,
  tag: number,
  why: number,
): void {
  if (isTagged(inode, slot, tag)) return;
  inode.tags[slot] = (inode.tags[slot] as number) | tag;
  k.trace.append(EVENT.dax_tag, t.id, t.op, inode.ino, slot, tag, 1, why);
}

/** xas_clear_mark(). */
export function clearTag(
  k: Kernel,
  t: Task,
  inode: Inode,
  slot: number,
  tag: number,
  why: number,
): void {
  if (!isTagged(inode, slot, tag)) return;
  inode.tags[slot] = (inode.tags[slot] as number) & ~tag;
  k.trace.append(EVENT.dax_tag, t.id, t.op, inode.ino, slot, tag, 0, why);
}

/** mapping_tagged(): is any entry of the file tagged? */
export function mappingTagged(inode: Inode, tag: number): boolean {
  for (let slot = 0; slot < inode.tags.length; slot++) if (isTagged(inode, slot, tag)) return true;
  return false;
}
