/**
 * Disagreements that are known and not mended, each with its reason and with what exactly it covers. What no
 * row covers is a failure of the comparison.
 */
import type { Op } from '../program/op.js';
import { MAP_SYNC, OP } from '../program/op.js';
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import type { FilesystemName } from '../target/real.js';
import type { Disagreement } from './compare.js';
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
    'ext4 before 6.12 does not zero the rest of the last page when ftruncate(2) makes a file longer ' +
    '(crashes/linux/store-beyond-eof.json). The model is right.',
  covers({ kind, op, ino, spans }, { program, filesystem, model }) {
    const before = stepOf(model, op - 1)?.files[ino]?.size;
    if (kind !== 'content' || opAt(program, op)?.code !== OP.ftruncate || before === undefined) {
      return false;
    }
    const { pageSize } = program.geometry;
    const end = Math.ceil(before / pageSize) * pageSize;
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
    'if the clock has ticked since the last one. That of the model ticks with every fourth call, that of the ' +
    'kernel every few milliseconds: it would lose the store as well, were it faster.',
  covers({ kind, op, ino }, { program, filesystem }) {
    const code = opAt(program, op)?.code;
    const syncs = code === OP.sync || code === OP.syncfs;
    if (kind !== 'promises-less' || !syncs || !filesystem.startsWith('ext4')) return false;
    const mappings = mappingsBefore(program, op);
    return mappings.some((made) => made.ino === ino && (made.op.flags & MAP_SYNC) !== 0);
  },
};

export const LISTED: readonly Listed[] = [
  FAILED_WRITE_EXTENDS,
  OVERLAPPING_COPY,
  STORE_BEYOND_EOF,
  MAP_SYNC_TICK,
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
  const files = new Map<number, number>();
  const mappings: Mapping[] = [];
  for (let before = 0; before < op; before++) {
    const call = opAt(program, before);
    if (call?.code === OP.open) files.set(call.target, call.source);
    if (call?.code === OP.mmap) mappings.push({ op: call, ino: files.get(call.source) ?? -1 });
  }
  return mappings;
}

/** Where in which file the bytes lie that operation `op` reaches through a mapping; null without one. */
function mappedRange(program: Program, op: number): { ino: number; offset: number } | null {
  const call = opAt(program, op);
  const mapping = mappingsBefore(program, op)
    .filter((made) => made.op.target === call?.source)
    .at(-1);
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
