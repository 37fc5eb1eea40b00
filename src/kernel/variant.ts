/**
 * What can differ between kernels: the knobs that presets (presets.ts) and catalogued bugs (bugs.ts) set.
 *
 * Each knob is one deviation from mainline, consulted only where the fix is, where a comment names the
 * catalogue rows it belongs to. All off is `mainline`: the state in which every promise holds.
 */
export interface Knobs {
  /** Faults leave no tag and no dirty inode; fsync, msync and sync have nothing to flush. B01. */
  noDirtyTracking: boolean;
  /** A write fault does not put the inode on the superblock's dirty list, so sync(2) skips it. A21. */
  inodeNotMarkedDirty: boolean;
  /** sync(2) calls a writepages that has no DAX branch. B02. */
  syncSkipsDax: boolean;
  /** fsync flushes only while some mapping of the file exists. A28. */
  fsyncOnlyIfMapped: boolean;
  /** Writeback clears DIRTY but leaves every PTE and PMD writable. A3. */
  cleanWithoutWriteProtect: boolean;
  /** A write-protect fault tags the entry, unlocks it, and makes the PTE writable only later. A4, B03. */
  pteUpgradedOutsideEntryLock: boolean;
  /** pfn_mkwrite expects an entry to tag; without one it tags nothing and the PTE becomes writable. A5. */
  pfnMkwriteExpectsEntry: boolean;
  /** Reclaim drops clean entries that are still mapped, without unmapping them. A5. */
  invalidateDropsMapped: boolean;
  /** Invalidation drops entries whatever their tags. B09. */
  invalidateDropsDirty: boolean;
  /** write(2) invalidates the pages it writes even when no block was allocated, as direct I/O does. B09. */
  writeAlwaysInvalidates: boolean;
  /** A PMD fault replaces the PTE entries of its range and their tags are gone. A1, B06. */
  pmdReplacesPteEntries: boolean;
  /** Where it does, the tags go over to the PMD entry. Proposed against A1. */
  replacementKeepsTags: boolean;
  /** Writeback write-protects PTEs but not PMDs. B07. */
  pmdNotWriteProtected: boolean;
  /** Writeback clears its tags and unlocks the entry, and flushes only then. A2, B04. */
  tagsClearedBeforeFlush: boolean;
  /** Writeback never locks the entries that it works on; v2 and v8 had no entry lock yet. */
  writebackUnlocked: boolean;
  /** Where the entry is not locked: writeback clears TOWRITE before it flushes, as v2 and v8 did. A2. */
  towriteClearedEarly: boolean;
  /** Writeback never cleans: entries stay DIRTY and mappings writable. What v8 did to avoid A4. */
  neverClean: boolean;
  /** Truncate and hole punch do not wait for pins. A9. */
  layoutNotBroken: boolean;
  /** Writeback looks entries up by TOWRITE, which a locked entry under writeback no longer has. L01. */
  towriteLookupSkipsLocked: boolean;
  /** The inode is put on the dirty list before its entry is tagged, so sync can take it off between. L02. */
  inodeMarkedBeforeTag: boolean;
  /** A synchronous fault tags its entry without putting the inode on the dirty list. L03. */
  syncFaultSkipsInode: boolean;
  /** Removing a part of a PMD entry's range drops the dirty state of the rest. L04. */
  partialPmdDropsDirty: boolean;
  /** Breaking a file's layout deletes all of its entries, DIRTY ones too. L05. */
  layoutBreakDropsEntries: boolean;
  /** write(2) leaves zero-page mappings alone where a fault has just allocated the block. L06. */
  writeTrustsExtentMap: boolean;
  /** Invalidation drops clean entries whose page is pinned, and with them the way to find the pin. L07. */
  invalidateDropsPinned: boolean;
  /** Invalidation removes all entries first and unmaps the pages afterwards. L08. */
  invalidateUnmapsLate: boolean;
  /** A store to a page that is mapped read-only makes it writable also while frozen. B15. */
  upgradeIgnoresFreeze: boolean;
  /** Sync and fsync flush DIRTY entries and clean nothing: entries stay DIRTY, mappings writable. A20. */
  syncOnlyFlushes: boolean;
  /** munmap flushes the file and commits when the vma is gone. A23. */
  munmapSyncs: boolean;
  /** A write with O_DSYNC syncs before it has changed the size. B34. */
  dsyncBeforeSize: boolean;
  /** A freeze unmaps all files between blocking faults and syncing. A variant that needs no cleaning. */
  freezeUnmapsBeforeSync: boolean;
  /** A freeze unmaps all files after it has synced them. A27. */
  freezeUnmapsAfterSync: boolean;
  /** Writeback cleans the mappings of a PMD entry at its head address only. B08. */
  mkcleanAtHeadOnly: boolean;
  /** write(2) invalidates the whole file, not the pages that it writes. B10. */
  writeInvalidatesFile: boolean;
  /** Writeback that starts inside a PMD entry takes that page for the entry's head. B13. */
  partialPmdNotAligned: boolean;
  /** Read faults and mprotect make pages writable where the mapping allows it. B14. */
  noWriteNotify: boolean;
  /** Two devices end to end: lines of the second one are never written back. B16. */
  flushOfFirstDeviceOnly: boolean;
  /** A read fault tags its entry DIRTY, a zero entry too. B17. */
  readFaultTags: boolean;
  /** A PMD that is there already is not made writable by a write fault. B19. */
  existingPmdLeftAlone: boolean;
  /** A write fault zeroes what it found unallocated before it locks the entry, done already or not. B20. */
  zeroesBesideFaults: boolean;
  /** write(2) allocates a block as unwritten; a fault meanwhile zeroes and converts it. B22. */
  writeAllocatesUnwritten: boolean;
  /** A read fault looks its block up before it locks the entry. B21, B23. */
  lookupBeforeEntryLock: boolean;
  /** The same for PMD faults. B24. */
  pmdLookupBeforeEntryLock: boolean;
  /** Invalidation removes PMD entries and leaves their pages mapped. B25. */
  pmdEntryLeftMapped: boolean;
  /** write(2) invalidates before it allocates, not afterwards. B26. */
  invalidatesBeforeAllocating: boolean;
  /** A PMD that replaces a hole leaves the zero page in other mappings. B27. */
  pmdLeavesHolesMapped: boolean;
  /** Faults run beside truncate and punch. B30. */
  faultsIgnoreInvalidateLock: boolean;
  /** A MAP_SYNC fault makes the page writable before the block map is committed. B36. */
  syncPteBeforeCommit: boolean;
  /** A MAP_SYNC page that is mapped read-only becomes writable without a commit. B36. */
  syncUpgradeSkipsCommit: boolean;
  /** Invalidation wakes one of those who wait for the entry, not all. B53. */
  invalidateWakesOne: boolean;
  /** Waiters for a PMD entry queue at their own index, not at its head. B54b. */
  waitKeyNotAligned: boolean;
  /** A four-byte end of a copy stays in the cache. B59. */
  fourBytesCached: boolean;
  /** Ends of a copy that are no whole words stay in the cache. B60. */
  edgesCached: boolean;
  /** Of a copy of less than a word the first line is written back, no second one. B61. */
  smallCopyFlushesOneLine: boolean;
  /** Breaking a layout unmaps private copies, too. A25, B43. */
  busyPageUnmapsCows: boolean;
  /** A private write copies the page after it has let go of the entry and of the layout lock. B31. */
  privateCopyOutsideLocks: boolean;
  /** CoW by write(2) leaves the old block mapped. B55. */
  cowKeepsMapping: boolean;
  /** CoW by write(2) leaves the entry DIRTY, so invalidation leaves the old block mapped. B56. */
  cowKeepsDirty: boolean;
  /** Unsharing copies as many bytes as were asked for, from the start of the block. B57. */
  unshareCopiesRange: boolean;
  /** CoW over a hole does not zero what the write leaves of the block. B58. */
  cowEdgesNotZeroed: boolean;
  /** Zeroing part of a shared block leaves the zeros in the CoW fork. N08. */
  zeroingNotRemapped: boolean;
  /** What write(2), unsharing and zeroing copy to a new block stays in the cache. L09. */
  cowCopyNotFlushed: boolean;
  /** What a write fault copies to a new block is flushed no earlier than by an fsync. L10. */
  cowFaultCopyNotFlushed: boolean;
  /** write(2) does not keep faults away while it copies a block. L11. */
  cowWriteBesideFaults: boolean;
  /** CoW by write(2) clears the tags of the old block without flushing it. L12. */
  cowClearsDirty: boolean;
  /** A block is written in place before the remap that unshared it has committed. L13. */
  shareForgottenEarly: boolean;
  /** Breaking a layout takes a file that nobody maps for one that nobody pins. N01. */
  layoutTrustsMappings: boolean;
  /** Breaking a layout passes over locked entries. N02. */
  layoutScanSkipsLocked: boolean;
  /** Who finds a busy page idle before he has waited for it does not look for others. N03. */
  layoutWaitNotRepeated: boolean;
  /** The same for the second of two files that share blocks from now on. N06. */
  secondLayoutNotRepeated: boolean;
  /** Breaking a layout looks at a PMD entry that is the last one again and again. N04. */
  layoutScanLoopsOnPmd: boolean;
  /** Breaking a layout looks at the first page of the file only. N05. */
  layoutScansFirstPage: boolean;
  /** Long-term pins of file pages are not refused. B44. */
  longtermPinsAllowed: boolean;
  /** Who lets go of many pages at once wakes nobody. B46. */
  batchedUnpinWakesNobody: boolean;
  /** gup-fast does not read the page table again when it has its reference. N07. */
  gupFastNotRechecked: boolean;
  /** The hardware flushes TLBs by a broadcast: who flushes does not wait for gup-fast on other CPUs. */
  shootdownDoesNotWait: boolean;
  /** i_mtime changes before the transaction that logs it is joined. L14. */
  timesSetBeforeHandle: boolean;
  /** A store to a page that is mapped read-only leaves the times as they are. B15. */
  upgradeSkipsTime: boolean;
  /** A checkpoint moves the tail of the log before the inodes at home are fenced. B69. */
  tailBeforeHomes: boolean;
  /** Of the two times only i_mtime is in what a transaction logs. F12. */
  ctimeNotLogged: boolean;
  /** A transaction is stored to the log and not written back. F01. */
  logNotFlushed: boolean;
  /** The head of the log moves before the log is fenced. F02. */
  headBeforeLog: boolean;
  /** Nobody tells the file system that its device goes, and pages stay mapped. A17, A18, B45, B49. */
  holderNotNotified: boolean;
  /** GUP with locks takes a reference to the device before it takes one to a page, as until 6.15. */
  gupChecksPagemap: boolean;
  /** So does gup-fast, as until 6.15. */
  gupFastChecksPagemap: boolean;
  /** A mapping is a reference to its pages: removal waits for whoever has them mapped. A19. */
  mappingsHoldReferences: boolean;
  /** Struct pages are freed under pins. B48, L15. */
  memunmapIgnoresPins: boolean;
  /** Struct pages are freed without waiting for whoever walks page tables with interrupts disabled. */
  memunmapWithoutGrace: boolean;
  /** Who is told that its device goes shuts down when it has unmapped all, not before. L16. */
  shutdownAfterUnmapping: boolean;
  /** Copies to and from the device are not inside of dax_read_lock(). B50. */
  directAccessUnlocked: boolean;
  /** Pages do not know the file that they belong to. A12. */
  pagesNotAssociated: boolean;
  /** set_page_dirty() of a pinned page calls the page cache's operation. A8, B47. */
  pageCacheAopsOnDax: boolean;
  /** That operation leaves pages alone that pagecache_page() says are none of its own. */
  asksPagecachePage: boolean;
  /** pagecache_page() as typed in the mail: it says yes to DAX pages. */
  pagecachePageAsTyped: boolean;
  /** set_page_dirty() of a pinned page warns unless its entry is DIRTY. */
  setPageDirtyVerifies: boolean;
  /** Who lets go of a pin for writing makes the page's entry DIRTY. A10, A14. */
  unpinDirties: boolean;
  /** It does so without waiting for a writeback of that entry. */
  unpinIgnoresEntryLock: boolean;
  /** Who lets go of a pin for writing flushes the page. */
  unpinFlushes: boolean;
  /** A pin for writing holds the lock of the page's entry. */
  gupHoldsPageLock: boolean;
  /** The file system keeps something for pages it was told of, and set_page_dirty() wants it. A10. */
  filesystemKeepsBuffers: boolean;
  /** Reclaim takes that from clean pages, pinned ones too. A10. */
  reclaimStripsBuffers: boolean;
  /** Writeback takes it from the pages that it cleans. A13, A14. */
  cleaningDropsBuffers: boolean;
  /** Writeback drops what is dirty without it, as ext4 does since 5.18. */
  writebackSkipsUntold: boolean;
  /** A write fault makes the page dirty when it has let go of all locks. A13, A15, A16. */
  dirtiesAfterFault: boolean;
  /** umount evicts inodes that nobody has synced. Not historical; tests use it. */
  umountSkipsSync: boolean;
  /** An inode is evicted while devices hold pages of it. B41. */
  evictIgnoresPins: boolean;
  /** A freeze that unmaps walks the inodes in core without keeping them there. A22. */
  freezeWalksUnlocked: boolean;
  /** Recovery empties the log before what it wrote home is fenced. F10. */
  recoveryNotFlushed: boolean;
  /** Cleaning takes a PMD away for a moment, and unmapping takes it for gone. B18. */
  mkcleanClearsPmd: boolean;
  /** What is removed from a file stays mapped. Not historical; tests use it. */
  removedStaysMapped: boolean;
  /** Cleaning a mapping does not flush other CPUs' TLBs. Not a historical bug; tests use it. */
  cleanWithoutTlbFlush: boolean;
  /** New blocks reach user space without being zeroed. Not historical; tests use it. */
  allocateWithoutZeroing: boolean;
  /** fdatasync does not commit the transaction that allocated the file's blocks. Tests use it. */
  fdatasyncSkipsCommit: boolean;
  /** Freed blocks are reused before the transaction that freed them has committed. Tests use it. */
  reuseBeforeCommit: boolean;
  /** A page loses its file, and gets it back, where an entry of another size is asked for in vain. B29. */
  associatesOnSizeChange: boolean;
  /** Memory failure waits for an entry with xa_lock held, without which nobody can unlock it. B54. */
  entryAwaitedUnderXaLock: boolean;
  /** Memory failure does not know pages of devices: they stay mapped. B66. */
  memoryFailureSkipsDevice: boolean;
  /** A fault on bad memory ends in a SIGBUS that does not say so. B67. */
  poisonFaultsWithoutCode: boolean;
  /** A write that mends a bad block takes it off the list before it writes. B63. */
  badblockClearedFirst: boolean;
  /** A synchronous fault on a page does nothing if a PMD entry covers it. L18. */
  syncFaultRefusesHugeEntry: boolean;
  /** A write that mends a bad block clears the poison before its data is on media. L17. */
  poisonClearedBeforeData: boolean;
}

export type KnobName = keyof Knobs;

export const MAINLINE_KNOBS: Knobs = Object.freeze({
  noDirtyTracking: false,
  inodeNotMarkedDirty: false,
  syncSkipsDax: false,
  fsyncOnlyIfMapped: false,
  cleanWithoutWriteProtect: false,
  pteUpgradedOutsideEntryLock: false,
  pfnMkwriteExpectsEntry: false,
  invalidateDropsMapped: false,
  invalidateDropsDirty: false,
  writeAlwaysInvalidates: false,
  pmdReplacesPteEntries: false,
  replacementKeepsTags: false,
  pmdNotWriteProtected: false,
  tagsClearedBeforeFlush: false,
  writebackUnlocked: false,
  towriteClearedEarly: false,
  neverClean: false,
  layoutNotBroken: false,
  towriteLookupSkipsLocked: false,
  inodeMarkedBeforeTag: false,
  syncFaultSkipsInode: false,
  partialPmdDropsDirty: false,
  layoutBreakDropsEntries: false,
  writeTrustsExtentMap: false,
  invalidateDropsPinned: false,
  invalidateUnmapsLate: false,
  upgradeIgnoresFreeze: false,
  syncOnlyFlushes: false,
  munmapSyncs: false,
  dsyncBeforeSize: false,
  freezeUnmapsBeforeSync: false,
  freezeUnmapsAfterSync: false,
  mkcleanAtHeadOnly: false,
  writeInvalidatesFile: false,
  partialPmdNotAligned: false,
  noWriteNotify: false,
  flushOfFirstDeviceOnly: false,
  readFaultTags: false,
  existingPmdLeftAlone: false,
  zeroesBesideFaults: false,
  writeAllocatesUnwritten: false,
  lookupBeforeEntryLock: false,
  pmdLookupBeforeEntryLock: false,
  pmdEntryLeftMapped: false,
  invalidatesBeforeAllocating: false,
  pmdLeavesHolesMapped: false,
  faultsIgnoreInvalidateLock: false,
  syncPteBeforeCommit: false,
  syncUpgradeSkipsCommit: false,
  invalidateWakesOne: false,
  waitKeyNotAligned: false,
  fourBytesCached: false,
  edgesCached: false,
  smallCopyFlushesOneLine: false,
  busyPageUnmapsCows: false,
  privateCopyOutsideLocks: false,
  cowKeepsMapping: false,
  cowKeepsDirty: false,
  unshareCopiesRange: false,
  cowEdgesNotZeroed: false,
  zeroingNotRemapped: false,
  syncFaultRefusesHugeEntry: false,
  cowCopyNotFlushed: false,
  cowFaultCopyNotFlushed: false,
  cowWriteBesideFaults: false,
  cowClearsDirty: false,
  shareForgottenEarly: false,
  layoutTrustsMappings: false,
  layoutScanSkipsLocked: false,
  layoutWaitNotRepeated: false,
  secondLayoutNotRepeated: false,
  layoutScanLoopsOnPmd: false,
  layoutScansFirstPage: false,
  longtermPinsAllowed: false,
  batchedUnpinWakesNobody: false,
  gupFastNotRechecked: false,
  shootdownDoesNotWait: false,
  timesSetBeforeHandle: false,
  upgradeSkipsTime: false,
  tailBeforeHomes: false,
  ctimeNotLogged: false,
  logNotFlushed: false,
  headBeforeLog: false,
  holderNotNotified: false,
  gupChecksPagemap: false,
  gupFastChecksPagemap: false,
  mappingsHoldReferences: false,
  memunmapIgnoresPins: false,
  memunmapWithoutGrace: false,
  shutdownAfterUnmapping: false,
  directAccessUnlocked: false,
  pagesNotAssociated: false,
  pageCacheAopsOnDax: false,
  asksPagecachePage: false,
  pagecachePageAsTyped: false,
  setPageDirtyVerifies: false,
  unpinDirties: false,
  unpinIgnoresEntryLock: false,
  unpinFlushes: false,
  gupHoldsPageLock: false,
  filesystemKeepsBuffers: false,
  reclaimStripsBuffers: false,
  cleaningDropsBuffers: false,
  writebackSkipsUntold: false,
  dirtiesAfterFault: false,
  umountSkipsSync: false,
  evictIgnoresPins: false,
  freezeWalksUnlocked: false,
  recoveryNotFlushed: false,
  mkcleanClearsPmd: false,
  removedStaysMapped: false,
  cleanWithoutTlbFlush: false,
  allocateWithoutZeroing: false,
  fdatasyncSkipsCommit: false,
  reuseBeforeCommit: false,
  associatesOnSizeChange: false,
  entryAwaitedUnderXaLock: false,
  memoryFailureSkipsDevice: false,
  poisonFaultsWithoutCode: false,
  badblockClearedFirst: false,
  poisonClearedBeforeData: false,
});

export function withKnobs(base: Knobs, names: readonly KnobName[]): Knobs {
  const knobs = { ...base };
  for (const name of names) knobs[name] = true;
  return Object.freeze(knobs);
}
