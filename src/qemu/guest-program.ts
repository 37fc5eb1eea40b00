/**
 * A program as the agent takes it: every operation a record of 32 bytes, all lengths in bytes, and the kinds
 * of one operation as the operations of their own that they are to the agent.
 */
import type { FileSpec, Program } from '../program/program.js';
import { fillOf } from '../program/program.js';
import { isThawedNext } from '../program/freeze.js';
import type { Op } from '../program/op.js';
import { FALLOCATE, O_DIRECT, O_DSYNC, OP, specOf, usesOrigin, usesPages } from '../program/op.js';
import { UsageError } from '../support/assert.js';
import { OP_BYTES, REAL_OP } from './protocol.js';

/** The page size of the kernels that run here; a program written for another means something else. */
export const GUEST_PAGE_BYTES = 4096;

export interface GuestOp {
  /** The agent's: below REAL_OP those of program/op.ts. */
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

/** The agent has no such operation, and says so. */
const NO_OPERATION = 255;
/** The flag of the agent's `allocate`. */
const KEEP_SIZE = 1;

/** What the agent calls an operation, and the flags that are left of it. */
interface AgentCall {
  readonly code: number;
  readonly flags: number;
}

const call = (code: number, flags = 0): AgentCall => ({ code, flags });

/** By mode. */
const FALLOCATE_CALLS: Readonly<Record<number, AgentCall>> = {
  [FALLOCATE.punchHole]: call(OP.fallocate, 0),
  [FALLOCATE.zeroRange]: call(OP.fallocate, 1),
  [FALLOCATE.allocate]: call(REAL_OP.allocate),
  [FALLOCATE.allocateKeepSize]: call(REAL_OP.allocate, KEEP_SIZE),
  [FALLOCATE.collapseRange]: call(REAL_OP.collapse),
  [FALLOCATE.insertRange]: call(REAL_OP.insert),
  [FALLOCATE.unshareRange]: call(REAL_OP.unshare),
};

/** Operations without kinds that the agent numbers apart. */
const RENUMBERED: ReadonlyMap<number, number> = new Map([
  [OP.syncfs, REAL_OP.syncfs],
  [OP.reflink, REAL_OP.reflink],
  [OP.reflink_range, REAL_OP.reflink_range],
  [OP.freeze, REAL_OP.freeze],
  [OP.thaw, REAL_OP.thaw],
  [OP.pwrite_from, REAL_OP.pwrite_from_mapping],
  [OP.pread_into, REAL_OP.pread_into_mapping],
]);

function agentCall(op: Op): AgentCall {
  switch (op.code) {
    case OP.pwrite:
      // With O_DSYNC the agent opens no second descriptor: O_DIRECT changes nothing on a DAX file.
      if ((op.flags & O_DSYNC) !== 0) return call(REAL_OP.pwrite_dsync);
      return call(op.flags === O_DIRECT ? REAL_OP.pwrite_direct : OP.pwrite);
    case OP.pread:
      return call(op.flags === O_DIRECT ? REAL_OP.pread_direct : OP.pread);
    case OP.fallocate:
      return FALLOCATE_CALLS[op.flags] ?? call(NO_OPERATION);
    default: {
      if (op.code > OP.pread_into) return call(NO_OPERATION);
      const code = RENUMBERED.get(op.code) ?? op.code;
      return call(code, usesOrigin(specOf(op.code)) ? 0 : op.flags);
    }
  }
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
    for (const [index, op] of threadOps.entries()) {
      const unit = usesPages(specOf(op.code)) ? pageSize : 1;
      // The thread would wait for itself.
      const hangs = op.code === OP.freeze && !isThawedNext(threadOps, index);
      const { code, flags } = hangs ? call(NO_OPERATION) : agentCall(op);
      const number = ops.length;
      const offset = op.offset * unit;
      const length = op.length * unit;
      const other = usesOrigin(specOf(op.code)) ? op.flags * pageSize : 0;
      const { target, source } = op;
      const what = { code, flags, target, source, offset, length, other };
      ops.push({ ...what, thread, number, fill: fillOf(number) });
    }
  });
  const { files, spawnAfter } = program;
  return { files, ops, threads: program.threads.length, spawnAfter };
}

function encodeOp(op: GuestOp, to: DataView, at: number): void {
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
