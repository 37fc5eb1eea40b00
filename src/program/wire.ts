/**
 * The byte form of a program, made to be mutated: a header of 8 bytes, then 8 bytes an operation. Every
 * byte string decodes to a legal program, and a program that was encoded decodes to itself, so jsfuzz can
 * flip, cut and splice without ever producing waste.
 *
 *     header   version, spawnAfter, 4 x (pages | allocated << 4), page shift | pmd shift << 4, file count
 *     record   code | thread << 6, target | source << 4, offset (24 bits), length (20 bits) | flags << 4
 *
 * It covers the geometries that fuzzing uses (files of at most 15 pages); others only have the text form.
 */
import { UsageError } from '../support/assert.js';
import type { Geometry } from './geometry.js';
import { DEFAULT_GEOMETRY, FILES_MAX, sameGeometry } from './geometry.js';
import type { Op, OpCode } from './op.js';
import { OP_CODES } from './op.js';
import type { FileSpec, Program } from './program.js';
import { opCount, THREADS_MAX } from './program.js';
import { normalizeOp } from './validate.js';

const WIRE_VERSION = 1;
export const HEADER_BYTES = 8;
export const RECORD_BYTES = 8;
const PAGE_SHIFT_MIN = 6;
const PAGE_SHIFT_SPAN = 7; // 64 bytes to 4096 bytes
const PMD_SHIFT_SPAN = 3; // 2, 4 or 8 pages
/** Operations that a decoded program can have; later records are ignored. */
export const WIRE_OPS_MAX = 64;

function geometryOf(code: number): Geometry {
  return {
    ...DEFAULT_GEOMETRY,
    pageSize: 1 << (PAGE_SHIFT_MIN + ((code & 15) % PAGE_SHIFT_SPAN)),
    pmdPages: 2 << ((code >> 4) % PMD_SHIFT_SPAN),
  };
}

function geometryCode(geometry: Geometry): number {
  const pageShift = Math.clz32(1) - Math.clz32(geometry.pageSize) - PAGE_SHIFT_MIN;
  const pmdShift = Math.clz32(2) - Math.clz32(geometry.pmdPages);
  const code = pageShift | (pmdShift << 4);
  if (pmdShift < 0 || !sameGeometry(geometryOf(code), geometry)) {
    throw new UsageError('program: this geometry has no byte form, use the text form');
  }
  return code;
}

/** @throws UsageError when the program is too large for the byte form. */
export function encodeProgram(program: Program): Uint8Array {
  const count = opCount(program);
  if (count > WIRE_OPS_MAX)
    throw new UsageError(`program: the byte form has at most ${WIRE_OPS_MAX} operations`);
  const bytes = new Uint8Array(HEADER_BYTES + RECORD_BYTES * count);
  bytes[0] = WIRE_VERSION;
  bytes[1] = program.spawnAfter;
  program.files.forEach((file, index) => {
    bytes[2 + index] = file.pages | (file.allocated << 4);
  });
  bytes[6] = geometryCode(program.geometry);
  bytes[7] = program.files.length;
  let at = HEADER_BYTES;
  program.threads.forEach((ops, thread) => {
    for (const op of ops) {
      bytes[at] = op.code | (thread << 6);
      bytes[at + 1] = op.target | (op.source << 4);
      bytes[at + 2] = op.offset & 255;
      bytes[at + 3] = (op.offset >> 8) & 255;
      bytes[at + 4] = op.offset >> 16;
      bytes[at + 5] = op.length & 255;
      bytes[at + 6] = (op.length >> 8) & 255;
      bytes[at + 7] = (op.length >> 16) | (op.flags << 4);
      at += RECORD_BYTES;
    }
  });
  return bytes;
}

function decodeFiles(bytes: Uint8Array, geometry: Geometry): FileSpec[] {
  const count = 1 + ((byteAt(bytes, 7) + FILES_MAX - 1) % FILES_MAX);
  let blocks = geometry.blockCount;
  return Array.from({ length: count }, (_, index) => {
    const code = byteAt(bytes, 2 + index);
    const pages = (code & 15) % (geometry.filePagesMax + 1);
    const allocated = Math.min((code >> 4) % (geometry.filePagesMax + 1), pages, blocks);
    blocks -= allocated;
    return { pages, allocated };
  });
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] ?? 0;
}

/** Total: never throws, whatever the bytes are. A tail shorter than a record is ignored. */
export function decodeProgram(bytes: Uint8Array): Program {
  const geometry = geometryOf(byteAt(bytes, 6));
  const files = decodeFiles(bytes, geometry);
  const threads: Op[][] = [[]];
  const records = Math.min(WIRE_OPS_MAX, Math.floor((bytes.length - HEADER_BYTES) / RECORD_BYTES));
  for (let record = 0; record < records; record++) {
    const at = HEADER_BYTES + record * RECORD_BYTES;
    const head = byteAt(bytes, at);
    const slots = byteAt(bytes, at + 1);
    const tail = byteAt(bytes, at + 7);
    const thread = (head >> 6) % THREADS_MAX;
    while (threads.length <= thread) threads.push([]);
    const op: Op = {
      code: ((head & 63) % OP_CODES) as OpCode,
      target: slots & 15,
      source: slots >> 4,
      offset: byteAt(bytes, at + 2) | (byteAt(bytes, at + 3) << 8) | (byteAt(bytes, at + 4) << 16),
      length: byteAt(bytes, at + 5) | (byteAt(bytes, at + 6) << 8) | ((tail & 15) << 16),
      flags: tail >> 4,
    };
    (threads[thread] as Op[]).push(normalizeOp(op, geometry, files.length));
  }
  const spawnAfter = Math.min(byteAt(bytes, 1), (threads[0] as Op[]).length);
  return { geometry, files, threads, spawnAfter };
}
