/**
 * The trace vocabulary: what a target tells the rest of daxfuzz about one execution.
 *
 * Persistency events are the only ones that persistency/ looks at. They come in the order in which they
 * became visible (a store when it left its store buffer). Annotation events say what the software meant;
 * the oracle and the reports read those. The kernel's words in their names are the ones of fs_dax
 * tracepoints and of fs/dax.c, so that a real kernel's log maps onto them one to one.
 */

/** Event kinds. The numbers are part of trace hashes: append, never renumber. */
export const EVENT = {
  // Persistency.
  store: 1,
  flush: 2,
  fence: 3,
  journal_commit: 4,
  // What programs do.
  op_enter: 8,
  op_exit: 9,
  load: 10,
  context_switch: 11,
  wait: 12,
  sync_range: 13,
  // What the file system does to its in-core metadata.
  extent_map: 16,
  extent_unmap: 17,
  i_size: 18,
  /** Bytes that came to a file with a block that was another page's, or still is. */
  content: 19,
  /** A page's bytes have moved to another block, which takes the place of the old one or of a hole. */
  extent_remap: 20,
  /** i_mtime and i_ctime change. */
  inode_time: 21,
  // What the mm and DAX layers do.
  fault: 24,
  fault_done: 25,
  dax_insert_entry: 26,
  dax_delete_entry: 27,
  dax_tag: 28,
  set_pte: 29,
  pfn_mkclean_range: 30,
  dax_writeback_range: 31,
  dax_writeback_one: 32,
  dax_writeback_one_done: 33,
  mark_inode_dirty: 34,
  writeback_single_inode: 35,
  pin: 36,
  unpin: 37,
  // A device that goes: the file system stops, nobody may use an address any more, struct pages are freed.
  fs_shutdown: 38,
  kill_dax: 39,
  memunmap_pages: 40,
  // Media errors: a block cannot be read any more; it can again; a CPU met one; the driver's list of them.
  media_error: 41,
  clear_poison: 42,
  machine_check: 43,
  badblocks: 44,
} as const;

export type EventName = keyof typeof EVENT;
export type EventKind = (typeof EVENT)[EventName];

/**
 * Where the up to seven arguments of each kind are: `trace.argument(event, AT.store.ino)`. The order is part
 * of trace hashes: append, never reorder.
 */
export const AT = {
  store: { address: 0, length: 1, data: 2, how: 3, ino: 4, offset: 5, issued: 6 },
  flush: { address: 0, length: 1, how: 2 },
  fence: { how: 0 },
  journal_commit: { data: 0, length: 1, tid: 2, tail: 3 },
  op_enter: { code: 0, ino: 1 },
  op_exit: { result: 0 },
  load: { address: 0, length: 1, data: 2, how: 3, ino: 4, offset: 5 },
  context_switch: { point: 0, to: 1 },
  wait: { reason: 0 },
  sync_range: { ino: 0, page: 1, pages: 2 },
  extent_map: { ino: 0, page: 1, block: 2 },
  extent_unmap: { ino: 0, page: 1, block: 2 },
  i_size: { ino: 0, size: 1 },
  content: { ino: 0, length: 1, data: 2, offset: 3 },
  extent_remap: { ino: 0, page: 1, block: 2 },
  inode_time: { ino: 0, mtime: 1, ctime: 2 },
  fault: { ino: 0, page: 1, vpage: 2, write: 3 },
  fault_done: { ino: 0, page: 1, result: 2 },
  dax_insert_entry: { ino: 0, page: 1, pages: 2, kind: 3, block: 4, tags: 5 },
  dax_delete_entry: { ino: 0, page: 1, pages: 2, why: 3, tags: 4 },
  dax_tag: { ino: 0, page: 1, tag: 2, set: 3, why: 4 },
  set_pte: { vpage: 0, pages: 1, state: 2, ino: 3, page: 4, why: 5 },
  pfn_mkclean_range: { ino: 0, page: 1, pages: 2, vpage: 3 },
  dax_writeback_range: { ino: 0, page: 1, pages: 2 },
  dax_writeback_one: { ino: 0, page: 1, pages: 2 },
  dax_writeback_one_done: { ino: 0, page: 1, pages: 2 },
  mark_inode_dirty: { ino: 0, dirty: 1 },
  writeback_single_inode: { ino: 0, writepages: 1 },
  pin: { pin: 0, ino: 1, page: 2, block: 3, write: 4 },
  unpin: { pin: 0, ino: 1, page: 2, block: 3, write: 4 },
  fs_shutdown: {},
  kill_dax: {},
  memunmap_pages: {},
  media_error: { block: 0 },
  clear_poison: { block: 0 },
  machine_check: { ino: 0, page: 1, block: 2 },
  badblocks: { block: 0, set: 1 },
} as const satisfies Record<EventName, Readonly<Record<string, number>>>;

/** Names of the arguments of each kind in their order, for printing. */
export const EVENT_ARGUMENTS = Object.fromEntries<readonly string[]>(
  Object.entries(AT).map(([name, places]) => [name, Object.keys(places)]),
) as Record<EventName, readonly string[]>;

export const EVENT_NAMES: readonly (EventName | undefined)[] = Object.entries(EVENT).reduce(
  (names: (EventName | undefined)[], [name, kind]) => {
    names[kind] = name as EventName;
    return names;
  },
  [],
);

/** `how` of a store, as bits. */
export const STORE = {
  /** Bypasses the cache: durable at the next fence of its CPU, without a flush. */
  nonTemporal: 1,
  /** By a device, through a pin. */
  dma: 2,
  /** By kernel code in a system call or fault, not by a user instruction. */
  kernel: 4,
  /** A device's write after the page was cleaned under its pin: Linux does not track it (A11). */
  untracked: 8,
} as const;

/** `how` of a flush. clwb and clflushopt are the same to persistency; the name is kept for reports. */
export const FLUSH = { clwb: 0, clflushopt: 1, clflush: 2 } as const;
/** `how` of a fence. */
export const FENCE = { sfence: 0, mfence: 1, locked: 2 } as const;
/** `how` of a load, as bits. */
export const LOAD = {
  /** By a system call that copies to the user. */
  kernel: 1,
  dma: 2,
  /** From a private copy, which is not the file's content. */
  private: 4,
} as const;

/** Tags of a DAX entry, as the xarray marks are called. */
export const TAG = { dirty: 1, towrite: 2 } as const;

/** Why an entry or tag changed; the oracle names the mechanism of a loss by these. */
export const WHY = {
  fault: 0,
  writeback: 1,
  replaced: 2,
  invalidate: 3,
  truncate: 4,
  tag_pages: 5,
  unmap: 6,
  protect: 7,
} as const;

/** `state` of set_pte. */
export const PTE = { none: 0, readOnly: 1, writable: 2, zero: 3, anonymous: 4 } as const;

/** `result` of fault_done where the access ends in a SIGBUS that does not say why. */
export const FAULT_SIGBUS = 2;

/** An ino or offset that does not apply: the journal's blocks, for one. */
export const NO_INO = -1;
