/**
 * The rows of the catalogue about times, the log and what sync and recovery make of it. F rows are classes of
 * bugs of file systems for persistent memory, on the file system that the model has.
 */
import type { Bug } from './bug.js';

export const FILESYSTEM_BUGS: readonly Bug[] = [
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
];
