/**
 * What plugin, agent and controller agree on, as in native/protocol.h; a test compares the two.
 * Offsets of structure fields follow the C structures there.
 */

/** Guest physical memory; an address in it is an offset in the RAM file. */
export const PMEM_BASE = 0x1000_0000;
export const PMEM_BYTES = 0x0400_0000;
export const MAILBOX_BASE = 0x1400_0000;
export const MAILBOX_BYTES = 0x0100_0000;

/** File descriptors that QEMU inherits. */
export const FD = { ram: 3, control: 4, trace: 5, initrd: 6, console: 7, state: 8 } as const;

export const RECORD = {
  store: 1,
  flush: 2,
  fence: 3,
  op_enter: 4,
  op_exit: 5,
  layout: 6,
  extent: 7,
} as const;

export const RECORD_BYTES = 32;
export const STORE_NON_TEMPORAL = 1;
/** Layout reports of an open file that has no name any more are numbered from here, by its slot. */
export const LAYOUT_FD = 16;

/** Words of the control page. */
export const CONTROL = {
  magic: 0,
  request: 1,
  reply: 2,
  call: 3,
  records: 4,
  capacity: 5,
  overflow: 6,
  problems: 7,
  problem: 8,
  listed: 9,
} as const;
export const CONTROL_MAGIC = 0x4441_5846;
/** Behind the words, from AT_DIRTY on, a byte for each page of pmem: whether the guest has stored to it. */
export const CONTROL_BYTES = 0x5000;
export const AT_DIRTY = 0x1000;
export const DIRTY_PAGE_BYTES = 4096;

/** Why the trace does not say all that happened, by `problem`. */
export const PROBLEMS: readonly string[] = [
  'none',
  'a register cannot be read',
  'the operand of a flush is not understood',
  'a store of more than 16 bytes',
  'a store without a physical address',
  'a thread of the program has no CPU of its own',
  'where all bytes of a file are is not known',
  'which CPU it was is not known',
];

/** Hypercalls for which the guest waits. */
export const CALL = { next: 1, begin: 2, end: 3 } as const;

export const COMMAND = {
  run: 1,
  check: 2,
  prepare: 3,
  read: 4,
  park: 5,
  rewarn: 6,
  resume: 7,
} as const;
export const RUN_PREPARED = 1;

/** Bytes of the mailbox's header. */
export const HEADER = {
  command: 0,
  flags: 4,
  fileCount: 8,
  opCount: 12,
  threadCount: 16,
  spawnAfter: 20,
  mounted: 24,
  prepared: 28,
  unmounted: 32,
  entryCount: 36,
  logLength: 40,
  contentLength: 44,
  clock: 48,
  listedLog: 52,
  filesystem: 56,
  options: 72,
  files: 200,
} as const;
export const FILESYSTEM_BYTES = 16;
export const OPTIONS_BYTES = 128;

/** Areas of the mailbox. */
export const AREA = {
  ops: 0x1000,
  entries: 0x28_0000,
  log: 0x2c_0000,
  content: 0x30_0000,
} as const;
export const OP_BYTES = 32;
export const ENTRY_BYTES = 64;
export const ENTRY_NAME_BYTES = 24;

/** Operations that only real kernels have, after those of program/op.ts. */
export const REAL_OP = {
  pwrite_direct: 32,
  pread_direct: 33,
  pwrite_dsync: 34,
  syncfs: 35,
  allocate: 36,
  collapse: 37,
  insert: 38,
  unshare: 39,
  reflink: 40,
  reflink_range: 41,
  rename: 42,
  link: 43,
  unlink: 44,
  freeze: 45,
  thaw: 46,
  pwrite_from_mapping: 47,
  pread_into_mapping: 48,
  /** Crashes the kernel: for testing daxfuzz. */
  crash: 63,
} as const;
