/** Which kernels were proposed in the source threads, where, and by whom. README.md tells the threads. */

export interface Proposal {
  /** Number and subject of the thread. */
  readonly thread: string;
  /** Who proposed it; "nobody" for a variant that the thread leads to. */
  readonly by: string;
}

type ByName = Readonly<Record<string, string>>;

const THREADS: readonly (readonly [thread: string, by: ByName])[] = [
  [
    '000: dax: add support for fsync/msync, v8 (January 2016)',
    {
      'dax-v8': 'Zwisler',
      'dax-v2': 'Zwisler',
      'tags-transferred': 'Kara',
      'keep-dirty': 'Zwisler',
      'towrite-before-flush': 'Zwisler',
      'towrite-after-flush-v9': 'Kara',
      'towrite-after-flush': 'Kara',
      'write-protect-unlocked': 'Kara',
      'write-protect-locked': 'nobody',
    },
  ],
  [
    '001: dax: associate mappings with inodes (December 2017)',
    {
      'pagecache-page-as-typed': 'Williams',
      'pagecache-page-corrected': 'Williams',
      'set-page-dirty-verifies': 'Kara',
    },
  ],
  [
    '002: set_page_dirty races (February 2009)',
    {
      'put-user-pages': 'Piggin',
      'put-user-pages-dirties': 'Piggin',
      'put-user-pages-waits': 'nobody',
      'put-user-pages-flushes': 'nobody',
      'page-lock-over-gup': 'Piggin',
    },
  ],
  [
    '003: gup-fast and references to the device (February 2021)',
    {
      'unbind-5.11': 'Williams',
      'unbind-unguarded': 'Williams',
      'unbind-zaps': 'Gunthorpe',
      'unbind-zaps-broadcast': 'Gunthorpe',
      'unbind-map-references': 'Williams',
    },
  ],
  [
    '004: dax_prepare_freeze (March 2015)',
    {
      plexistor: 'Harrosh',
      'fsync-at-munmap': 'Harrosh',
      'freeze-rfc': 'Harrosh',
      'freeze-unmaps-last': 'Harrosh',
      'freeze-unmaps-first': 'nobody',
    },
  ],
];

/** By the name of the kernel, in the order of the threads. */
export const PROPOSALS: ReadonlyMap<string, Proposal> = new Map(
  THREADS.flatMap(([thread, names]) =>
    Object.entries(names).map(([name, by]) => [name, { thread, by }] as const),
  ),
);
