/**
 * Marks: the rare but legal branches of the model. Each retry, fallback, wait, second look and lost race has
 * one, `k.mark(MARK['grab_mapping_entry:conflict'])`, so that a campaign can say which of them it never took:
 * what was never taken was not tested. They are no events: traces do not show them.
 *
 * Names are `function:what`, after the Linux function where there is one. Every wait has a mark of the name
 * of its preemption point. Numbers mean nothing beyond one process: put a new mark where it belongs.
 *
 * The smoke campaigns of .ci/run must take all of them (test/smoke.ts). A branch that no program can reach is
 * an assertion, not a mark.
 */
import type { Mark } from '../target/target.js';
import { POINT_NAMES } from './points.js';

/** On every file system. */
const BRANCHES = {
  // mm: faults.
  'handle_mm_fault:bad_area': 'no mapping there, or none that may be written',
  'handle_mm_fault:spurious_pmd': 'another thread has mapped the PMD meanwhile',
  'create_huge_pmd:fallback': 'a PMD was tried, and a PTE has to do',
  'split_huge_pmd:split': 'a PMD is removed, for its pages to be mapped one by one',
  'handle_pte_fault:spurious': 'another thread has mapped the page meanwhile',
  'do_wp_page:private_reuse': 'a private copy that became read-only becomes writable again',
  'do_wp_page:private_copy': 'a private page that was read first is written',
  'insert_pfn:same_page': 'the page is mapped already, perhaps read-only',
  'insert_pfn:other_page': 'something else is mapped there: the access is tried again',
  'insert_pfn_pmd:left_alone': 'a PMD is there already that may not be changed, or need not',
  'insert_pfn_pmd:made_writable': 'a read-only PMD becomes writable',
  'finish_fault:raced_with_copy': 'another thread has made a private copy meanwhile',
  'user:faulted_again': 'the access faults again after a fault that went well',
  // mm: unmapping, cleaning, mapping.
  'zap_pte_range:private_kept': 'a private copy stays where the file is unmapped',
  'zap_huge_pmd:reaches_out': 'a PMD goes that is only partly in the range',
  'pfn_mkclean_range:pmd': 'a PMD is write-protected',
  'mmap_region:raced': 'another thread has taken the slot meanwhile',
  'split_vma:straddling_pmd': 'a mapping is split in the middle of a PMD',
  'do_munmap:nothing_there': 'the range is unmapped already',
  'do_munmap:several_vmas': 'the range has several mappings',
  'msync:holes': 'part of the range is not mapped',
  // mm: pins.
  'faultin_page:again': 'the page has to be faulted in twice',
  'faultin_page:failed': 'the page cannot be faulted in',
  'pin_user_pages:not_of_file': 'a private copy or the zero page is pinned',
  'pin_user_pages:partial': 'pages are given back because not all could be pinned',
  'pin_user_pages:slot_taken': 'another thread has filled the slot meanwhile',
  'gup_fast:slow_path': 'the walk without locks comes to a page that it cannot pin',
  'gup_fast_pte_range:changed': 'the entry changed while its page was being pinned',
  'copy_from_iter:short': 'the buffer of a write is not readable to its end',
  'copy_to_iter:short': 'the buffer of a read is not writable to its end',
  'unpin_user_pages:wakes': 'the last reference goes, and somebody waits for that',
  'unpin_user_pages:still_pinned': 'others have the page pinned, too',
  'dma:stopped': 'the pin was released under the transfer',
  // Media errors.
  'user:machine_check': 'an access meets memory that has gone bad',
  'dax_fault_return:hwpoison': 'a fault is refused, for the memory is bad',
  'dax_iomap_pmd_fault:poisoned': 'a PMD would map a bad block, and a PTE may do',
  'dax_lock_page:no_file': 'memory goes bad that no entry maps',
  'dax_lock_page:changed': 'the page has come to another place while its entry was awaited',
  'dax_iomap_rw:recovery_write': 'a write mends a bad block',
  'dax_iomap_rw:part_of_bad_page': 'a write of less than a page cannot mend a bad block',
  'dax_truncate_page:poisoned': 'the edge of a page cannot be zeroed, for its block is bad',
  'pmem_do_write:poisoned': 'a bad block gets another owner, and is mended',
  // dax: entries.
  'get_next_unlocked_entry:conflict': 'a PMD is wanted where a locked entry of a page is',
  'get_next_unlocked_entry:gone': 'there is no entry, or none any more',
  'get_next_unlocked_entry:locked_again': 'who was woken comes too late, and waits again',
  'grab_mapping_entry:conflict': 'a PMD is wanted where a page has an entry',
  'grab_mapping_entry:pmd_downgrade': 'a page is wanted where a PMD entry of a hole is',
  'put_unlocked_entry:passes_on': 'somebody who did not take the lock wakes the next',
  'dax_wake_entry:several': 'an entry goes that several wait for',
  'dax_invalidate_entry:dirty_kept': 'invalidation leaves a DIRTY entry',
  'dax_invalidate_entry:pinned_kept': 'invalidation leaves the entry of a pinned page',
  'dax_invalidate_entry:clean_dropped': 'invalidation drops the clean entry of a block',
  // dax: faults.
  'dax_iomap_pte_fault:beyond_eof': 'the page is beyond the end of the file',
  'dax_iomap_pte_fault:no_space': 'no block is free',
  'dax_iomap_pte_fault:raced_with_pmd': 'a PMD was mapped while the entry was waited for',
  'dax_fault_check_fallback:private': 'a private write, which a PMD cannot serve',
  'dax_fault_check_fallback:vma_too_small': 'the PMD would reach out of the mapping',
  'dax_fault_check_fallback:file_too_small': 'the PMD would reach out of the file',
  'dax_iomap_pmd_fault:beyond_eof': 'the page is beyond the end of the file',
  'dax_iomap_pmd_fault:raced_with_table': 'a PTE was mapped while the entry was waited for',
  'dax_iomap_pmd_fault:hole': 'no aligned run of blocks is free for the hole',
  'dax_iomap_pmd_fault:mixed': 'the blocks are no aligned run',
  'dax_insert_entry:zero_page_replaced': 'a block takes the place of a hole that was mapped',
  'dax_insert_pfn_mkwrite:gone':
    'the entry went, or became another, while a synchronous fault committed',
  'dax_insert_pfn_mkwrite:under_pmd': 'a synchronous fault on a page finds a PMD entry there',
  // dax: write-back, layout, I/O.
  'dax_writeback_one:gone': 'the entry went, or got another block, while it was waited for',
  'dax_writeback_one:written_back_meanwhile': 'another write-back has done the entry',
  'dax_writeback_one:still_tagged': 'the entry was locked for something else',
  'dax_writeback_one:inside_pmd': 'the range begins inside of a PMD entry',
  'dax_writeback_one:pinned': 'a pinned page is cleaned',
  'dax_break_layout:looked_again': 'a pin went, and the file is looked through again',
  'dax_break_layout:busy_again': 'there is another pin to wait for',
  'dax_delete_mapping_range:dirty_rest': 'a DIRTY PMD entry goes that is only partly in the range',
  'dax_delete_mapping_range:clean_rest': 'a clean one',
  'dax_iomap_rw:no_space': 'no block is free',
  'dax_iomap_rw:allocated_by_fault':
    'a fault has allocated the block and still has to unmap the zero page',
  // The file system.
  'ext4_map_blocks:unwritten': 'a page gets the unwritten block that it has',
  'ext4_map_blocks:partly_unwritten': 'a PMD with pages that have none beside such that have one',
  'ext4_alloc_file_blocks:no_space': 'no block is free',
  'ext4_handle_inode_extension:truncates': 'a write gives back blocks that it did not fill',
  'ext4_mb_new_blocks:not_committed': 'blocks are kept back until their transaction has committed',
  'ext4_dax_write_iter:short': 'a write ends before all of it is written',
  'ext4_dax_read_iter:short': 'a read meets the end of the file',
  'ext4_zero_partial_blocks:no_whole_page': 'a hole is punched that has no whole page',
  'jbd2_complete_transaction:not_that_commit': 'the commit that was waited for was an older one',
  'ext4_sync_file:committed_by_another': "another call's commit made the metadata durable",
  'writeback_single_inode:dirtied_again': 'the inode was dirtied while it was written',
  'freeze_super:busy': 'it is frozen already, or about to be',
  'sb_start_write:frozen_again': 'it thawed and is frozen again before a sleeper has run',
  'thaw_super:not_frozen': 'nothing is frozen, or not yet',
} as const;

/** Where files share blocks. */
const SHARING_BRANCHES = {
  'gup_fast_pte_range:unshare': 'a shared block is to be pinned without locks',
  'xfs_alloc_file_space:exchanged': 'a shared block is exchanged for an unwritten one',
  'follow_page_mask:unshare': 'a shared block is to be pinned for reading',
  'dax_iomap_pmd_fault:needs_cow': 'a PMD with a shared page in it',
  'dax_iomap_rw:cow_not_needed': 'a page was pinned while it was being unmapped to be copied',
  'dax_iomap_rw:cow_no_space': 'no block is free for the copy',
  'dax_unshare_iter:not_shared': 'a page of the range has its block for itself',
  'dax_unshare_iter:no_space': 'no block is free for the copy',
  'imap_needs_cow:staged_by_neighbour':
    'a page that is not shared is copied, for a block is staged',
  'imap_needs_cow:pinned': 'it is not, for it is pinned',
  'xfs_reflink_trim_around_shared:not_committed': 'a block counts as shared until that is on media',
  'xfs_reflink_allocate_cow:staged_before': 'a block is staged already',
  'xfs_reflink_allocate_cow:no_spare': 'no block is free for the neighbour',
  'xfs_reflink_cancel_cow_range:given_back': 'a block was staged in vain',
  'xfs_refcount_decrease_extent:still_shared': 'a file lets go of a block that others have, too',
  'xfs_mmaplock_two_inodes:busy': 'a page of the two files is pinned',
  'xfs_reflink_remap_extent:same_block': 'the two pages have shared the block before',
  'xfs_reflink_remap_extent:hole': 'a hole is cloned',
  'xfs_reflink_remap_prep:written_by_device': 'a device wrote the source after it was cleaned',
} as const;

type BranchName = keyof typeof BRANCHES | keyof typeof SHARING_BRANCHES;

const marksOf = (branches: Readonly<Record<string, string>>): Mark[] =>
  Object.entries(branches).map(([name, text]) => ({ name, text }));

/** Without those of kernel variants, which sleep for reasons of their own. */
const WAITS: readonly Mark[] = POINT_NAMES.filter(
  (name) => name.startsWith('wait:') && name !== 'wait:variant',
).map((name) => ({ name, text: 'somebody sleeps' }));

/** Those that can be taken on every file system come first. */
export const MARKS: readonly Mark[] = [
  ...WAITS,
  ...marksOf(BRANCHES),
  ...marksOf(SHARING_BRANCHES),
];
const PLAIN_MARKS = MARKS.slice(0, MARKS.length - Object.keys(SHARING_BRANCHES).length);

/** Numbers by name: `MARK['grab_mapping_entry:conflict']`. */
export const MARK = Object.fromEntries(MARKS.map(({ name }, index) => [name, index])) as Record<
  BranchName,
  number
>;

/** The mark of each preemption point that is a wait, -1 for the others. */
export const WAIT_MARKS: readonly number[] = POINT_NAMES.map((point) =>
  WAITS.findIndex(({ name }) => name === point),
);

/** The marks that programs can take, by number. */
export const marksFor = (sharesBlocks: boolean): readonly Mark[] =>
  sharesBlocks ? MARKS : PLAIN_MARKS;
