/**
 * The kernels that the model knows by name: mainline, and the historical states that the source threads
 * discuss, each as the set of its deviations from mainline.
 */
import { UsageError } from '../support/assert.js';
import type { KnobName, Knobs } from './variant.js';
import { MAINLINE_KNOBS, withKnobs } from './variant.js';

export interface Preset {
  readonly name: string;
  readonly title: string;
  /** The thread or source that it comes from. */
  readonly source: string;
  readonly knobs: readonly KnobName[];
  /** It claims to track what devices write through pins, and is held to that. */
  readonly tracksDma?: boolean;
}

/** What 5.10 and all later releases have. */
const SINCE_5_10: readonly KnobName[] = [
  'towriteLookupSkipsLocked',
  'inodeMarkedBeforeTag',
  'syncFaultSkipsInode',
  'syncFaultRefusesHugeEntry',
  'partialPmdDropsDirty',
  'writeTrustsExtentMap',
  'invalidateDropsPinned',
  'invalidateUnmapsLate',
];
/** What all releases have in which XFS copies shared blocks of DAX files on write. */
const SINCE_6_0: readonly KnobName[] = [
  ...SINCE_5_10,
  'cowCopyNotFlushed',
  'cowFaultCopyNotFlushed',
  'cowWriteBesideFaults',
  'shareForgottenEarly',
  'poisonClearedBeforeData',
];

export const PRESETS: readonly Preset[] = [
  {
    name: 'mainline',
    title: 'every catalogued fix in place: the state in which every promise holds',
    source: 'fs/dax.c of 6.16, with the deviations that bugs L01 to L18 revert',
    knobs: [],
  },
  {
    name: 'linux-6.16',
    title: 'fs/dax.c as released: mainline without the eighteen fixes that Linux does not have',
    source: 'reading of fs/dax.c and fs/fs-writeback.c; see bugs L01 to L18',
    knobs: [
      'towriteLookupSkipsLocked',
      'inodeMarkedBeforeTag',
      'syncFaultSkipsInode',
      'syncFaultRefusesHugeEntry',
      'partialPmdDropsDirty',
      'layoutBreakDropsEntries',
      'writeTrustsExtentMap',
      'invalidateDropsPinned',
      'invalidateUnmapsLate',
      'cowCopyNotFlushed',
      'cowFaultCopyNotFlushed',
      'cowWriteBesideFaults',
      'cowClearsDirty',
      'shareForgottenEarly',
      'timesSetBeforeHandle',
      'memunmapIgnoresPins',
      'shutdownAfterUnmapping',
      'poisonClearedBeforeData',
    ],
  },
  {
    name: 'broadcast-tlb',
    title: 'mainline on hardware that flushes TLBs by a broadcast: nobody waits for gup-fast',
    source: 'arm64, and INVLPGB of x86; every promise holds here, too',
    knobs: ['shootdownDoesNotWait'],
  },
  {
    name: 'linux-6.12',
    title: 'Linux 6.7 to 6.14, as Debian ships 6.12: layout breaking drops no entries yet',
    source:
      'bugs L01 to L04, L06 to L13, L17 and L18; compared with 6.12.117 by `daxfuzz conformance`',
    knobs: [...SINCE_6_0, 'cowClearsDirty'],
  },
  {
    name: 'linux-6.1',
    title: 'Linux 6.0 and 6.1: read faults tag, and copying on write is new',
    source: 'fs/dax.c of 6.1; compared with 6.1.192 by `daxfuzz conformance`',
    knobs: [
      ...SINCE_6_0,
      'readFaultTags',
      'cowKeepsMapping',
      'cowEdgesNotZeroed',
      'zeroingNotRemapped',
      'poisonFaultsWithoutCode',
    ],
  },
  {
    name: 'linux-5.10',
    title: 'Linux 5.10 to 5.12: cleaning misses small mappings of huge entries (B08)',
    source: 'bugs B08 and B53; compared with 5.10.223 by `daxfuzz conformance`',
    knobs: [...SINCE_5_10, 'mkcleanAtHeadOnly', 'invalidateWakesOne', 'poisonFaultsWithoutCode'],
  },
  {
    name: 'dax-v8',
    title: '"dax: add support for fsync/msync", version 8: entries are tagged and never cleaned',
    source: 'Zwisler and Kara, 13 Jan 2016',
    knobs: [
      'writebackUnlocked',
      'towriteClearedEarly',
      'neverClean',
      'pmdReplacesPteEntries',
      'pfnMkwriteExpectsEntry',
      'invalidateDropsMapped',
      'invalidateDropsDirty',
      'writeAlwaysInvalidates',
      'syncSkipsDax',
      'layoutNotBroken',
      'pagesNotAssociated',
    ],
  },
  {
    name: 'dax-v2',
    title: 'version 2 of the same: entries are cleaned, without a lock against pfn_mkwrite',
    source: 'Zwisler, Nov 2015, as recalled in the v8 thread',
    knobs: [
      'writebackUnlocked',
      'towriteClearedEarly',
      'pteUpgradedOutsideEntryLock',
      'pmdReplacesPteEntries',
      'invalidateDropsDirty',
      'writeAlwaysInvalidates',
      'syncSkipsDax',
      'layoutNotBroken',
      'pagesNotAssociated',
    ],
  },
  {
    name: 'tags-transferred',
    title: 'mainline, but a PMD entry replaces the entries of its pages, and takes over their tags',
    source: "Kara's answer to A1 in the v8 thread",
    knobs: ['pmdReplacesPteEntries', 'replacementKeepsTags'],
  },
  {
    name: 'towrite-after-flush',
    title: 'mainline, but writeback clears its tags after the flush and without the entry lock',
    source:
      "Kara's proposal in the v8 thread, on a kernel that cleans: a narrower window, not a fix",
    knobs: ['writebackUnlocked'],
  },
  {
    name: 'keep-dirty',
    title: 'mainline, but entries stay DIRTY for ever and their mappings writable',
    source: 'the v8 thread: no cleaning, no race with it; times and freezes need it all the same',
    knobs: ['syncOnlyFlushes'],
  },
  {
    name: 'towrite-before-flush',
    title: 'the same without the entry lock, and TOWRITE is cleared before the flush',
    source: 'version 8 as posted, without its other bugs',
    knobs: ['writebackUnlocked', 'neverClean', 'towriteClearedEarly'],
  },
  {
    name: 'towrite-after-flush-v9',
    title: 'the same with TOWRITE cleared after the flush',
    source: "Kara's proposal on the kernel that it was made for, one that never cleans",
    knobs: ['writebackUnlocked', 'neverClean'],
  },
  {
    name: 'write-protect-unlocked',
    title: 'mainline, but writeback write-protects without the entry lock, as pfn_mkwrite does',
    source: "Kara's demand that flushed ranges be write-protected, on the kernel of its day",
    knobs: ['writebackUnlocked', 'pteUpgradedOutsideEntryLock'],
  },
  {
    name: 'write-protect-locked',
    title: 'mainline, but only writeback holds the entry lock while it changes a PTE',
    source: 'the same with the lock of 4.7, before "protect PTE modification" (4.10)',
    knobs: ['pteUpgradedOutsideEntryLock'],
  },
  {
    name: 'fsync-at-munmap',
    title: 'mainline, but fsync flushes only while the file is mapped, and munmap when it is not',
    source: 'Harrosh, Mar 2015: vm_operations_struct->close calls .fsync (A23)',
    knobs: ['fsyncOnlyIfMapped', 'munmapSyncs'],
  },
  {
    name: 'linux-4.0',
    title: 'no dirty tracking at all: fsync and sync know nothing of mmap stores',
    source: 'Harrosh and Chinner, Mar 2015',
    knobs: ['noDirtyTracking', 'layoutNotBroken', 'pagesNotAssociated'],
  },
  {
    name: 'plexistor',
    title: 'mainline, but fsync flushes only while the file is mapped, and sync nothing',
    source: "Harrosh's proposal, Mar 2015",
    knobs: ['fsyncOnlyIfMapped', 'inodeNotMarkedDirty'],
  },
  {
    name: 'freeze-rfc',
    title:
      'linux-4.0 with dax_prepare_freeze() as posted: a freeze unmaps all files after it has synced',
    source: 'Harrosh, "[3/3] RFC: dax: dax_prepare_freeze", Mar 2015',
    knobs: ['noDirtyTracking', 'layoutNotBroken', 'pagesNotAssociated', 'freezeUnmapsAfterSync'],
  },
  {
    name: 'freeze-unmaps-last',
    title: 'mainline, but sync only flushes, and a freeze unmaps all files after it has synced',
    source: 'Harrosh, same thread, granting what he takes for given: that sync flushes',
    knobs: ['syncOnlyFlushes', 'freezeUnmapsAfterSync'],
  },
  {
    name: 'freeze-unmaps-first',
    title: 'mainline, but sync only flushes, and a freeze unmaps all files before it syncs',
    source: 'nobody in the thread: the same proposal in the other order',
    knobs: ['syncOnlyFlushes', 'freezeUnmapsBeforeSync'],
  },
  {
    name: 'unbind-5.11',
    title: 'mainline, but unbind tells nobody, and GUP takes a reference to the device first',
    source: 'Williams, Feb 2021: what gup-fast guards against; Gunthorpe: the mappings that stay',
    knobs: ['holderNotNotified', 'gupChecksPagemap', 'gupFastChecksPagemap'],
  },
  {
    name: 'unbind-unguarded',
    title: 'the same without the guard in gup-fast',
    source: 'Williams, same thread: the race that the guard is against',
    knobs: ['holderNotNotified', 'gupChecksPagemap'],
  },
  {
    name: 'unbind-zaps',
    title: 'mainline, but struct pages are freed without an RCU grace period; unbind unmaps first',
    source: 'Gunthorpe, same thread: with all mappings gone and TLBs flushed, no guard is needed',
    knobs: ['memunmapWithoutGrace'],
  },
  {
    name: 'unbind-zaps-broadcast',
    title: 'the same where flushing a TLB waits for nobody',
    source: 'the same claim without what it takes for given: that a flush serialises with gup-fast',
    knobs: ['memunmapWithoutGrace', 'shootdownDoesNotWait'],
  },
  {
    name: 'unbind-map-references',
    title: 'mainline, but unbind tells nobody and waits for mappings, which are references',
    source: 'Williams, Sep 2022, not merged; references of mappings: Popple, 6.15',
    knobs: ['holderNotNotified', 'mappingsHoldReferences'],
  },
  {
    name: 'put-user-pages',
    title: 'mainline with put_user_pages() as posted: a name for letting go of pages, and no more',
    source: 'Piggin, "set_page_dirty races", 17 Feb 2009',
    knobs: [],
    tracksDma: true,
  },
  {
    name: 'put-user-pages-dirties',
    title: 'mainline, but who lets go of a pin for writing makes the entry DIRTY',
    source: 'what Piggin, 17 Feb 2009, wants put_user_pages() for, taken at its word',
    knobs: ['unpinDirties', 'unpinIgnoresEntryLock'],
    tracksDma: true,
  },
  {
    name: 'put-user-pages-waits',
    title: 'the same, but he waits until nobody is writing the entry back',
    source: 'nobody in the thread: the same proposal under the entry lock',
    knobs: ['unpinDirties'],
    tracksDma: true,
  },
  {
    name: 'put-user-pages-flushes',
    title: 'mainline, but who lets go of a pin for writing flushes the page',
    source: 'the same end marker, without a tag',
    knobs: ['unpinFlushes'],
    tracksDma: true,
  },
  {
    name: 'page-lock-over-gup',
    title: "mainline, but who pins a page for writing holds its entry's lock until he lets go",
    source: 'Piggin, same thread: the cleanest way, he says, if not a popular one',
    knobs: ['gupHoldsPageLock'],
    tracksDma: true,
  },
  {
    name: 'pagecache-page-as-typed',
    title:
      'page cache operations on DAX pages, guarded by pagecache_page() as it stands in the mail',
    source: 'Williams, "dax: associate mappings with inodes", 19 Dec 2017',
    knobs: ['pageCacheAopsOnDax', 'asksPagecachePage', 'pagecachePageAsTyped'],
  },
  {
    name: 'pagecache-page-corrected',
    title: 'the same with the sense of its second test turned round',
    source: 'what Williams must have meant',
    knobs: ['pageCacheAopsOnDax', 'asksPagecachePage'],
  },
  {
    name: 'set-page-dirty-verifies',
    title: 'mainline, but set_page_dirty() of a pinned page warns unless its entry is DIRTY',
    source: 'Kara, same thread, 22 Dec 2017',
    knobs: ['setPageDirtyVerifies'],
    tracksDma: true,
  },
  {
    name: 'untold-pages-skipped',
    title:
      'A10 where writeback warns and drops such pages: no BUG, and what the device wrote is lost',
    source:
      '"ext4: don\'t BUG if someone dirty pages without asking ext4 first" (5.18), transposed',
    knobs: [
      'filesystemKeepsBuffers',
      'reclaimStripsBuffers',
      'unpinDirties',
      'writebackSkipsUntold',
    ],
    tracksDma: true,
  },
];

/** @throws UsageError that lists the names there are. */
export function presetByName(name: string): Preset {
  const preset = PRESETS.find((candidate) => candidate.name === name);
  if (preset === undefined) {
    const names = PRESETS.map((candidate) => candidate.name).join(', ');
    throw new UsageError(
      `--kernel: unknown kernel "${name}"; known: ${names}; a module of your own has a path: ./my-fix.js`,
    );
  }
  return preset;
}

export function knobsOf(preset: Preset): Knobs {
  return withKnobs(MAINLINE_KNOBS, preset.knobs);
}

/** The first release that a preset is of, newest first. */
const RELEASES: readonly (readonly [major: number, minor: number, preset: string])[] = [
  [6, 15, 'linux-6.16'],
  [6, 7, 'linux-6.12'],
  [6, 0, 'linux-6.1'],
  [0, 0, 'linux-5.10'],
];

/** The preset that is nearest to a release, by what `uname -r` says there: 6.1.0-56-amd64. */
export function presetFor(release: string): string {
  const [major = 0, minor = 0] = release.split('.').map((part) => Number.parseInt(part, 10));
  const found = RELEASES.find(([from, step]) => major > from || (major === from && minor >= step));
  return found?.[2] ?? 'linux-5.10';
}
