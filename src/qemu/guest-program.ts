/** A program as the agent takes it: every operation a record of 32 bytes, all lengths in bytes. */
import type { FileSpec, Program } from '../program/program.js';
import { fillOf } from '../program/program.js';
import { specOf, usesPages } from '../program/op.js';
import { UsageError } from '../support/assert.js';
import { OP_BYTES } from './protocol.js';

/** The page size of the kernels that run here; a program written for another means something else. */
export const GUEST_PAGE_BYTES = 4096;

export interface GuestOp {
  /** Of program/op.ts, or a REAL_OP. */
  readonly code: number;
  readonly thread: number;
  /** In thread order over the whole program, as findings number operations. */
  readonly number: number;
  readonly target: number;
  readonly source: number;
  readonly offset: number;
  readonly length: number;
  readonly flags: number;
  readonly fill: number;
  /** The second offset of a reflink or of a transfer from a mapping. */
  readonly other: number;
}

export interface GuestProgram {
  readonly files: readonly FileSpec[];
  readonly ops: readonly GuestOp[];
  readonly threads: number;
  readonly spawnAfter: number;
}

/** @throws UsageError for a program whose pages are not the kernel's. */
export function guestProgram(program: Program): GuestProgram {
  const { pageSize } = program.geometry;
  if (pageSize !== GUEST_PAGE_BYTES) {
    throw new UsageError(
      `the program has pages of ${pageSize} bytes; a real kernel's have ${GUEST_PAGE_BYTES}`,
    );
  }
  const ops: GuestOp[] = [];
  program.threads.forEach((threadOps, thread) => {
    for (const op of threadOps) {
      const unit = usesPages(specOf(op.code)) ? pageSize : 1;
      const number = ops.length;
      const offset = op.offset * unit;
      const length = op.length * unit;
      ops.push({ ...op, thread, number, offset, length, fill: fillOf(number), other: 0 });
    }
  });
  const { files, spawnAfter } = program;
  return { files, ops, threads: program.threads.length, spawnAfter };
}

export function encodeOp(op: GuestOp, to: DataView, at: number): void {
  to.setUint8(at, op.code);
  to.setUint8(at + 1, op.thread);
  to.setUint8(at + 2, op.target);
  to.setUint8(at + 3, op.source);
  to.setUint32(at + 4, op.number, true);
  to.setBigUint64(at + 8, BigInt(op.offset), true);
  to.setUint32(at + 16, op.length, true);
  to.setUint8(at + 20, op.flags);
  to.setUint8(at + 21, op.fill);
  to.setUint16(at + 22, 0, true);
  to.setBigUint64(at + 24, BigInt(op.other), true);
}

export function encodeOps(ops: readonly GuestOp[], to: DataView, at: number): void {
  ops.forEach((op, index) => encodeOp(op, to, at + index * OP_BYTES));
}
