/**
 * The rows of the catalogue about pins and about breaking layouts. N.. are known bugs of Linux beyond the
 * numbers of the project's catalogue, each with the commit that mended it.
 */
import type { Bug } from './bug.js';

export const PIN_BUGS: readonly Bug[] = [
  {
    id: 'B37',
    slug: 'dma-vs-truncate',
    title: 'A9 as the catalogue of kernel bugs lists it',
    kernels: 'before 4.18',
    promises: ['P9', 'P13', 'P0'],
    source: '5fac7408d828 "mm, fs, dax: handle layout changes to pinned dax mappings"; see A9',
    knobs: ['layoutNotBroken'],
  },
  {
    id: 'B44',
    slug: 'longterm-pin',
    title:
      'long-term pins of file pages are allowed, and truncation waits for as long as they last',
    kernels: 'before 4.15',
    promises: ['P13'],
    source: '2bb6d2837083 "mm: introduce get_user_pages_longterm"',
    knobs: ['longtermPinsAllowed'],
  },
  {
    id: 'B46',
    slug: 'lost-page-idle-wakeup',
    title: 'who lets go of pages in a batch does not wake the truncation that waits for them',
    kernels: '4.18 to 5.2',
    promises: ['P0'],
    source: 'c5d6c45e90c4 "mm/swap: fix release_pages() when releasing devmap pages"',
    knobs: ['batchedUnpinWakesNobody'],
  },
  {
    id: 'B51',
    slug: 'dma-after-clean-open',
    title: 'A11 as the catalogue of kernel bugs lists it',
    kernels: 'all; open in Linux',
    promises: ['P3', 'P4', 'P5', 'P6', 'P12'],
    source: 'see A11',
    knobs: [],
    tracksDma: true,
    knownOpen: true,
  },
  {
    id: 'N01',
    slug: 'busy-page-unmapped',
    title: 'breaking a layout looks for pins only while somebody maps the file',
    kernels: '4.18 to 6.14',
    promises: ['P13', 'P9', 'P0'],
    source: 'cee91fa13a8e "fs/dax: return unmapped busy pages from dax_layout_busy_page_range()"',
    knobs: ['layoutTrustsMappings'],
  },
  {
    id: 'N02',
    slug: 'busy-page-behind-locked-entry',
    title: 'breaking a layout passes over an entry that is locked, and over the pin behind it',
    kernels: '5.0 to 6.15',
    promises: ['P13', 'P9', 'P0'],
    source:
      '6be3e21d25ca "fs/dax: don\'t skip locked entries when scanning entries"; again dd59137bfe70',
    knobs: ['layoutScanSkipsLocked'],
  },
  {
    id: 'N03',
    slug: 'break-layout-not-repeated',
    title: 'a busy page that is idle again before it is waited for ends the search for others',
    kernels: '4.18-rc, ext4 and XFS',
    promises: ['P13', 'P9', 'P0'],
    source: 'b1f382178d15 "ext4: close race between direct IO and ext4_break_layouts()"',
    knobs: ['layoutWaitNotRepeated'],
  },
  {
    id: 'N04',
    slug: 'busy-page-livelock',
    title: 'breaking a layout comes upon the PMD entry at the end of a file again and again',
    kernels: '4.18 to 4.20',
    promises: ['P0'],
    source: 'd7782145e1ad "filesystem-dax: Fix dax_layout_busy_page() livelock"',
    knobs: ['layoutScanLoopsOnPmd'],
  },
  {
    id: 'N05',
    slug: 'break-layout-ends-early',
    title: 'breaking a layout takes "to the end of the file" for "to byte 0" and looks no further',
    kernels: '5.10 to 6.14, virtiofs',
    promises: ['P13', 'P9', 'P0'],
    source: '7851bf649d42 "fuse: fix dax truncate/punch_hole fault path"',
    knobs: ['layoutScansFirstPage'],
  },
  {
    id: 'N06',
    slug: 'second-layout-not-repeated',
    title: 'of two files to be cloned, N03 in the second one',
    kernels: '6.0 to 6.14, XFS',
    promises: ['P13', 'P9', 'P0'],
    source: 'reading of xfs_mmaplock_two_inodes_and_break_dax_layout(); gone with d5b3afea22a5',
    knobs: ['secondLayoutNotRepeated'],
    sharedBlocks: true,
  },
  {
    id: 'N07',
    slug: 'gup-fast-not-rechecked',
    title:
      'gup-fast keeps a page that was unmapped between its look at the page table and its reference',
    kernels: '4.5 to 4.18, huge pages; where TLBs are not flushed by interrupts',
    promises: ['P13', 'P9', 'P0', 'P3', 'P4', 'P5', 'P6'],
    source: 'a9b6de77b1a3 "mm: fix __gup_device_huge vs unmap"',
    knobs: ['gupFastNotRechecked', 'shootdownDoesNotWait'],
  },
];
