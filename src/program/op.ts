/**
 * Every operation that a program can contain, as one table: its name, its arguments, its flag words.
 *
 * The table drives parsing, printing, the byte form, validation, mutation and shrinking, so that a new
 * operation is one row here, a weight in generate.ts and a handler in the kernel. All operations have the
 * same six number fields, which keeps them monomorphic for the engine and trivial to mutate.
 */

import type { Geometry } from './geometry.js';

/** Codes are in traces and in the byte form: append, never renumber. */
export const OP = {
  open: 0,
  mmap: 1,
  mprotect: 2,
  munmap: 3,
  load: 4,
  store: 5,
  user_flush: 6,
  msync: 7,
  fsync: 8,
  fdatasync: 9,
  sync: 10,
  pwrite: 11,
  pread: 12,
  ftruncate: 13,
  fallocate: 14,
  fadvise: 15,
  pin: 16,
  dma_write: 17,
  dma_read: 18,
  unpin: 19,
  syncfs: 20,
  reflink: 21,
  reflink_range: 22,
  freeze: 23,
  thaw: 24,
  pwrite_from: 25,
  pread_into: 26,
  unbind: 27,
  shutdown: 28,
  flusher: 29,
  commit: 30,
  close: 31,
  umount: 32,
  mount: 33,
  drop_caches: 34,
  madvise: 35,
  poison: 36,
} as const;

export type OpName = keyof typeof OP;
export type OpCode = (typeof OP)[OpName];

export interface Op {
  readonly code: OpCode;
  /** The slot that the operation sets or acts on: fd, mapping or pin. */
  readonly target: number;
  /** The slot or file that it takes something from. */
  readonly source: number;
  /** Bytes, or pages where the table says so. */
  readonly offset: number;
  /** Bytes, or pages where the table says so. */
  readonly length: number;
  /** Bits of `words`, an index into `modes`, or the `origin`. */
  readonly flags: number;
}

/** The number fields of an operation. */
export const OP_FIELDS = ['target', 'source', 'offset', 'length', 'flags'] as const;

export const MAP_PRIVATE = 1;
export const MAP_SYNC = 2;
export const MAP_READ_ONLY = 4;
/** The virtual address is not congruent to the file offset modulo the PMD size, so no PMD can map it. */
export const MAP_UNALIGNED = 8;
export const MS_ASYNC = 1;
export const PROTECT_READ_ONLY = 1;
export const PIN_WRITE = 1;
/** pin_user_pages_fast(), as direct I/O does: without locks where the pages are mapped already. */
export const PIN_FAST = 2;
/** FOLL_LONGTERM, as RDMA does: for as long as the user likes. */
export const PIN_LONGTERM = 4;
/** The device goes without a warning. */
export const UNBIND_SURPRISE = 1;
/** All pages in one go, as unpin_user_pages() and release_pages() let go of them. */
export const UNPIN_BATCH = 1;
/** Nothing on a DAX file, whose reads and writes bypass the page cache anyway. */
export const O_DIRECT = 1;
export const O_DSYNC = 2;
/** Indices into the modes of fallocate. */
export const FALLOCATE = {
  punchHole: 0,
  zeroRange: 1,
  allocate: 2,
  /** Beyond the end of the file, too, without moving that. */
  allocateKeepSize: 3,
  collapseRange: 4,
  insertRange: 5,
  unshareRange: 6,
} as const;

/** A flag bit and how it is spelled when set and when clear ('' prints nothing). */
export interface FlagWord {
  readonly bit: number;
  readonly set: string;
  readonly clear: string;
}

export type SlotKind = 'fd' | 'mapping' | 'pin';

/**
 * How an argument is written. `pages` is offset..offset+length in pages, `range` is offset and length in
 * bytes, `size` is the length field alone, `flags` is `words` or `modes`, `origin` is the page of the source
 * at which a transfer starts, in the field of the flags.
 */
export type ArgumentKind =
  'target' | 'source' | 'file' | 'pages' | 'range' | 'size' | 'flags' | 'origin';

export interface OpSpec {
  readonly name: OpName;
  /** What `target` is a slot of; null for operations without one. */
  readonly slot: SlotKind | null;
  /** True when the operation fills the slot: `m0 = mmap(...)`. */
  readonly assigns: boolean;
  /** What `source` is a slot of, when the operation reads one. */
  readonly from: SlotKind | null;
  readonly args: readonly ArgumentKind[];
  readonly words: readonly FlagWord[];
  readonly modes: readonly string[];
}

type SpecRow = Partial<Omit<OpSpec, 'name' | 'args'>>;

function row(name: OpName, args: readonly ArgumentKind[], rest: SpecRow): OpSpec {
  return {
    name,
    args,
    slot: rest.slot ?? null,
    assigns: rest.assigns ?? false,
    from: rest.from ?? null,
    words: rest.words ?? [],
    modes: rest.modes ?? [],
  };
}

/** Indexed by OpCode. */
export const OP_TABLE: readonly OpSpec[] = [
  row('open', ['file'], { slot: 'fd', assigns: true }),
  row('mmap', ['source', 'pages', 'flags'], {
    slot: 'mapping',
    assigns: true,
    from: 'fd',
    words: [
      { bit: MAP_PRIVATE, set: 'MAP_PRIVATE', clear: 'MAP_SHARED' },
      { bit: MAP_SYNC, set: 'MAP_SYNC', clear: '' },
      { bit: MAP_READ_ONLY, set: 'PROT_READ', clear: '' },
      { bit: MAP_UNALIGNED, set: 'UNALIGNED', clear: '' },
    ],
  }),
  row('mprotect', ['target', 'pages', 'flags'], {
    slot: 'mapping',
    words: [{ bit: PROTECT_READ_ONLY, set: 'PROT_READ', clear: 'PROT_WRITE' }],
  }),
  row('munmap', ['target', 'pages'], { slot: 'mapping' }),
  row('load', ['target', 'range'], { slot: 'mapping' }),
  row('store', ['target', 'range'], { slot: 'mapping' }),
  row('user_flush', ['target', 'range'], { slot: 'mapping' }),
  row('msync', ['target', 'pages', 'flags'], {
    slot: 'mapping',
    words: [{ bit: MS_ASYNC, set: 'MS_ASYNC', clear: 'MS_SYNC' }],
  }),
  row('fsync', ['target'], { slot: 'fd' }),
  row('fdatasync', ['target'], { slot: 'fd' }),
  row('sync', [], {}),
  row('pwrite', ['target', 'range', 'flags'], {
    slot: 'fd',
    words: [
      { bit: O_DIRECT, set: 'O_DIRECT', clear: '' },
      { bit: O_DSYNC, set: 'O_DSYNC', clear: '' },
    ],
  }),
  row('pread', ['target', 'range', 'flags'], {
    slot: 'fd',
    words: [{ bit: O_DIRECT, set: 'O_DIRECT', clear: '' }],
  }),
  row('ftruncate', ['target', 'size'], { slot: 'fd' }),
  row('fallocate', ['target', 'flags', 'range'], {
    slot: 'fd',
    modes: [
      'PUNCH_HOLE',
      'ZERO_RANGE',
      'ALLOCATE',
      'ALLOCATE_KEEP_SIZE',
      'COLLAPSE_RANGE',
      'INSERT_RANGE',
      'UNSHARE_RANGE',
    ],
  }),
  row('fadvise', ['target', 'pages', 'flags'], { slot: 'fd', modes: ['DONTNEED'] }),
  row('pin', ['source', 'pages', 'flags'], {
    slot: 'pin',
    assigns: true,
    from: 'mapping',
    words: [
      { bit: PIN_WRITE, set: 'WRITE', clear: 'READ' },
      { bit: PIN_FAST, set: 'FAST', clear: '' },
      { bit: PIN_LONGTERM, set: 'LONGTERM', clear: '' },
    ],
  }),
  row('dma_write', ['target', 'range'], { slot: 'pin' }),
  row('dma_read', ['target', 'range'], { slot: 'pin' }),
  row('unpin', ['target', 'flags'], {
    slot: 'pin',
    words: [{ bit: UNPIN_BATCH, set: 'BATCH', clear: '' }],
  }),
  row('syncfs', ['target'], { slot: 'fd' }),
  row('reflink', ['target', 'source'], { slot: 'fd', from: 'fd' }),
  row('reflink_range', ['target', 'range', 'source', 'origin'], { slot: 'fd', from: 'fd' }),
  row('freeze', [], {}),
  row('thaw', [], {}),
  // Direct transfers whose buffer is a mapping, of the same file or another one.
  row('pwrite_from', ['target', 'range', 'source', 'origin'], { slot: 'fd', from: 'mapping' }),
  row('pread_into', ['target', 'range', 'source', 'origin'], { slot: 'fd', from: 'mapping' }),
  // The driver from the device below the file system; the file system from the device.
  row('unbind', ['flags'], { words: [{ bit: UNBIND_SURPRISE, set: 'SURPRISE', clear: '' }] }),
  row('shutdown', [], {}),
  // What the kernel does in the background: a round of the flusher, by WB_SYNC_NONE, and a commit.
  row('flusher', [], {}),
  row('commit', [], {}),
  row('close', ['target'], { slot: 'fd' }),
  row('umount', [], {}),
  row('mount', [], {}),
  row('drop_caches', [], {}),
  row('madvise', ['target', 'pages', 'flags'], { slot: 'mapping', modes: ['DONTNEED'] }),
  // A media error strikes the blocks of these pages, and the platform reports it.
  row('poison', ['target', 'pages'], { slot: 'fd' }),
];

export const OP_CODES = OP_TABLE.length;

export function specOf(code: OpCode): OpSpec {
  return OP_TABLE[code] as OpSpec;
}

/** An operation with the fields that its row uses; the others are zero. */
export function makeOp(name: OpName, fields: Partial<Omit<Op, 'code'>> = {}): Op {
  return {
    code: OP[name],
    target: fields.target ?? 0,
    source: fields.source ?? 0,
    offset: fields.offset ?? 0,
    length: fields.length ?? 0,
    flags: fields.flags ?? 0,
  };
}

const uses = (spec: OpSpec, kind: ArgumentKind): boolean => spec.args.includes(kind);

export const usesRange = (spec: OpSpec): boolean => uses(spec, 'range');
export const usesPages = (spec: OpSpec): boolean => uses(spec, 'pages');
export const usesSize = (spec: OpSpec): boolean => uses(spec, 'size');
export const usesFile = (spec: OpSpec): boolean => uses(spec, 'file');
export const usesOrigin = (spec: OpSpec): boolean => uses(spec, 'origin');

/** Does the operation give blocks to other pages, with the bytes that are in them? */
export function movesBlocks(op: Op): boolean {
  if (op.code === OP.reflink || op.code === OP.reflink_range) return true;
  const shifts = op.flags === FALLOCATE.collapseRange || op.flags === FALLOCATE.insertRange;
  return op.code === OP.fallocate && shifts;
}

/** One past the largest value that `flags` may have. */
export function flagsBound(spec: OpSpec, geometry: Geometry): number {
  if (usesOrigin(spec)) return geometry.filePagesMax;
  if (spec.modes.length > 0) return spec.modes.length;
  return spec.words.reduce((bound, word) => Math.max(bound, word.bit * 2), 1);
}
