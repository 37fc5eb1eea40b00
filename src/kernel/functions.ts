/**
 * The kernel functions that can be replaced: by a fix that somebody proposed (variants/), or by a module of
 * the user's own (`--kernel ./my-fix.js`).
 *
 * The model calls these, and only these, through a table, `k.functions.daxWritebackOne(k, t, inode, index)`;
 * linux.ts fills it with the model's own. Whoever replaces one keeps its signature. `Run<T>` functions may
 * sleep and be preempted, the others may not. `K` stands for the Kernel, which knows this file.
 */
import type { Op } from '../program/op.js';
import type { Data } from '../trace/trace.js';
import type { FreezeHolder } from './fs/sb-writers.js';
import type { FaultResult, Inode, IovIter, PinnedPage, Run, Task, Vma, VmFault } from './types.js';

/** fs/dax.c and mm/truncate.c. Pages are indices in the file, offsets and sizes bytes. */
export interface DaxFunctions<K> {
  /** The covering entry, locked; ENTRY_CONFLICT where a PMD is asked for and a page has one of its own. */
  readonly grabMappingEntry: (
    k: K,
    t: Task,
    inode: Inode,
    index: number,
    pmd: boolean,
    mayReplace?: () => boolean,
  ) => Run<number>;
  /** Wakes one or all of those who wait for the entry in a slot. */
  readonly wakeEntry: (k: K, inode: Inode, slot: number, all: boolean) => void;
  /** __dax_invalidate_entry() when not truncating. */
  readonly invalidateEntry: (k: K, t: Task, inode: Inode, index: number) => Run<void>;

  readonly daxIomapPteFault: (k: K, t: Task, vmf: VmFault) => Run<FaultResult>;
  readonly daxIomapPmdFault: (k: K, t: Task, vmf: VmFault) => Run<FaultResult>;
  /** `entry` is locked; `block` is HOLE where a hole is read, and the head's where `huge`. */
  readonly daxFaultIter: (
    k: K,
    t: Task,
    vmf: VmFault,
    entry: number,
    block: number,
    huge: boolean,
    cow?: boolean,
  ) => Run<FaultResult>;
  readonly daxFaultIsSynchronous: (k: K, vmf: VmFault, huge: boolean) => boolean;
  /** `entry` is what the covering slot holds, `wanted` what an empty or zero entry is replaced by. */
  readonly daxInsertEntry: (
    k: K,
    t: Task,
    vmf: VmFault,
    entry: number,
    wanted: number,
    dirty: boolean,
    shared?: boolean,
  ) => Run<void>;
  readonly daxFaultCowPage: (k: K, t: Task, vmf: VmFault, block: number) => Run<FaultResult>;
  readonly daxFinishSyncFault: (k: K, t: Task, vmf: VmFault, huge: boolean) => Run<FaultResult>;

  /** Pages [start, end), with WB_SYNC_ALL. */
  readonly daxWritebackMappingRange: (
    k: K,
    t: Task,
    inode: Inode,
    start: number,
    end: number,
  ) => Run<void>;
  readonly tagPagesForWriteback: (k: K, t: Task, inode: Inode, start: number, end: number) => void;
  readonly daxWritebackOne: (k: K, t: Task, inode: Inode, index: number) => Run<void>;

  /** dax_iomap_rw() of one page's part, with `data` as in store events; 0 or ENOSPC. */
  readonly daxWritePage: (
    k: K,
    t: Task,
    inode: Inode,
    offset: number,
    length: number,
    data: Data,
  ) => Run<number>;
  /** What the page holds there; null is EIO. */
  readonly daxReadPage: (
    k: K,
    t: Task,
    inode: Inode,
    offset: number,
    length: number,
  ) => Run<Data | null>;
  /** Bytes [from, to). */
  readonly daxZeroRange: (k: K, t: Task, inode: Inode, from: number, to: number) => void;
  /** invalidate_inode_pages2_range() of pages [start, end). */
  readonly invalidateInodePages2: (
    k: K,
    t: Task,
    inode: Inode,
    start: number,
    end: number,
  ) => Run<void>;
  readonly invalidateMappingPages: (
    k: K,
    t: Task,
    inode: Inode,
    start: number,
    end: number,
  ) => Run<void>;

  readonly daxBreakLayout: (k: K, t: Task, inode: Inode) => Run<void>;
  readonly daxBreakLayoutFinal: (k: K, t: Task, inode: Inode) => Run<void>;
  /** The block of a page of the file that is pinned once nothing maps it; NO_BLOCK if there is none. */
  readonly daxLayoutBusyPage: (k: K, t: Task, inode: Inode) => Run<number>;
  readonly truncateInodePagesRange: (
    k: K,
    t: Task,
    inode: Inode,
    start: number,
    end: number,
  ) => Run<void>;
  /** With what reaches out of the range flushed first if `flushRest`. */
  readonly daxDeleteMappingRange: (
    k: K,
    t: Task,
    inode: Inode,
    start: number,
    end: number,
    flushRest: boolean,
  ) => Run<void>;

  /** Fills block `staged` from block `source`, but for bytes [from, to) of the page. */
  readonly daxIomapCopyAround: (
    k: K,
    t: Task,
    source: number,
    staged: number,
    from: number,
    to: number,
    flush: boolean,
  ) => void;
  /** Null where the page need not go to another block, and nothing was done. */
  readonly daxCowWritePage: (
    k: K,
    t: Task,
    inode: Inode,
    offset: number,
    length: number,
    data: Data,
  ) => Run<number | null>;
  readonly daxUnsharePages: (
    k: K,
    t: Task,
    inode: Inode,
    start: number,
    end: number,
    range?: { readonly from: number; readonly to: number } | null,
  ) => Run<number>;
}

/** mm/. `vpage` is a virtual page, `bits` are those of a page-table entry. */
export interface MmFunctions<K> {
  readonly handleMmFault: (k: K, t: Task, vpage: number, write: boolean) => Run<FaultResult>;
  readonly handlePteFault: (k: K, t: Task, vmf: VmFault) => Run<FaultResult>;
  /** `original` is the read-only PTE that the store met. */
  readonly wpPfnShared: (k: K, t: Task, vmf: VmFault, original: number) => Run<FaultResult>;
  readonly insertPte: (
    k: K,
    t: Task,
    vmf: VmFault,
    block: number,
    bits: number,
  ) => Run<FaultResult>;
  readonly insertPmd: (
    k: K,
    t: Task,
    vmf: VmFault,
    block: number,
    bits: number,
  ) => Run<FaultResult>;
  /** Over one vma's part of pages [index, index + count). */
  readonly pfnMkcleanRange: (
    k: K,
    t: Task,
    inode: Inode,
    index: number,
    count: number,
    vma: Vma,
  ) => Run<void>;
  readonly unmapMappingPages: (
    k: K,
    t: Task,
    inode: Inode,
    index: number,
    count: number,
    evenCows: boolean,
  ) => Run<void>;
  readonly zapRange: (
    k: K,
    t: Task,
    vma: Vma,
    start: number,
    end: number,
    evenCows: boolean,
  ) => Run<void>;
  readonly mmap: (k: K, t: Task, op: Op) => Run<number>;
  readonly munmap: (k: K, t: Task, op: Op) => Run<number>;
  readonly mprotect: (k: K, t: Task, op: Op) => Run<number>;
  /** MADV_DONTNEED. */
  readonly madvise: (k: K, t: Task, op: Op) => Run<number>;
  readonly msync: (k: K, t: Task, op: Op) => Run<number>;
  /** Pins virtual pages [start, end) and leaves them in a slot of the process; `flags` are those of pin. */
  readonly pinUserPages: (
    k: K,
    t: Task,
    slot: number,
    start: number,
    end: number,
    flags: number,
  ) => Run<number>;
  /** Pins of [start, end) into `pages` what needs no lock, up to the first page that does. */
  readonly gupFast: (
    k: K,
    t: Task,
    slot: number,
    start: number,
    end: number,
    write: boolean,
    pages: PinnedPage[],
  ) => Run<void>;
  /** Takes pages [index, index + count) away from whoever has them mapped. */
  readonly mfDaxKillProcs: (k: K, t: Task, inode: Inode, index: number, count: number) => Run<void>;
  readonly unpinUserPages: (k: K, t: Task, slot: number, batched: boolean) => Run<number>;
  /** By the holder of a pin for writing, before it lets go of the page. */
  readonly setPageDirty: (k: K, t: Task, page: PinnedPage) => Run<void>;
}

/** The file system, its journal, and fs/fs-writeback.c. What gives a number gives 0, a count, or an errno. */
export interface FsFunctions<K> {
  readonly ext4DaxHugeFault: (k: K, t: Task, vmf: VmFault, huge: boolean) => Run<FaultResult>;
  /** Gives pages [index, index + count) blocks if `allocate`; false is ENOSPC or EIO. */
  readonly iomapBegin: (
    k: K,
    t: Task,
    inode: Inode,
    index: number,
    count: number,
    allocate: boolean,
  ) => Run<boolean>;
  readonly freeBlocks: (k: K, t: Task, inode: Inode, index: number, end: number) => void;
  readonly allocateCow: (k: K, t: Task, inode: Inode, page: number) => Run<number>;
  readonly endCow: (k: K, t: Task, inode: Inode, page: number) => boolean;
  readonly commitTransaction: (k: K, t: Task) => Run<void>;
  /** Empties the log. */
  readonly checkpoint: (k: K, t: Task) => Run<void>;
  /** True if this call committed, so that its fences covered the caller's own write-backs. */
  readonly completeTransaction: (k: K, t: Task, tid: number) => Run<boolean>;

  /** Pages [start, end). */
  readonly vfsFsyncRange: (
    k: K,
    t: Task,
    inode: Inode,
    start: number,
    end: number,
    datasync: boolean,
  ) => Run<number>;
  readonly ksysSync: (k: K, t: Task) => Run<number>;
  readonly syncfs: (k: K, t: Task) => Run<number>;
  readonly syncFilesystem: (k: K, t: Task) => Run<number>;
  /** A round of the flusher. */
  readonly wbWorkfn: (k: K, t: Task) => Run<number>;
  readonly umount: (k: K, t: Task) => Run<number>;
  readonly mount: (k: K, t: Task) => Run<number>;
  readonly genericShutdownSuper: (k: K, t: Task) => Run<void>;
  /** Writes home what the log has, and empties it. */
  readonly journalRecover: (k: K, t: Task) => Run<void>;
  readonly evictInode: (k: K, t: Task, inode: Inode) => Run<void>;
  readonly dropCaches: (k: K, t: Task) => Run<number>;
  /** By WB_SYNC_ALL if `wait`. */
  readonly writebackSingleInode: (k: K, t: Task, inode: Inode, wait: boolean) => Run<void>;
  readonly ext4SyncFs: (k: K, t: Task) => Run<number>;
  /** `flags` are those of i_state. */
  readonly markInodeDirty: (k: K, t: Task, inode: Inode, flags?: number) => void;
  readonly requeueInode: (k: K, t: Task, inode: Inode) => void;
  readonly fileUpdateTime: (k: K, t: Task, inode: Inode) => Run<void>;
  readonly freezeSuper: (k: K, t: Task, holder?: FreezeHolder) => Run<number>;
  readonly thawSuper: (k: K, t: Task, holder?: FreezeHolder) => Run<number>;
  /** What the holder of a device does when it is told that the device goes. */
  readonly daxNotifyFailure: (k: K, t: Task) => Run<void>;

  readonly pwrite: (
    k: K,
    t: Task,
    inode: Inode,
    offset: number,
    from: IovIter,
    dsync: boolean,
  ) => Run<number>;
  readonly pread: (k: K, t: Task, inode: Inode, offset: number, to: IovIter) => Run<number>;
  readonly ftruncate: (k: K, t: Task, inode: Inode, size: number) => Run<number>;
  readonly punchHole: (k: K, t: Task, inode: Inode, offset: number, length: number) => Run<number>;
  readonly zeroRange: (k: K, t: Task, inode: Inode, offset: number, length: number) => Run<number>;
  readonly allocateRange: (
    k: K,
    t: Task,
    inode: Inode,
    offset: number,
    length: number,
    keepSize: boolean,
  ) => Run<number>;
  readonly collapseRange: (
    k: K,
    t: Task,
    inode: Inode,
    offset: number,
    length: number,
  ) => Run<number>;
  readonly insertRange: (
    k: K,
    t: Task,
    inode: Inode,
    offset: number,
    length: number,
  ) => Run<number>;
  /** Pages [start, end). */
  readonly fadviseDontneed: (
    k: K,
    t: Task,
    inode: Inode,
    start: number,
    end: number,
  ) => Run<number>;
  readonly reflink: (k: K, t: Task, target: Inode, source: Inode) => Run<number>;
  readonly reflinkRange: (
    k: K,
    t: Task,
    target: Inode,
    to: number,
    source: Inode,
    from: number,
    length: number,
  ) => Run<number>;
  readonly unshareRange: (
    k: K,
    t: Task,
    inode: Inode,
    offset: number,
    length: number,
  ) => Run<number>;
}

/** The pmem driver. Addresses are physical. */
export interface NvdimmFunctions<K> {
  /** `data` as in store events: `length` bytes, which are those of file `ino` from `offset` on. */
  readonly memcpyFlushcache: (
    k: K,
    t: Task,
    address: number,
    length: number,
    data: Data,
    ino: number,
    offset: number,
  ) => void;
  /** Write-back of every line, no fence. */
  readonly daxFlush: (k: K, t: Task, address: number, length: number) => Run<void>;
  readonly nvdimmFlush: (k: K, t: Task) => void;
  /** After it nobody has the page of a block mapped; an error if that could not be done. */
  readonly memoryFailure: (k: K, t: Task, block: number) => Run<number>;
  /** After it nobody uses an address of the device any more. */
  readonly killDax: (k: K, t: Task) => Run<void>;
  /** After it the struct pages of the device are gone. */
  readonly memunmapPages: (k: K, t: Task) => Run<void>;
}

export type KernelFunctions<K> = DaxFunctions<K> &
  MmFunctions<K> &
  FsFunctions<K> &
  NvdimmFunctions<K>;
