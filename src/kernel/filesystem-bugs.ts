/**
 * The rows of the catalogue about times, the log and what sync and recovery make of it. F rows are classes of
 * bugs of file systems for persistent memory, on the file system that the model has.
 */
import type { Bug } from './bug.js';

export const FILESYSTEM_BUGS: readonly Bug[] = [
  {
    id: 'A22',
    slug: 'inode-walk-unlocked',
    title: 'a freeze that unmaps all files walks s_inodes, and an inode that it is at is evicted',
    kernels: 'none: dax_prepare_freeze() was not merged',
    promises: ['P0'],
    source: 'Harrosh, "[3/3] RFC: dax: dax_prepare_freeze", Mar 2015, by reading',
    knobs: ['freezeUnmapsBeforeSync', 'freezeWalksUnlocked'],
  },
  {
    id: 'A24',
    slug: 'times-not-rearmed',
    title: 'fsync leaves pages writable: later stores are flushed, but change no times',
    kernels: '4.5 to 4.9, which kept entries dirty for ever',
    promises: ['P10', 'P12'],
    source: 'Chinner, Mar 2015; what 4b4bb46d00b3 ended',
    knobs: ['syncOnlyFlushes'],
  },
  {
    id: 'L14',
    slug: 'times-set-before-handle',
    title:
      'a time that is set and not yet logged is taken for logged by the next fault, and its fsync',
    kernels: 'since file times were, to at least 6.16; not only DAX',
    promises: ['P10'],
    source: 'reading of file_update_time(), generic_update_time() and ext4_sync_file()',
    knobs: ['timesSetBeforeHandle'],
  },
  {
    id: 'F01',
    slug: 'metadata-not-flushed',
    title: 'what a transaction changed is stored to the log and never written back',
    kernels: 'NOVA and others, as a class',
    promises: ['P0', 'P2', 'P3', 'P4', 'P5', 'P6', 'P8', 'P9', 'P10', 'P12'],
    source: 'Chipmunk NOVA_BUG2; NOVA issue 91',
    knobs: ['logNotFlushed'],
  },
  {
    id: 'F02',
    slug: 'metadata-not-ordered',
    title: 'the head of the log moves before the log and the data are fenced',
    kernels: 'NOVA and others, as a class',
    promises: ['P0', 'P2', 'P3', 'P4', 'P5', 'P6', 'P8', 'P9', 'P10', 'P12'],
    source: 'NOVA issues 94, 118, 127; Chipmunk NOVA_FORTIS_BUG1',
    knobs: ['headBeforeLog'],
  },
  {
    id: 'F08',
    slug: 'free-list-before-commit',
    title: 'a freed block is given away before the transaction that freed it has committed',
    kernels: 'NOVA, PMFS, as a class',
    promises: ['P9', 'P2', 'P3', 'P4', 'P5', 'P6', 'P12'],
    source: 'NOVA issue 152; Chipmunk NOVA_BUG8',
    knobs: ['reuseBeforeCommit'],
  },
  {
    id: 'F12',
    slug: 'time-pair',
    title: 'of mtime and ctime only one is logged with the other',
    kernels: 'PMFS, as a class',
    promises: ['P10'],
    source: 'Chipmunk, PMFS: ctime and mtime persisted separately',
    knobs: ['ctimeNotLogged'],
  },
  {
    id: 'B69',
    slug: 'checkpoint-not-flushed',
    title: 'the tail of the log moves before the inodes that it leaves behind are fenced at home',
    kernels: 'before 3.4, jbd2 with its log on the same device',
    promises: ['P0', 'P2', 'P3', 'P4', 'P5', 'P6', 'P8', 'P9', 'P10', 'P12'],
    source: '79feb521a447 "jbd2: issue cache flush after checkpointing even with internal journal"',
    knobs: ['tailBeforeHomes'],
  },
  {
    id: 'B18',
    slug: 'mkclean-transient-none',
    title: 'writeback takes a PMD away while it cleans it, and unmapping passes over it meanwhile',
    kernels: 'before 5.1',
    promises: ['P0'],
    source: '024eee0e83f0 "mm: page_mkclean vs MADV_DONTNEED race"',
    knobs: ['mkcleanClearsPmd'],
  },
  {
    id: 'B41',
    slug: 'unmount-with-pins',
    title: 'umount evicts an inode while devices hold pages of it',
    kernels: 'before 6.15',
    promises: ['P13', 'P9', 'P0'],
    source: '0e2f80afcfa6 "fs/dax: ensure all pages are idle prior to filesystem unmount"',
    knobs: ['evictIgnoresPins'],
  },
  {
    id: 'F10',
    slug: 'recovery-not-repeatable',
    title:
      'recovery empties the log before what it wrote home is fenced: a second power failure loses it',
    kernels: 'NOVA, PMFS, WineFS and others, as a class',
    promises: ['P0', 'P2', 'P3', 'P4', 'P5', 'P6', 'P9', 'P10', 'P12'],
    source: 'Chipmunk NOVA_BUG3, PMFS_BUG3; SplitFS issue 67',
    knobs: ['recoveryNotFlushed'],
  },
];
