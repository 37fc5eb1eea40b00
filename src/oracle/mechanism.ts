/**
 * The ways in which a promise comes to be broken, by stable names. A name is half of a finding's signature,
 * so it speaks only of what happened in the trace and never of which bug was switched on; `rows` are the
 * catalogue's rows that look like it. A trace without DAX annotations gives the plain `store-lost`.
 */

/** Every mechanism: its sentence, and the catalogue rows with the same one. */
export const MECHANISMS = {
  'store-lost': { text: 'a store that the call promised is not on media', rows: [] },
  'not-recovered': {
    text: 'the file system could not be recovered from what the power failure left',
    rows: [],
  },
  'torn-block': {
    text: 'the file system could not be recovered from a block that was written in part',
    rows: [],
  },
  'kernel-warned': {
    text: 'the kernel logged a warning about itself',
    rows: ['B17'],
  },
  'kernel-crashed': {
    text: 'the kernel crashed',
    rows: ['A17', 'B45', 'B48', 'L15', 'L16'],
  },
  'truncated-while-referenced': {
    text: 'the kernel warned that it truncates a page to which somebody holds a reference',
    rows: ['A9', 'B37', 'B41', 'N01', 'N02', 'N03', 'N05', 'N06', 'N07'],
  },
  'dirtied-as-page-cache': {
    text: 'the kernel warned that a page which a device wrote to is no page of the page cache',
    rows: ['A8', 'B47'],
  },
  'dirtied-untold': {
    text: 'the kernel warned of a page that became dirty without the file system having been told',
    rows: ['A10', 'A13', 'A14', 'A15'],
  },
  'dirtied-while-clean': {
    text: 'the kernel warned of a page that a device may have written to and whose entry is not DIRTY',
    rows: ['A11', 'B51'],
  },
  'walked-from-freed-inode': {
    text: 'the kernel warned that it goes on from an inode that has left memory',
    rows: ['A22'],
  },
  'unmapping-passed-over': {
    text: 'the kernel warned that unmapping left a page mapped',
    rows: ['B18'],
  },
  'kernel-hung': {
    text: 'the kernel came to a standstill',
    rows: ['B19', 'B46', 'B53', 'B54', 'B54b', 'N04', 'L18'],
  },
  'content-lost': {
    text: 'a mount after the crash shows other bytes than the call promised',
    rows: [],
  },
  'metadata-lost': {
    text: 'the block map or size that the call promised is not on media',
    rows: ['B34'],
  },
  'map-sync-not-committed': {
    text: 'a MAP_SYNC page was writable before its block map and size were on media',
    rows: ['B36'],
  },
  'writeback-not-called': {
    text: 'the call did not write back the file at all',
    rows: ['A28', 'A23'],
  },
  'inode-not-listed': {
    text: 'sync did not visit the inode: it was on no dirty list',
    rows: ['A21', 'L02', 'L03'],
  },
  'sync-without-dax-writeback': {
    text: 'sync visited the inode, but its writepages has no DAX branch',
    rows: ['B02'],
  },
  'never-tagged': {
    text: 'the page was written through a mapping or a pin, but its entry was never tagged DIRTY',
    rows: ['B01', 'B14'],
  },
  'no-entry': {
    text: 'the page was written through a mapping or a pin, but no DAX entry was ever made for it',
    rows: ['B01'],
  },
  'clean-entry-dropped': {
    text: 'the clean entry was dropped under a live mapping, and the next store found none to tag',
    rows: ['A5'],
  },
  'dirty-entry-invalidated': {
    text: 'invalidation dropped an entry that was still DIRTY',
    rows: ['B09', 'B10'],
  },
  'dirty-entry-truncated': {
    text: 'truncation dropped the dirty state of data outside its range',
    rows: ['L04', 'L05'],
  },
  'tags-lost-on-replacement': {
    text: 'a DIRTY entry was replaced by another one without taking over its tags',
    rows: ['A1', 'B06'],
  },
  'moved-behind-write-back': {
    text: 'a DIRTY entry was replaced by one of a lower index, which a writeback under way had passed',
    rows: [],
  },
  'pte-left-writable': {
    text: 'writeback cleaned the entry and left a PTE writable: later stores do not fault',
    rows: ['A3', 'B08'],
  },
  'pmd-left-writable': {
    text: 'writeback cleaned the entry and left a PMD writable: later stores do not fault',
    rows: ['B07', 'A3'],
  },
  'writable-while-cleaned': {
    text: 'the page became writable while its entry was being cleaned: a writable mapping, a clean entry',
    rows: ['A4', 'B03'],
  },
  'towrite-taken': {
    text: 'another writeback had taken the TOWRITE tag and its flush was not complete: the call skipped the page',
    rows: ['A2', 'B04', 'L01'],
  },
  'dirty-entry-skipped': {
    text: 'the entry was DIRTY and the call did not write it back',
    rows: [],
  },
  'lines-not-written-back': {
    text: 'the entry was written back, but not the cache lines of the store',
    rows: ['B13', 'B16', 'B55'],
  },
  'write-back-not-fenced': {
    text: 'the lines were written back, but no fence completed that before the call returned',
    rows: [],
  },
  'kernel-write-not-fenced': {
    text: 'data that a system call wrote was not fenced before the call returned',
    rows: ['B59', 'B60', 'B61', 'L09'],
  },
  'dma-after-clean': {
    text: 'a device wrote to a pinned page after it was cleaned, and nothing marked it dirty again',
    rows: ['A11', 'B51'],
  },
  'stale-zero-page': {
    text: 'a page table still maps the zero page although the file has a block there',
    rows: ['L06', 'L08', 'B11', 'B21', 'B23', 'B24', 'B25', 'B26', 'B27'],
  },
  'stale-block': {
    text: 'a page table still maps a block that the file no longer has there',
    rows: ['B55', 'B56'],
  },
  'wrong-bytes-read': {
    text: 'the block is the right one, but its bytes are not what was last written',
    rows: [],
  },
  'zeroed-by-fault': {
    text: 'a page fault zeroed a block that the file had already, and with it what was written there',
    rows: ['B20', 'B22'],
  },
  'overwritten-by-copy': {
    text: 'the copy of an old block went over a new one that the file had already, and with it over what was stored there',
    rows: ['L11'],
  },
  'private-copy-lost': {
    text: 'a private mapping does not show any more what was stored through it',
    rows: ['A25', 'B43'],
  },
  'foreign-private-copy': {
    text: 'a private copy was made of a block that the file no longer has there',
    rows: ['B31'],
  },
  'freed-while-pinned': {
    text: 'a pinned block was freed',
    rows: ['A9', 'B37', 'L07', 'N01', 'N02', 'N03', 'N05', 'N06', 'N07'],
  },
  'left-mapped-by-removal': {
    text: 'removing the device left a page of it mapped',
    rows: ['A18', 'B49'],
  },
  'mapped-during-removal': {
    text: 'a page was mapped behind the back of those who take the device away from its users',
    rows: ['L16'],
  },
  'device-reached-removed-memory': {
    text: 'another device reached the memory through a pin when its device was removed already',
    rows: ['B48', 'L15'],
  },
  'kernel-reached-removed-memory': {
    text: 'a system call copied to or from memory whose device was removed already',
    rows: ['B50'],
  },
  'succeeds-after-shutdown': {
    text: 'a call that needs the device succeeded although the file system was shut down',
    rows: [],
  },
  'lost-bytes-read': {
    text: 'a read or a load gave bytes that a media error had destroyed',
    rows: ['B63'],
  },
  'lost-bytes-exposed': {
    text: 'poison was cleared before the new data was on media: after a crash the old bytes read as good',
    rows: ['B63', 'L17'],
  },
  'poison-left-mapped': {
    text: 'memory failure left a bad page mapped, and who touched it got a signal that does not say why',
    rows: ['B29', 'B66'],
  },
  'poison-code-lost': {
    text: 'a fault on bad memory ended in a signal that does not say why',
    rows: ['B67'],
  },
  'freed-block-pinned': {
    text: 'a page was pinned that its file no longer had',
    rows: ['N07'],
  },
  'longterm-pin': {
    text: 'a pin for any length of time was not refused, and truncation waits for it',
    rows: ['B44'],
  },
  'block-reused-while-pinned': {
    text: 'a pinned block was freed and given to another page',
    rows: ['A9', 'B37', 'L07', 'N01', 'N02', 'N03', 'N05', 'N06', 'N07'],
  },
  'pinned-block-freed': {
    text: 'a device read through a pin from a block that its file no longer has',
    rows: ['A9', 'B37'],
  },
  'device-reached-reused-block': {
    text: 'a device wrote through an old pin into a block that belongs to another page now',
    rows: ['A9'],
  },
  'store-reached-freed-block': {
    text: 'a store through an old mapping went into a block that the file has no longer there',
    rows: ['B30'],
  },
  'stored-after-write-back': {
    text: 'a page that the freeze had written back was still writable, and a store to it came before the return',
    rows: ['A27', 'A20', 'A3', 'B07'],
  },
  'left-writable-by-freeze': {
    text: 'the freeze left a page table entry writable: a store while frozen needed no fault',
    rows: ['A20', 'A3', 'A5', 'B07', 'B15'],
  },
  'write-fault-while-frozen': {
    text: 'a write fault made a page writable although a freeze kept faults out',
    rows: ['B15', 'A4', 'B03'],
  },
  'changed-while-frozen': {
    text: 'a file changed between freeze and thaw',
    rows: [],
  },
  'call-not-done': {
    text: 'the call returned success, and the file does not show what it was to do',
    rows: [],
  },
  'failed-write-took-effect': {
    text: 'the write returned an error, and the file has another size than before',
    rows: [],
  },
  'store-reached-reused-block': {
    text: 'a store through an old mapping went into a block that belongs to another page now',
    rows: [],
  },
  'time-not-updated': {
    text: 'a store to a page that a sync had left clean did not change the times of its file',
    rows: ['A24', 'B15', 'A3', 'B07', 'B14', 'A20', 'A27'],
  },
  'time-not-committed': {
    text: 'the times that the files show when the call returns are not on media',
    rows: ['L14', 'F12'],
  },
  'log-not-whole': {
    text: 'the head of the log is on media, and not all that it commits',
    rows: ['F01', 'F02'],
  },
  'lost-in-recovery': {
    text: 'a second power failure, while the file system recovers, loses what the first one had spared',
    rows: ['F10'],
  },
  'metadata-overwritten': {
    text: 'metadata was overwritten that a power failure may still need',
    rows: ['B69'],
  },
  'reused-before-commit': {
    text: 'a freed block was written by its new owner before the free was committed',
    rows: [],
  },
  'stale-block-exposed': {
    text: 'the block map reached media before the zeros of the new block did',
    rows: [],
  },
  // Invariants (--invariants) are no promises: which of those a row breaks, and when, is another matter.
  'writable-and-clean': {
    text: 'a page table lets a page be written whose entry is neither DIRTY nor locked (I1)',
    rows: [],
  },
  'mapped-elsewhere': {
    text: 'a page table maps another block than the file has there, or zeros for one (I2)',
    rows: [],
  },
  'dirty-and-not-listed': {
    text: 'an inode has a DIRTY entry and is on no dirty list (I4)',
    rows: [],
  },
  'writable-while-frozen': {
    text: 'a page table lets a page of a frozen file system be written (I5)',
    rows: [],
  },
  'free-block-in-use': {
    text: 'a free block is mapped, pinned, or tracked by an entry (I6)',
    rows: [],
  },
  'waiter-forgotten': {
    text: 'a task sleeps for what is so already, and nobody will wake it (I7)',
    rows: [],
  },
  'writable-before-commit': {
    text: 'a page of a MAP_SYNC mapping became writable before its block and size were on media (I8)',
    rows: [],
  },
  'private-copy-removed': {
    text: 'a private copy was removed by a call that leaves the page in the file (I10)',
    rows: [],
  },
} as const satisfies Record<string, { text: string; rows: readonly string[] }>;

export type Mechanism = keyof typeof MECHANISMS;
