/**
 * Bounds of a program, checked at every border: after parsing, after decoding bytes, after reading a
 * reproducer. Generation and mutation call `normalizeOp` instead, which cannot fail.
 */
import { UsageError } from '../support/assert.js';
import type { Geometry } from './geometry.js';
import { checkGeometry, FD_SLOTS, FILES_MAX, MAPPING_SLOTS, PIN_SLOTS } from './geometry.js';
import type { Op, OpCode, SlotKind } from './op.js';
import {
  flagsBound,
  OP_CODES,
  OP_FIELDS,
  specOf,
  usesFile,
  usesPages,
  usesRange,
  usesSize,
} from './op.js';
import type { Program } from './program.js';
import { opCount, OPS_MAX, THREADS_MAX } from './program.js';

const SLOTS: Record<SlotKind, number> = { fd: FD_SLOTS, mapping: MAPPING_SLOTS, pin: PIN_SLOTS };

/** The same operation with every field inside its bounds; total, so that any bytes decode to a program. */
export function normalizeOp(op: Op, geometry: Geometry, fileCount: number): Op {
  const spec = specOf(op.code);
  const fileBytes = geometry.filePagesMax * geometry.pageSize;
  let offset = 0;
  let length = 0;
  if (usesPages(spec)) {
    offset = op.offset % geometry.filePagesMax;
    length = clamp(op.length, 1, geometry.filePagesMax - offset);
  } else if (usesRange(spec)) {
    offset = op.offset % fileBytes;
    length = clamp(op.length, 1, fileBytes - offset);
  } else if (usesSize(spec)) {
    length = op.length % (fileBytes + 1);
  }
  return {
    code: op.code,
    target: spec.slot === null ? 0 : op.target % SLOTS[spec.slot],
    source:
      spec.from !== null
        ? op.source % SLOTS[spec.from]
        : usesFile(spec)
          ? op.source % fileCount
          : 0,
    offset,
    length,
    flags: op.flags % flagsBound(spec, geometry),
  };
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** The first field that is outside its bounds, in words; null if none is. */
function fieldOutOfBounds(op: Op, geometry: Geometry, fileCount: number): string | null {
  const within = normalizeOp(op, geometry, fileCount);
  const field = OP_FIELDS.find((name) => op[name] !== within[name]);
  return field === undefined ? null : `${specOf(op.code).name}: ${field} ${op[field]}`;
}

function isOpCode(value: number): value is OpCode {
  return Number.isInteger(value) && value >= 0 && value < OP_CODES;
}

/** @throws UsageError that says which thread and operation is out of bounds. */
export function checkProgram(program: Program): void {
  checkGeometry(program.geometry);
  const { files, threads, geometry } = program;
  const demand = (holds: boolean, what: string): void => {
    if (!holds) throw new UsageError(`program: ${what}`);
  };
  demand(
    files.length >= 1 && files.length <= FILES_MAX,
    `1 to ${FILES_MAX} files, found ${files.length}`,
  );
  let blocks = 0;
  files.forEach((file, index) => {
    const wholes = Number.isInteger(file.pages) && Number.isInteger(file.allocated);
    const within =
      wholes &&
      file.allocated >= 0 &&
      file.allocated <= file.pages &&
      file.pages <= geometry.filePagesMax;
    demand(within, `file ${index}: allocated <= pages <= ${geometry.filePagesMax} expected`);
    blocks += file.allocated;
  });
  demand(blocks <= geometry.blockCount, `files need ${blocks} blocks of ${geometry.blockCount}`);
  demand(threads.length >= 1 && threads.length <= THREADS_MAX, `1 to ${THREADS_MAX} threads`);
  const last = threads[threads.length - 1] as readonly Op[];
  demand(threads.length === 1 || last.length > 0, 'the last thread must not be empty');
  demand(opCount(program) <= OPS_MAX, `at most ${OPS_MAX} operations`);
  const first = threads[0] as readonly Op[];
  demand(
    Number.isInteger(program.spawnAfter) &&
      program.spawnAfter >= 0 &&
      program.spawnAfter <= first.length,
    `spawn must be within thread 0, found ${program.spawnAfter}`,
  );
  threads.forEach((ops, thread) => {
    ops.forEach((op, index) => {
      const where = `t${thread} operation ${index}`;
      demand(isOpCode(op.code), `${where}: unknown operation`);
      const field = fieldOutOfBounds(op, geometry, files.length);
      demand(field === null, `${where}: ${field} is out of bounds`);
    });
  });
}
