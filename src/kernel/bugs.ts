/**
 * The catalogue of bugs that the model can revert to: `--bug ID` takes the fix of one row back on top of
 * whatever kernel is given. Numbers are those of the project's catalogue (A.. from the source threads, B..
 * from kernel history); N.. are of kernel history, too, but beyond that catalogue; L.. are weaknesses found
 * in Linux's own order while building this model.
 */
import { UsageError } from '../support/assert.js';
import type { Bug } from './bug.js';
import { COW_BUGS } from './cow-bugs.js';
import { FAULT_BUGS } from './fault-bugs.js';
import { PIN_BUGS } from './pin-bugs.js';
import { FILESYSTEM_BUGS } from './filesystem-bugs.js';
import { POISON_BUGS } from './poison-bugs.js';
import { REMOVAL_BUGS } from './removal-bugs.js';
import { PAGE_BUGS } from './page-bugs.js';

export type { Bug } from './bug.js';

export const BUGS: readonly Bug[] = [
  {
    id: 'A1',
    slug: 'pte-to-pmd-replacement',
    title: 'a PMD entry replaces a DIRTY PTE entry and drops its tags',
    kernels: 'fsync/msync patches up to v8',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12'],
    source: 'Kara, review of "[PATCH v8 6/9] dax: add support for fsync/msync", Jan 2016',
    knobs: ['pmdReplacesPteEntries'],
  },
  {
    id: 'A2',
    slug: 'towrite-cleared-before-flush',
    title: 'TOWRITE is cleared before the flush: a second fsync overtakes the first',
    kernels: 'fsync/msync patches up to v8',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12'],
    source: 'Kara, review of "[PATCH v8 6/9] dax: add support for fsync/msync", Jan 2016',
    knobs: ['tagsClearedBeforeFlush'],
  },
  {
    id: 'A3',
    slug: 'clean-without-write-protect',
    title: 'writeback clears DIRTY and leaves the mappings writable',
    kernels: 'what v8 would have been had it cleaned',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12', 'P10'],
    source: 'Kara, same review; fixed by 4b4bb46d00b3 (4.10)',
    knobs: ['cleanWithoutWriteProtect'],
  },
  {
    id: 'A4',
    slug: 'pfn-mkwrite-against-clean',
    title: 'the PTE becomes writable after fsync has cleaned its entry',
    kernels: 'fsync/msync patches v2',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12', 'P10'],
    source: 'Zwisler, same thread; fixed by ac401cc78242 (4.7) and a6abc2c0e77b (4.10)',
    knobs: ['pteUpgradedOutsideEntryLock'],
  },
  {
    id: 'A5',
    slug: 'no-sector-assumption',
    title: 'pfn_mkwrite assumes an entry that invalidation has dropped',
    kernels: 'fsync/msync patches up to v8, 4.5 to 4.10',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12'],
    source: 'Kara, same review (NO_SECTOR); pfn_mkwrite is a full fault since 4.15',
    knobs: ['pfnMkwriteExpectsEntry', 'invalidateDropsMapped'],
  },
  {
    id: 'A9',
    slug: 'dma-against-truncate',
    title: 'truncate frees a block that a device still writes to',
    kernels: 'before 4.18',
    promises: ['P9', 'P13', 'P0'],
    source: 'Kara and Williams, "dax: associate mappings with inodes", Dec 2017; 5fac7408d828',
    knobs: ['layoutNotBroken'],
  },
  {
    id: 'A11',
    slug: 'dma-after-clean',
    title: 'a device writes to a pinned page after fsync cleaned it',
    kernels: 'all; open in Linux',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12'],
    source: 'Kara and Williams, same thread; pin_user_pages.rst lists it as to do',
    knobs: [],
    tracksDma: true,
    knownOpen: true,
  },
  {
    id: 'A20',
    slug: 'freeze-leaves-writable',
    title: 'syncing cleans no mapping, so that a freeze, which stops faults, does not stop stores',
    kernels: '4.5 to 4.9; the same without any tracking before',
    promises: ['P12', 'P10'],
    source: 'Harrosh, "[3/3] RFC: dax: dax_prepare_freeze", Mar 2015; fixed by 4b4bb46d00b3 (4.10)',
    knobs: ['syncOnlyFlushes'],
  },
  {
    id: 'A21',
    slug: 'sync-skips-inode',
    title: 'a write fault does not put the inode on the dirty list, so sync skips it',
    kernels: 'before 4.5',
    promises: ['P6', 'P12'],
    source: 'Harrosh and Chinner, "dax: dax_prepare_freeze", Mar 2015; 9973c98ecfda',
    knobs: ['inodeNotMarkedDirty'],
  },
  {
    id: 'A23',
    slug: 'fsync-at-munmap',
    title:
      'fsync flushes only while the file is mapped, and munmap flushes what it unmaps, too late',
    kernels: "Harrosh's proposal, complete",
    promises: ['P3', 'P4', 'P5'],
    source: 'Harrosh, same thread: "we also call .fsync at vm_operations_struct->close"',
    knobs: ['fsyncOnlyIfMapped', 'munmapSyncs'],
  },
  {
    id: 'A27',
    slug: 'freeze-unmaps-after-sync',
    title:
      'a freeze unmaps all files after it has synced them: a store between the two is not on media',
    kernels: "Harrosh's proposal, on a kernel whose sync flushes and does not clean",
    promises: ['P12', 'P10'],
    source: 'Harrosh, same thread: the order in his patch to freeze_super()',
    knobs: ['syncOnlyFlushes', 'freezeUnmapsAfterSync'],
  },
  {
    id: 'A28',
    slug: 'fsync-only-if-mapped',
    title: 'fsync flushes only while the file is mapped',
    kernels: "Harrosh's proposal",
    promises: ['P3', 'P4', 'P6'],
    source: 'Harrosh, same thread',
    knobs: ['fsyncOnlyIfMapped'],
  },
  {
    id: 'B01',
    slug: 'no-dirty-tracking',
    title: 'mmap stores leave nothing that fsync, msync or sync could flush',
    kernels: 'before 4.5',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12', 'P10'],
    source: '9973c98ecfda "dax: add support for fsync/sync"',
    knobs: ['noDirtyTracking'],
  },
  {
    id: 'B02',
    slug: 'sync-skips-dax',
    title: 'sync calls a writepages that has no DAX branch',
    kernels: '4.5-rc',
    promises: ['P6', 'P12'],
    source: '"DAX bdev fixes - move flushing calls to FS", Feb 2016; 7f6d5b529b7d',
    knobs: ['syncSkipsDax'],
  },
  {
    id: 'B03',
    slug: 'pfn-mkwrite-vs-mkclean',
    title: 'A4 as the catalogue of kernel bugs lists it',
    kernels: 'any that cleans without the entry lock',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12', 'P10'],
    source: 'see A4',
    knobs: ['pteUpgradedOutsideEntryLock'],
  },
  {
    id: 'B04',
    slug: 'towrite-clear-early',
    title: 'A2 as the catalogue of kernel bugs lists it',
    kernels: 'see A2',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12'],
    source: 'see A2',
    knobs: ['tagsClearedBeforeFlush'],
  },
  {
    id: 'B06',
    slug: 'pte-to-pmd-tag-loss',
    title: 'A1 as the catalogue of kernel bugs lists it',
    kernels: 'see A1',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12'],
    source: 'see A1',
    knobs: ['pmdReplacesPteEntries'],
  },
  {
    id: 'B07',
    slug: 'pmd-not-wrprotected',
    title: 'writeback write-protects PTEs but not PMDs',
    kernels: '4.10-rc',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12', 'P10'],
    source: 'f729c8c9b24f "dax: wrprotect pmd_t in dax_mapping_entry_mkclean"',
    knobs: ['pmdNotWriteProtected'],
  },
  {
    id: 'B09',
    slug: 'invalidate-evicts-dirty',
    title: 'invalidation removes entries that are DIRTY',
    kernels: '4.5 to 4.9',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12'],
    source: 'c6dcf52c23d2 "mm: Invalidate DAX radix tree entries only if appropriate"',
    knobs: ['invalidateDropsDirty', 'writeAlwaysInvalidates'],
  },
  {
    id: 'B15',
    slug: 'pfn-mkwrite-ignores-freeze',
    title:
      'a store to a page that is mapped read-only changes no times, and is not stopped by a freeze',
    kernels: 'before 4.1',
    promises: ['P12', 'P10'],
    source: '0e3b210ce172 "dax: use pfn_mkwrite to update c/mtime + freeze protection"',
    knobs: ['upgradeIgnoresFreeze', 'upgradeSkipsTime'],
  },
  {
    id: 'B34',
    slug: 'size-after-osync',
    title: 'a write with O_DSYNC syncs before it has changed the size of the file',
    kernels: 'ext4 of 5.10 and before, for direct I/O; here for DAX',
    promises: ['P2'],
    source: 'class of 91562895f803 "ext4: properly sync file size update after O_SYNC direct IO"',
    knobs: ['dsyncBeforeSize'],
  },
  {
    id: 'L01',
    slug: 'towrite-lookup-skips-locked',
    title: 'fsync looks entries up by TOWRITE and misses one that another fsync is flushing',
    kernels: '4.10 to at least 6.16',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12'],
    source: 'reading of dax_writeback_mapping_range() and dax_writeback_one()',
    knobs: ['towriteLookupSkipsLocked'],
  },
  {
    id: 'L02',
    slug: 'inode-marked-before-tag',
    title: 'a fault lists its inode before it tags the entry; sync between the two unlists it',
    kernels: '4.5 to at least 6.16',
    promises: ['P6', 'P12'],
    source: 'reading of dax_insert_entry() and __writeback_single_inode()',
    knobs: ['inodeMarkedBeforeTag'],
  },
  {
    id: 'L03',
    slug: 'sync-fault-skips-inode',
    title: 'a MAP_SYNC write fault tags its entry without listing the inode',
    kernels: '4.15 to at least 6.16 (hidden where the time update lists the inode)',
    promises: ['P6', 'P12'],
    source: 'reading of dax_insert_pfn_mkwrite()',
    knobs: ['syncFaultSkipsInode'],
    onXfs: true,
  },
  {
    id: 'L04',
    slug: 'partial-pmd-drops-dirty',
    title: 'removing part of a PMD entry drops the dirty state of the rest',
    kernels: 'ext4: 5.10 to at least 7.2; xfs: 6.12 to at least 7.2; 4.10 and later by reading',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12'],
    source: 'reading of dax_delete_mapping_entry() and its callers',
    knobs: ['partialPmdDropsDirty'],
  },
  {
    id: 'L05',
    slug: 'break-layout-drops-dirty',
    title:
      'every change of the size, and punching and zeroing, delete all DAX entries of the file, DIRTY ones too',
    kernels: '6.15 to at least 7.2',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12'],
    source: 'reading of dax_break_layout() and dax_break_layout_inode()',
    knobs: ['layoutBreakDropsEntries'],
  },
  {
    id: 'L06',
    slug: 'write-beside-allocating-fault',
    title:
      'write(2) finds the block that a fault has just allocated and leaves the zero page mapped',
    kernels: '4.10 to at least 6.16',
    promises: ['P1'],
    source: 'found by daxfuzz in its model of dax_iomap_iter(); confirmed by reading',
    knobs: ['writeTrustsExtentMap'],
  },
  {
    id: 'L07',
    slug: 'invalidate-drops-pinned',
    title:
      'write(2) invalidates the clean entry of a pinned page; truncate does not see the pin any more',
    kernels: '4.18 to at least 6.16',
    promises: ['P13', 'P9'],
    source: 'found by daxfuzz in its model of __dax_invalidate_entry(); confirmed by reading',
    knobs: ['invalidateDropsPinned'],
  },
  {
    id: 'L08',
    slug: 'invalidate-unmaps-late',
    title:
      "write(2) removes a hole's entry before it unmaps the zero page; a fault in between leaves it",
    kernels: '4.10 to at least 6.16',
    promises: ['P1', 'P0'],
    source:
      'found by daxfuzz in its model of invalidate_inode_pages2_range(); confirmed by reading',
    knobs: ['invalidateUnmapsLate'],
  },
  ...FAULT_BUGS,
  ...COW_BUGS,
  ...PIN_BUGS,
  ...FILESYSTEM_BUGS,
  ...REMOVAL_BUGS,
  ...PAGE_BUGS,
  ...POISON_BUGS,
];

/** By id or slug. */
export function findBug(name: string): Bug | undefined {
  const wanted = name.toLowerCase();
  return BUGS.find((bug) => bug.id.toLowerCase() === wanted || bug.slug === wanted);
}

/** @throws UsageError for an id or slug that is not in the catalogue. */
export function bugByName(name: string): Bug {
  const bug = findBug(name);
  if (bug === undefined) {
    throw new UsageError(`--bug: unknown bug "${name}"; "daxfuzz bugs" lists them`);
  }
  return bug;
}
