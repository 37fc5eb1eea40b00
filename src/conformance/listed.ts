/**
 * Disagreements that are known and not mended, each with its reason and with what exactly it covers. What no
 * row covers is a failure of the comparison.
 */
import { OP } from '../program/op.js';
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
    'write(2) from a mapping of the bytes that it overwrites: what comes of that depends on the order in ' +
    'which the CPU copies, and nobody promises one. The model copies as if through a buffer.',
  covers({ kind, op, ino, spans }, { program }) {
    const call = opAt(program, op);
    if (kind !== 'content' || call?.code !== OP.pwrite_from) return false;
    const from = sourceOf(program, op);
    if (from?.ino !== ino) return false;
    const end = call.offset + call.length;
    const overlaps = from.offset < end && call.offset < from.offset + call.length;
    return overlaps && spans.every((span) => span.from >= call.offset && span.to <= end);
  },
};

export const LISTED: readonly Listed[] = [FAILED_WRITE_EXTENDS, OVERLAPPING_COPY];

const stepOf = ({ steps }: Observation, op: number): Step | null =>
  steps.find((step) => step.op === op) ?? null;

/** Where in which file the bytes lie that operation `op` reads through a mapping; null without one. */
function sourceOf(program: Program, op: number): { ino: number; offset: number } | null {
  const call = opAt(program, op);
  if (call === null) return null;
  const files = new Map<number, number>();
  let source: { ino: number; offset: number } | null = null;
  const { pageSize } = program.geometry;
  for (let before = 0; before < op; before++) {
    const earlier = opAt(program, before);
    if (earlier?.code === OP.open) files.set(earlier.target, earlier.source);
    if (earlier?.code !== OP.mmap || earlier.target !== call.source) continue;
    const page = earlier.offset + call.flags;
    source = { ino: files.get(earlier.source) ?? -1, offset: page * pageSize };
  }
  return source;
}

/** The row that covers a disagreement; null if it is news. */
export function listedAs(disagreement: Disagreement, compared: Compared): Listed | null {
  return LISTED.find((row) => row.covers(disagreement, compared)) ?? null;
}
