/**
 * Disagreements that are known and not mended, each with its reason and with what exactly it covers. What no
 * row covers is a failure of the comparison.
 */
import type { Op } from '../program/op.js';
import { MAP_SYNC, OP } from '../program/op.js';
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import type { FilesystemName } from '../target/real.js';
import type { Disagreement, Kind } from './compare.js';
import type { Observation, Step } from './observation.js';

/** What a row may look at. */
export interface Compared {
  readonly program: Program;
  readonly filesystem: FilesystemName;
  readonly model: Observation;
  readonly kernel: Observation;
}

export interface Listed {
  readonly id: string;
  /** Which of the two is right, and why they differ. */
  readonly reason: string;
  covers(disagreement: Disagreement, compared: Compared): boolean;
}

/** Calls that write to a file. */
const WRITES: ReadonlySet<number> = new Set([OP.pwrite, OP.pwrite_from]);

/** Those that copy between a file and a mapping. */
const COPIES: ReadonlySet<number> = new Set([OP.pwrite_from, OP.pread_into]);

/** Calls that are about one descriptor's file. */
const SYNCS: ReadonlySet<number> = new Set([OP.fsync, OP.fdatasync]);

/** Those after which two files have a block. */
const CLONING: ReadonlySet<number> = new Set([OP.reflink, OP.reflink_range]);

/** ext4_dax_write_iter() hands the error code of a failed write on as the number of bytes written. */
const FAILED_WRITE_EXTENDS: Listed = {
  id: 'failed-write-extends',
  reason:
    'ext4 takes the error code of a failed DAX write for a length: the file comes to end that many bytes ' +
    'before the offset (crashes/linux/failed-write-moves-eof.json). The model is right.',
  covers({ kind, op, ino }, { program, filesystem, model, kernel }) {
    const call = opAt(program, op);
    const [ours, theirs] = [stepOf(model, op), stepOf(kernel, op)];
    if (kind !== 'size' || call === null || ours === null || theirs === null) return false;
    const before = stepOf(model, op - 1)?.files[ino]?.size;
    return (
      filesystem.startsWith('ext4') &&
      WRITES.has(call.code) &&
      theirs.result < 0 &&
      ours.result === theirs.result &&
      ours.files[ino]?.size === before &&
      theirs.files[ino]?.size === call.offset + theirs.result
    );
  },
};

/** memcpy() of memory that overlaps. */
const OVERLAPPING_COPY: Listed = {
  id: 'overlapping-copy',
  reason:
    'write(2) from a mapping of the bytes that it overwrites, or read(2) into one of those that it reads: what ' +
    'comes of that depends on the order in which the CPU copies, and nobody promises one. The model copies as ' +
    'if through a buffer.',
  covers({ kind, op, ino, spans }, { program }) {
    const call = opAt(program, op);
    if (kind !== 'content' || call === null || !COPIES.has(call.code)) return false;
    const mapped = mappedRange(program, op);
    if (mapped?.ino !== ino) return false;
    const [from, to] =
      call.code === OP.pwrite_from ? [mapped.offset, call.offset] : [call.offset, mapped.offset];
    const overlaps = from < to + call.length && to < from + call.length;
    return overlaps && spans.every((span) => span.from >= to && span.to <= to + call.length);
  },
};

/** What a mapping stored behind the end of the file, inside its last page. */
const STORE_BEYOND_EOF: Listed = {
  id: 'store-beyond-eof',
  reason:
    'ext4 does not zero the rest of the last page when ftruncate(2) or fallocate(2) make a file longer, until 6.12, ' +
    'nor when write(2) does, until 7.2 (crashes/linux/store-beyond-eof.json). The model is right.',
  covers({ kind, op, ino, spans }, { program, filesystem, model }) {
    const before = stepOf(model, op - 1)?.files[ino]?.size;
    const call = opAt(program, op);
    if (kind !== 'content' || call === null || before === undefined) return false;
    const { pageSize } = program.geometry;
    const last = Math.ceil(before / pageSize) * pageSize;
    // What a write writes is as it says.
    const end = WRITES.has(call.code) ? Math.min(last, call.offset) : last;
    return (
      filesystem.startsWith('ext4') && spans.every(({ from, to }) => from >= before && to <= end)
    );
  },
};

/** L03, where the inode is on the list for another reason. */
const MAP_SYNC_TICK: Listed = {
  id: 'map-sync-tick',
  reason:
    'a fault of a MAP_SYNC mapping does not list its inode for sync(2) (L03), but on ext4 its time update does, ' +
    'if the clock has ticked since the last one; on xfs that update makes the fault one of those, where ' +
    'the log has an older change that no fsync has asked for. The clock of the model ticks with every ' +
    'fourth call, that of the kernel every few milliseconds: had it ticked, or not, it would lose the store as well.',
  covers({ kind, op, ino }, { program }) {
    const code = opAt(program, op)?.code;
    const syncs = code === OP.sync || code === OP.syncfs || code === OP.freeze;
    if (kind !== 'promises-less' || !syncs) return false;
    const mappings = mappingsBefore(program, op);
    return mappings.some((made) => made.ino === ino && (made.op.flags & MAP_SYNC) !== 0);
  },
};

/** A write that reaches over several pages and copies only some of them. */
const ALLOCATED_AHEAD: Listed = {
  id: 'allocated-ahead',
  reason:
    'a write allocates all of the hole that it covers before it copies; where the copy fails, pages behind that ' +
    'keep blocks of zeros. The model allocates page by page.',
  covers({ kind, op, ino, spans }, { program, kernel }) {
    const call = opAt(program, op);
    const step = stepOf(kernel, op);
    if (kind !== 'allocated' || call === null || step === null || !WRITES.has(call.code))
      return false;
    const { pageSize } = program.geometry;
    const end = Math.ceil((call.offset + call.length) / pageSize);
    const failed = Math.floor((call.offset + Math.max(0, step.result)) / pageSize);
    const allocated = step.files[ino]?.allocated ?? [];
    return (
      step.result < call.length &&
      spans.every(({ from, to }) => from > failed && to <= end && allocated[from] === 1)
    );
  },
};

/** Read through mappings of both, before 6.2. */
const CLONE_MAPPED_TWICE: Listed = {
  id: 'clone-mapped-twice',
  reason:
    'Linux 6.0 and 6.1 warn when a block that two files share comes to be mapped for both: the second reader finds ' +
    'page->mapping set (crashes/linux/clone-mapped-twice.json). So does whoever comes to a page that kept it from a ' +
    'program before, of which the warning may be the first since the boot. Nothing is lost. The model counts ' +
    'sharers, as Linux does since 6.2.',
  covers({ kind }, { filesystem, model, kernel }) {
    return (
      kind === 'alarm' &&
      filesystem === 'xfs-reflink' &&
      model.alarm === null &&
      /^WARNING: .* dax_insert_entry\b/.test(kernel.alarm ?? '')
    );
  },
};

/** Those that such a store can lead to. */
const NEIGHBOUR_KINDS: ReadonlySet<Kind> = new Set<Kind>([
  'promises-more',
  'promises-less',
  'content',
]);

/** A store to a page next to one that was copied. */
const FAULT_COPIES_NEIGHBOUR: Listed = {
  id: 'fault-copies-neighbour',
  reason:
    'XFS stages 32 blocks when it copies one, and a write fault to any of these pages copies it, too, shared or ' +
    'not; the copy is not flushed (L10), and a commit loses what the page had. The model copies at a fault only ' +
    'what is shared (faultNeedsCow), for a page that is pinned must stay where it is. There, the next write to the ' +
    'page copies it, where in the kernel it goes in place: it is the model that loses what a copy loses (L09), and ' +
    'whose mappings stay with the old block (B55).',
  covers({ kind, op, spans }, { program, filesystem }) {
    if (!NEIGHBOUR_KINDS.has(kind) || filesystem !== 'xfs-reflink') return false;
    const before = [...Array(op).keys()].map((index) => opAt(program, index));
    const clones = before.some((call) => call !== null && CLONING.has(call.code));
    const { pageSize } = program.geometry;
    const firstStore = before.findIndex(
      (call) => call?.code === OP.store || call?.code === OP.pread_into,
    );
    if (!clones || firstStore < 0) return false;
    const written = before.slice(firstStore).some((call) => call !== null && WRITES.has(call.code));
    const inPage = spans.every(
      ({ from, to }) => Math.ceil(to / pageSize) - Math.floor(from / pageSize) === 1,
    );
    return (written || kind === 'promises-more') && spans.length > 0 && inPage;
  },
};

/** What a commit for one file takes along of another. */
const TAKEN_ALONG: Listed = {
  id: 'taken-along',
  reason:
    'syncing one file makes changes of another durable where there is something of the first to commit, and ' +
    'nobody promises that. Times of it that changed are, if the clock has ticked since they last did: that of the ' +
    'model ticks with every fourth call, that of the kernel every few milliseconds.',
  covers({ kind, op, ino }, { program }) {
    const synced = fileSyncedBy(program, op);
    return kind.startsWith('promises-') && synced >= 0 && synced !== ino;
  },
};

export const LISTED: readonly Listed[] = [
  FAILED_WRITE_EXTENDS,
  OVERLAPPING_COPY,
  STORE_BEYOND_EOF,
  MAP_SYNC_TICK,
  ALLOCATED_AHEAD,
  CLONE_MAPPED_TWICE,
  FAULT_COPIES_NEIGHBOUR,
  TAKEN_ALONG,
];

const stepOf = ({ steps }: Observation, op: number): Step | null =>
  steps.find((step) => step.op === op) ?? null;

/** A call of mmap, and the file that it maps; -1 without one. */
interface Mapping {
  readonly op: Op;
  readonly ino: number;
}

/** Those that come before operation `op` of a program with one thread. */
function mappingsBefore(program: Program, op: number): Mapping[] {
  const mappings: Mapping[] = [];
  for (let before = 0; before < op; before++) {
    const call = opAt(program, before);
    if (call?.code !== OP.mmap) continue;
    mappings.push({ op: call, ino: fileOf(program, before, call.source) });
  }
  return mappings;
}

/** The mapping in a slot when operation `op` comes. */
const mappingIn = (program: Program, op: number, slot: number): Mapping | undefined =>
  mappingsBefore(program, op)
    .filter((made) => made.op.target === slot)
    .at(-1);

/** The only file that operation `op` syncs; -1 if it syncs none or all. */
function fileSyncedBy(program: Program, op: number): number {
  const call = opAt(program, op);
  if (call === null) return -1;
  if (call.code === OP.msync) return mappingIn(program, op, call.target)?.ino ?? -1;
  return SYNCS.has(call.code) || WRITES.has(call.code) ? fileOf(program, op, call.target) : -1;
}

/** What a descriptor is open on when operation `op` comes; -1 if on nothing. */
function fileOf(program: Program, op: number, descriptor: number): number {
  let ino = -1;
  for (let before = 0; before < op; before++) {
    const call = opAt(program, before);
    if (call?.code === OP.open && call.target === descriptor) ino = call.source;
  }
  return ino;
}

/** Where in which file the bytes lie that operation `op` reaches through a mapping; null without one. */
function mappedRange(program: Program, op: number): { ino: number; offset: number } | null {
  const call = opAt(program, op);
  const mapping = call === null ? undefined : mappingIn(program, op, call.source);
  if (call === null || mapping === undefined) return null;
  return {
    ino: mapping.ino,
    offset: (mapping.op.offset + call.flags) * program.geometry.pageSize,
  };
}

/** The row that covers a disagreement; null if it is news. */
export function listedAs(disagreement: Disagreement, compared: Compared): Listed | null {
  return LISTED.find((row) => row.covers(disagreement, compared)) ?? null;
}
