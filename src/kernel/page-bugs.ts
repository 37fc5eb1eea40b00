/**
 * The rows of the catalogue about pages: which file a page belongs to, and who may make it dirty.
 */
import type { Bug } from './bug.js';

const WILLIAMS = 'Williams and Kara, "dax: associate mappings with inodes", Dec 2017';
const PIGGIN = 'Piggin and Zijlstra, "set_page_dirty races", Feb 2009';

export const PAGE_BUGS: readonly Bug[] = [
  {
    id: 'A8',
    slug: 'page-cache-aops-on-dax',
    title:
      'a page that knows its file is taken for a page of the page cache when a device has written to it',
    kernels: 'the association patches as first posted',
    promises: ['P0'],
    source: `${WILLIAMS}; 6e2608dfd934 "xfs, dax: introduce xfs_dax_aops" (4.17)`,
    knobs: ['pageCacheAopsOnDax'],
  },
  {
    id: 'A10',
    slug: 'dirtied-after-reclaim',
    title:
      'the holder of a pin dirties a page from which reclaim has taken what the file system kept for it',
    kernels: 'all, page cache; ext4 warns instead of BUG since 5.18',
    promises: ['P0'],
    source: `${WILLIAMS}; pin_user_pages.rst`,
    knobs: ['filesystemKeepsBuffers', 'reclaimStripsBuffers', 'unpinDirties'],
  },
  {
    id: 'A13',
    slug: 'cleaned-before-dirtied',
    title: 'a page is cleaned between page_mkwrite and set_page_dirty',
    kernels: 'page cache, before 2.6.30; fsblock',
    promises: ['P0', 'P3', 'P4', 'P5', 'P6', 'P12'],
    source: `${PIGGIN}; b827e496c893 "mm: close page_mkwrite races"`,
    knobs: ['filesystemKeepsBuffers', 'cleaningDropsBuffers', 'dirtiesAfterFault'],
  },
  {
    id: 'A14',
    slug: 'gup-holder-dirties-any-time',
    title:
      'the holder of a pin dirties a page that writeback has cleaned; the file system is not told',
    kernels: 'all, page cache',
    promises: ['P0'],
    source: `${PIGGIN}; that it never calls set_page_dirty is A11`,
    knobs: ['filesystemKeepsBuffers', 'cleaningDropsBuffers', 'unpinDirties'],
  },
  {
    id: 'A15',
    slug: 'page-mkwrite-against-truncate',
    title: 'truncation frees what page_mkwrite has set up before set_page_dirty',
    kernels: 'page cache, before 2.6.30; fsblock',
    promises: ['P0', 'P3', 'P4', 'P5', 'P6', 'P12'],
    source: `${PIGGIN}; b827e496c893 "mm: close page_mkwrite races"`,
    knobs: ['filesystemKeepsBuffers', 'dirtiesAfterFault'],
  },
  {
    id: 'A16',
    slug: 'dirty-after-the-data',
    title: 'a page can be written before it is dirty: writeback in between does not see it',
    kernels: 'page cache, 2.6.19',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12'],
    source: `${PIGGIN}, as history: before and after`,
    knobs: ['dirtiesAfterFault'],
  },
  {
    id: 'B47',
    slug: 'page-cache-dirtying',
    title: 'A8 under its number in the list of kernel bugs',
    kernels: 'the association patches as first posted',
    promises: ['P0'],
    source: '6e2608dfd934 "xfs, dax: introduce xfs_dax_aops" (4.17)',
    knobs: ['pageCacheAopsOnDax'],
  },
];
