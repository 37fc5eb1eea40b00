/** The rows of the catalogue about media errors: memory failure, and writes that mend bad blocks. */
import type { Bug } from './bug.js';

export const POISON_BUGS: readonly Bug[] = [
  {
    id: 'B29',
    slug: 'mixed-pmd-pte-association',
    title: 'a PTE fault inside of a PMD entry makes the other pages of that forget their file',
    kernels: '4.17 to 5.1',
    promises: ['P15'],
    source: '1571c029a2ff "dax: Fix xarray entry association for mixed mappings"',
    knobs: ['associatesOnSizeChange'],
  },
  {
    id: 'B54',
    slug: 'lock-mapping-entry',
    title: 'memory failure waits for a locked entry with the lock held that would unlock it',
    kernels: '4.19',
    promises: ['P0'],
    source: 'f52afc93cd01 "dax: Fix deadlock in dax_lock_mapping_entry()"',
    knobs: ['entryAwaitedUnderXaLock'],
  },
  {
    id: 'B63',
    slug: 'poison-clear-order',
    title: 'a write that mends a bad block takes it off the list first, and is not done yet',
    kernels: 'a wrong variant of 6.0; its order is that of pmem_do_write() for new blocks',
    promises: ['P15'],
    source: 'Chu and Williams, "pmem: implement pmem_recovery_write()", Apr 2022',
    knobs: ['badblockClearedFirst'],
  },
  {
    id: 'B66',
    slug: 'mf-unaware-of-devmap',
    title: 'memory failure does not know pages of devices, and leaves bad memory mapped',
    kernels: 'before 4.19',
    promises: ['P15'],
    source: '6100e34b2526 "mm, memory_failure: Teach memory_failure() about dev_pagemap pages"',
    knobs: ['memoryFailureSkipsDevice'],
  },
  {
    id: 'B67',
    slug: 'wrong-fault-code',
    title: 'a fault on bad memory gives SIGBUS without BUS_MCEERR_AR',
    kernels: 'before 6.5',
    promises: ['P15'],
    source: '1ea7ca1b0901 "dax: enable dax fault handler to report VM_FAULT_HWPOISON"',
    knobs: ['poisonFaultsWithoutCode'],
  },
  {
    id: 'L17',
    slug: 'poison-cleared-before-data',
    title:
      'a write clears poison before its data is on media; a crash shows the lost bytes as good',
    kernels: '6.0 to at least 6.16, by reading; until 5.19 the data was written before, too',
    promises: ['P15'],
    source: 'reading of pmem_recovery_write() and pmem_do_write()',
    knobs: ['poisonClearedBeforeData'],
  },
];
