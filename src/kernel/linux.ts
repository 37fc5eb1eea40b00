/**
 * The table of the model's own functions, with which a kernel starts that replaces none.
 */
import { daxCowWritePage, daxIomapCopyAround, daxUnsharePages } from './dax/cow.js';
import {
  daxFaultCowPage,
  daxFaultIsSynchronous,
  daxFaultIter,
  daxFinishSyncFault,
  daxInsertEntry,
  daxIomapPmdFault,
  daxIomapPteFault,
} from './dax/fault.js';
import {
  daxReadPage,
  daxWritePage,
  daxZeroRange,
  invalidateInodePages2,
  invalidateMappingPages,
} from './dax/io.js';
import {
  daxBreakLayout,
  daxBreakLayoutFinal,
  daxDeleteMappingRange,
  daxLayoutBusyPage,
  truncateInodePagesRange,
} from './dax/layout.js';
import { grabMappingEntry, invalidateEntry, wakeEntry } from './dax/mapping.js';
import {
  daxWritebackMappingRange,
  daxWritebackOne,
  tagPagesForWriteback,
} from './dax/writeback.js';
import { allocateCow, endCow } from './fs/cow-fork.js';
import { checkpoint } from './fs/checkpoint.js';
import { allocateRange, collapseRange, insertRange, zeroRange } from './fs/fallocate.js';
import { fadviseDontneed, ftruncate, pread, punchHole, pwrite } from './fs/file-ops.js';
import { freezeSuper, thawSuper } from './fs/freeze.js';
import { dropCaches, evictInode } from './fs/inode.js';
import { freeBlocks, iomapBegin } from './fs/iomap.js';
import { commitTransaction, completeTransaction } from './fs/journal.js';
import { genericShutdownSuper, journalRecover, mount, umount } from './fs/mount.js';
import { daxNotifyFailure } from './fs/notify-failure.js';
import { reflink, reflinkRange, unshareRange } from './fs/reflink.js';
import { ext4SyncFs, ksysSync, syncFilesystem, syncfs, vfsFsyncRange } from './fs/sync.js';
import { fileUpdateTime } from './fs/times.js';
import { ext4DaxHugeFault } from './fs/vm-ops.js';
import { markInodeDirty, requeueInode, wbWorkfn, writebackSingleInode } from './fs/writeback.js';
import { handleMmFault, handlePteFault, wpPfnShared } from './mm/fault.js';
import { gupFast } from './mm/gup-fast.js';
import { pinUserPages, unpinUserPages } from './mm/gup.js';
import { insertPmd, insertPte } from './mm/insert.js';
import { memoryFailure, mfDaxKillProcs } from './mm/memory-failure.js';
import { madvise, mmap, mprotect, munmap } from './mm/mmap.js';
import { pfnMkcleanRange, unmapMappingPages, zapRange } from './mm/rmap.js';
import { setPageDirty } from './mm/set-page-dirty.js';
import { daxFlush, memcpyFlushcache, nvdimmFlush } from './nvdimm/pmem.js';
import { killDax, memunmapPages } from './nvdimm/remove.js';
import { msync } from './syscall/thread.js';
import type { KernelFunctions } from './functions.js';
import type { Kernel } from './kernel.js';

export const LINUX: KernelFunctions<Kernel> = Object.freeze({
  grabMappingEntry,
  wakeEntry,
  invalidateEntry,
  daxIomapPteFault,
  daxIomapPmdFault,
  daxFaultIter,
  daxFaultIsSynchronous,
  daxInsertEntry,
  daxFaultCowPage,
  daxFinishSyncFault,
  daxWritebackMappingRange,
  tagPagesForWriteback,
  daxWritebackOne,
  daxWritePage,
  daxReadPage,
  daxZeroRange,
  invalidateInodePages2,
  invalidateMappingPages,
  daxBreakLayout,
  daxBreakLayoutFinal,
  daxLayoutBusyPage,
  truncateInodePagesRange,
  daxDeleteMappingRange,
  daxIomapCopyAround,
  daxCowWritePage,
  daxUnsharePages,
  handleMmFault,
  handlePteFault,
  wpPfnShared,
  insertPte,
  insertPmd,
  pfnMkcleanRange,
  unmapMappingPages,
  zapRange,
  mmap,
  munmap,
  mprotect,
  madvise,
  msync,
  pinUserPages,
  gupFast,
  mfDaxKillProcs,
  unpinUserPages,
  setPageDirty,
  ext4DaxHugeFault,
  iomapBegin,
  freeBlocks,
  allocateCow,
  endCow,
  commitTransaction,
  checkpoint,
  completeTransaction,
  vfsFsyncRange,
  ksysSync,
  syncfs,
  wbWorkfn,
  umount,
  mount,
  genericShutdownSuper,
  journalRecover,
  evictInode,
  dropCaches,
  syncFilesystem,
  writebackSingleInode,
  ext4SyncFs,
  markInodeDirty,
  requeueInode,
  fileUpdateTime,
  freezeSuper,
  thawSuper,
  daxNotifyFailure,
  pwrite,
  pread,
  ftruncate,
  punchHole,
  zeroRange,
  allocateRange,
  collapseRange,
  insertRange,
  fadviseDontneed,
  reflink,
  reflinkRange,
  unshareRange,
  memcpyFlushcache,
  memoryFailure,
  daxFlush,
  nvdimmFlush,
  killDax,
  memunmapPages,
});
