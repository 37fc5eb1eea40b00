/**
 * The kernel's objects, as data: what mm_types.h and fs.h are to the kernel. Behaviour lives in mm/, dax/
 * and fs/; keeping the types here is what lets mm call the file system and the file system call mm.
 */
import type { RwSemaphore, WaitQueue } from './lock.js';

export type { Run, Task } from './task.js';

/** An open file's inode with its mapping, as ext4 and the page cache keep them together. */
export interface Inode {
  readonly ino: number;
  /** i_size, in bytes. */
  size: number;
  /** i_disksize: the size that the running transaction will commit. */
  diskSize: number;
  /** Block of each page, HOLE where there is none. */
  blocks: Int32Array;
  /** Unwritten extents: blocks that pages without one in `blocks` have in reserve, HOLE where none is. */
  unwritten: Int32Array;
  /** The CoW fork: blocks that are to replace those of `blocks`; only where the file system shares blocks. */
  cowBlocks: Int32Array;
  /** XFS_DIFLAG2_REFLINK: the file has shared blocks with another one at some time. */
  reflinked: boolean;
  /** i_pages: the DAX entry of each page index; a PMD entry is in the slot of its head. */
  entries: Int32Array;
  /** PAGECACHE_TAG_DIRTY and PAGECACHE_TAG_TOWRITE of each slot. */
  tags: Uint8Array;
  /** i_mmap: the mappings of this file. */
  readonly vmas: Vma[];
  readonly iRwsem: RwSemaphore;
  readonly invalidateLock: RwSemaphore;
  readonly iMmapRwsem: RwSemaphore;
  /** i_mtime and i_ctime, in ticks. */
  mtime: number;
  ctime: number;
  /** Read in and not evicted since: a member of s_inodes. */
  isInCore: boolean;
  /** I_FREEING: it is leaving, and whoever opens it waits until it has left. */
  isFreeing: boolean;
  /** i_count, but for descriptors and mappings: calls that are working on the file. */
  users: number;
  /** i_state: I_DIRTY_SYNC and I_DIRTY_PAGES, see fs/writeback.ts. */
  state: number;
  /** Member of the superblock's dirty list. */
  listed: boolean;
  /** Transactions that hold the latest change of anything, and of what reading the data needs. */
  syncTid: number;
  datasyncTid: number;
  /** ili_fsync_fields of XFS: more than times was changed since the log was forced for this inode. */
  changedSinceFsync: boolean;
}

export interface Vma {
  inode: Inode;
  /** First virtual page and one past the last. */
  start: number;
  end: number;
  /** Page index in the file that `start` maps. */
  pgoff: number;
  readonly shared: boolean;
  /** VM_SYNC. */
  readonly sync: boolean;
  writable: boolean;
}

/** What a fault handler is told: struct vm_fault. */
export interface VmFault {
  readonly vma: Vma;
  readonly vpage: number;
  /** Page index in the file. */
  readonly pgoff: number;
  readonly write: boolean;
  /** The block that a private write copies. */
  cowBlock: number;
  /** Of kernels with A16: the page becomes dirty when the fault is over. */
  dirtiesLater: boolean;
}

/** struct iov_iter: `length` bytes of private memory that hold one repeated byte, or of mapped pages. */
export interface IovIter {
  readonly length: number;
  readonly byte: number;
  /** The virtual page at which the buffer starts; null for private memory. */
  readonly start: number | null;
}

export interface PinnedPage {
  /** NO_INO for a page that is not the file's: a private copy or the zero page. */
  readonly ino: number;
  readonly page: number;
  readonly block: number;
  /** Of kernels that hold page locks over pins: the slot of the entry that is locked for this page. */
  readonly locked?: number;
}

/** What pin_user_pages returned. */
export interface Pin {
  readonly pages: readonly PinnedPage[];
  readonly write: boolean;
}

export interface Journal {
  /** The transaction that collects changes now. */
  runningTid: number;
  committedTid: number;
  /** The last transaction whose inodes are all at home; the log holds those after it. */
  tail: number;
  /** Open handles of the running transaction (t_updates). */
  handles: number;
  /** The running transaction takes no new handles: a commit waits for the open ones (T_LOCKED). */
  locked: boolean;
  committing: boolean;
  /** Something in the running transaction needs committing. */
  changed: boolean;
  readonly waitHandles: WaitQueue;
  readonly waitUnlocked: WaitQueue;
  readonly waitCommit: WaitQueue;
}

/** errno values as calls return them. */
export const ENOENT = -2;
export const EIO = -5;
export const ENXIO = -6;
export const EBADF = -9;
export const ENOMEM = -12;
export const EFAULT = -14;
export const EBUSY = -16;
export const ENODEV = -19;
export const EINVAL = -22;
export const EFBIG = -27;
export const ENOSPC = -28;
export const EOPNOTSUPP = -95;
export const EUCLEAN = -117;
/** What an access gives that ends in a SIGBUS with BUS_MCEERR_AR, and EFAULT one without. */
export const EHWPOISON = -133;

/** Results of fault handlers. */
export const FAULT = {
  /** The page tables are as the access needs them, or it must be tried again. */
  noPage: 0,
  fallback: 1,
  sigbus: 2,
  segv: 3,
  needDsync: 4,
  /** Of kernels with B31: the caller copies `cowBlock`. */
  cowLater: 5,
  /** A SIGBUS that says that the memory is bad: BUS_MCEERR_AR. */
  hwpoison: 6,
} as const;
export type FaultResult = (typeof FAULT)[keyof typeof FAULT];
