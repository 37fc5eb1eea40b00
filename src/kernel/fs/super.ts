/**
 * The file system instance: inodes, free blocks, journal, and the list of inodes with dirty pages that
 * sync(2) walks.
 */
import type { Layout } from '../../media/layout.js';
import { freshDisk } from '../../media/fresh.js';
import { HOLE } from '../../media/layout.js';
import type { FileMetadata, Metadata } from '../../media/log.js';
import type { Program } from '../../program/program.js';
import { RwSemaphore, WaitQueue } from '../lock.js';
import { POINT } from '../points.js';
import type { Inode, Journal } from '../types.js';
import { BlockAllocator } from './allocator.js';
import { PageBuffers } from './page-buffers.js';
import type { Refcounts } from './refcounts.js';
import { resetCow } from './refcounts.js';
import { SbWriters } from './sb-writers.js';
import { empty } from '../../support/lists.js';

function newInode(ino: number): Inode {
  return {
    ino,
    size: 0,
    diskSize: 0,
    blocks: new Int32Array(0),
    unwritten: new Int32Array(0),
    cowBlocks: new Int32Array(0),
    reflinked: false,
    entries: new Int32Array(0),
    tags: new Uint8Array(0),
    vmas: [],
    iRwsem: new RwSemaphore(POINT['wait:i_rwsem']),
    invalidateLock: new RwSemaphore(POINT['wait:invalidate_lock']),
    iMmapRwsem: new RwSemaphore(POINT['wait:i_mmap_rwsem']),
    mtime: 0,
    ctime: 0,
    isInCore: true,
    isFreeing: false,
    users: 0,
    state: 0,
    listed: false,
    syncTid: 0,
    datasyncTid: 0,
    changedSinceFsync: false,
  };
}

export class SuperBlock {
  /** By number, in core or not: what is not is as its blocks in the journal have it. */
  readonly inodes: Inode[] = [];
  /** s_inodes: those in core. */
  readonly sInodes: Inode[] = [];
  isMounted = true;
  readonly allocator = new BlockAllocator();
  /** Which blocks several files have, on a file system that shares blocks; null on one that does not. */
  refcounts: Refcounts | null = null;
  readonly journal: Journal = {
    runningTid: 1,
    committedTid: 0,
    tail: 0,
    handles: 0,
    locked: false,
    committing: false,
    changed: false,
    waitHandles: new WaitQueue(POINT['wait:handles']),
    waitUnlocked: new WaitQueue(POINT['wait:journal_locked']),
    waitCommit: new WaitQueue(POINT['wait:commit']),
  };
  /** Which file system it behaves like. */
  type: 'ext4' | 'xfs' = 'ext4';
  /** Inodes that are dirty in some way, oldest first. */
  readonly dirtyInodes: Inode[] = [];
  /** All of sync(2)'s inode writeback goes through one flusher thread. */
  readonly flusher = new RwSemaphore(POINT['wait:flusher']);
  readonly sUmount = new RwSemaphore(POINT['wait:s_umount']);
  readonly writers = new SbWriters();
  /** Unwritten blocks that have been a page's, and allocated ever since. */
  readonly emptied = new Set<number>();
  /** XFS_OPSTATE_SHUTDOWN, or EXT4_FLAGS_SHUTDOWN with an aborted journal. */
  isShutdown = false;
  /** Blocks that write(2) has allocated and not converted yet: only kernels with B22 have any. */
  readonly unwritten = new Set<number>();
  /** Only kernels with A10 and its like have any. */
  readonly buffers = new PageBuffers();
  /** Scratch space for one transaction as the log has it. */
  record = new Uint8Array(0);

  reset(program: Program, layout: Layout): void {
    const { metadata } = freshDisk(program);
    while (this.inodes.length < metadata.files.length)
      this.inodes.push(newInode(this.inodes.length));
    this.inodes.length = metadata.files.length;
    this.fill(metadata, layout);
    this.isMounted = true;
    this.isShutdown = false;
    this.sUmount.reset();
    if (this.record.length !== layout.slotBytes) this.record = new Uint8Array(layout.slotBytes);
  }

  /** What a mount reads in: inodes and free blocks as the metadata has them, and nothing under way. */
  fill(metadata: Metadata, layout: Layout): void {
    const { blockCount } = layout.geometry;
    this.allocator.reset(blockCount);
    this.refcounts?.reset(blockCount);
    empty(this.sInodes);
    metadata.files.forEach((file, ino) => this.fillInode(this.inodes[ino] as Inode, file));
    const { journal } = this;
    journal.runningTid = metadata.tid + 1;
    journal.committedTid = metadata.tid;
    journal.tail = metadata.tid;
    journal.handles = 0;
    journal.locked = false;
    journal.committing = false;
    journal.changed = false;
    empty(journal.waitHandles.tasks);
    empty(journal.waitUnlocked.tasks);
    empty(journal.waitCommit.tasks);
    empty(this.dirtyInodes);
    if (this.emptied.size > 0) this.emptied.clear();
    if (this.unwritten.size > 0) this.unwritten.clear();
    this.buffers.reset();
    this.flusher.reset();
    this.writers.reset();
  }

  private fillInode(inode: Inode, file: FileMetadata): void {
    inode.size = file.size;
    inode.diskSize = file.size;
    inode.mtime = file.mtime;
    inode.ctime = file.ctime;
    if (inode.entries.length !== file.blocks.length) {
      inode.blocks = new Int32Array(file.blocks.length);
      inode.entries = new Int32Array(file.blocks.length);
      inode.tags = new Uint8Array(file.blocks.length);
    } else {
      inode.entries.fill(0);
      inode.tags.fill(0);
    }
    if (inode.unwritten.length !== file.blocks.length) {
      inode.unwritten = new Int32Array(file.blocks.length);
    }
    inode.unwritten.fill(HOLE);
    inode.blocks.set(file.blocks);
    inode.isInCore = true;
    inode.isFreeing = false;
    inode.users = 0;
    this.sInodes.push(inode);
    empty(inode.vmas);
    inode.iRwsem.reset();
    inode.invalidateLock.reset();
    inode.iMmapRwsem.reset();
    inode.state = 0;
    inode.listed = false;
    inode.syncTid = 0;
    inode.datasyncTid = 0;
    inode.changedSinceFsync = false;
    if (this.refcounts !== null) resetCow(inode);
    for (const block of file.blocks) if (block !== HOLE) this.takeBlock(inode, block);
  }

  private takeBlock(inode: Inode, block: number): void {
    if (this.refcounts === null || !this.allocator.isAllocated(block)) {
      this.allocator.take(block);
      return;
    }
    this.refcounts.share(block);
    for (const owner of this.sInodes) if (owner.blocks.includes(block)) owner.reflinked = true;
    inode.reflinked = true;
  }
}
