/**
 * The named preemption points of the kernel model: every place where another CPU can run between two
 * steps. Schedules and reports name them; `function:place` greps like the kernel function.
 *
 * Their numbers are in `wait` and `context_switch` events and so in every trace hash that a reproducer
 * records: append at the end, never reorder. Text forms use the names.
 */
export const POINT_NAMES = [
  // Between the operations of a thread.
  'op_start',
  'op_end',
  'task_end',
  // A store has left the core for its store buffer; a switch here holds it there.
  'store_buffered',
  'store_piece',
  'buffer_drained',
  'user_flush:clwb',
  // Waiting.
  'wait:mmap_lock',
  'wait:i_rwsem',
  'wait:invalidate_lock',
  'wait:i_mmap_rwsem',
  'wait:ptl',
  'wait:dax_entry',
  'wait:handles',
  'wait:commit',
  'wait:journal_locked',
  'wait:page_idle',
  'wait:flusher',
  'livelock:fault',
  // Faults.
  'handle_mm_fault:start',
  'dax_fault:update_time',
  'dax_fault:invalidate_lock',
  'dax_iomap_pte_fault:entry_locked',
  'dax_iomap_pmd_fault:entry_locked',
  'grab_mapping_entry:downgrade_unmapped',
  'ext4_iomap_begin:allocated',
  'dax_insert_entry:start',
  'dax_insert_entry:unmapped',
  'dax_insert_entry:tagged',
  'dax_fault_iter:entry_inserted',
  'dax_fault_iter:pte_inserted',
  'dax_finish_sync_fault:start',
  'dax_finish_sync_fault:synced',
  'wp_pfn_shared:pfn_mkwrite_done',
  'wp_page_copy:copied',
  'unmap_mapping_pages:vma_done',
  // Writeback.
  'dax_writeback_mapping_range:start',
  'dax_writeback_mapping_range:tagged',
  'dax_writeback_one:locked',
  'dax_writeback_one:vma_cleaned',
  'dax_writeback_one:write_protected',
  'dax_writeback_one:flushing',
  'dax_writeback_one:flushed',
  'dax_writeback_one:done',
  'pfn_mkclean_range:before_tlb_flush',
  'ext4_sync_file:data_written',
  'ext4_sync_file:committed',
  'jbd2_commit:locked',
  'jbd2_commit:data_flushed',
  'jbd2_commit:record_written',
  'jbd2_commit:done',
  'sync:inode_start',
  'sync:pages_written',
  'sync:inodes_written',
  // Reads, writes and layout changes.
  'dax_iomap_rw:begun',
  'dax_iomap_rw:invalidated',
  'dax_iomap_rw:copied',
  'invalidate_inode_pages2:entry_done',
  'invalidate_inode_pages2:before_unmap',
  'ext4_setattr:size_written',
  'ext4_setattr:pagecache_truncated',
  'ext4_setattr:tail_zeroed',
  'ext4_punch_hole:flushed',
  'ext4_punch_hole:pagecache_truncated',
  'ext4_punch_hole:edges_zeroed',
  'ext4_zero_range:zeroed',
  'truncate_inode_pages:entry_deleted',
  'dax_layout_busy_page:unmapped',
  'invalidate_mapping_pages:entry_done',
  // Mappings and pins.
  'mmap:linked',
  'munmap:zapped',
  'mprotect:protected',
  'pin_user_pages:page_pinned',
  'dma:page_done',
  'unpin_user_pages:page_done',
  // A lookup before the entry is locked, which only kernels with B21, B23 or B24 do.
  'dax_iomap_pte_fault:looked_up',
  'dax_iomap_pmd_fault:looked_up',
  // Freezing.
  'wait:writers',
  'wait:thaw',
  'wait:s_umount',
  'freeze_super:writers_gone',
  'freeze_super:faults_gone',
  'freeze_super:synced',
  // Shared blocks.
  'xfs_reflink_allocate_cow:staged',
  'dax_iomap_copy_around:copied',
  'dax_unshare_iter:block_done',
  'xfs_file_remap_range:flushed',
  'xfs_file_remap_range:unmapped',
  'dax_fault_cow_page:unlocked',
  // A busy page is found and not waited for yet, which only kernels with N03 tell apart.
  'ext4_break_layouts:page_found',
  'livelock:scan',
  // Pinning without locks.
  'wait:shootdown',
  'gup_fast_pte_range:pte_read',
  'gup_fast_pte_range:referenced',
  // Allocating, zeroing and shifting.
  'ext4_fallocate:allocated',
  'ext4_zero_range:pagecache_truncated',
  'ext4_shift_range:flushed',
  'ext4_shift_range:pagecache_truncated',
  // Steps of kernel variants that the model does not have.
  'variant:first',
  'variant:second',
  'variant:third',
  'wait:variant',
  // Times, and the list of dirty inodes.
  'file_update_time:set',
  'writeback_single_inode:flags_cleared',
  // The log.
  'jbd2_commit:logged',
  'jbd2_checkpoint:home',
  'jbd2_checkpoint:tail_written',
  // Removal of the device.
  'wait:dax_srcu',
  'wait:pagemap',
  'wait:freeze',
  'dax_direct_access:done',
  'xfs_dax_notify_failure:frozen',
  'xfs_dax_notify_failure:inode_done',
  'mf_dax_kill_procs:page_done',
  'kill_dax:dead',
  'memunmap_pages:killed',
  // A page becomes dirty after its fault, which only kernels with A13, A15 or A16 do.
  'set_page_dirty:start',
  // Inodes in core, and mounting.
  'evict:done',
  'generic_shutdown_super:synced',
  'dax_prepare_freeze:unmapped',
  'pfn_mkclean_range:pmd_cleared',
  'madvise:zapped',
  // Media errors.
  'nfit_handle_mce:start',
  'nfit_handle_mce:listed',
  'memory_failure:start',
  'mf_generic_kill_procs:locked',
  'pmem_recovery_write:start',
  'pmem_recovery_write:copied',
  'livelock:xa_lock',
  'wait:inode_freed',
] as const;

export type PointName = (typeof POINT_NAMES)[number];

/** Point numbers by name: `POINT['dax_writeback_one:flushed']`. */
export const POINT = Object.fromEntries(POINT_NAMES.map((name, index) => [name, index])) as Record<
  PointName,
  number
>;
