/** What operations that move or share blocks make of a file: plain arithmetic on bytes. */
import type { Op } from '../program/op.js';
import { FALLOCATE, OP } from '../program/op.js';

/** What a file shows from `offset` on, and how long it is. */
export interface BytesAfter {
  readonly offset: number;
  readonly bytes: Uint8Array;
  readonly size: number;
}

/** The descriptor that bytes are taken from; null if that is the one they come to. */
export function sourceSlot(op: Op): number | null {
  return op.code === OP.reflink || op.code === OP.reflink_range ? op.source : null;
}

/** `from` is the source before the operation, which succeeded; `sizeBefore` the size of the target then. */
export function bytesAfter(
  op: Op,
  from: Uint8Array,
  sizeBefore: number,
  pageSize: number,
): BytesAfter {
  const { offset, length } = op;
  if (op.code === OP.reflink) {
    return { offset: 0, bytes: from, size: Math.max(sizeBefore, from.length) };
  }
  if (op.code === OP.reflink_range) {
    const start = op.flags * pageSize;
    const bytes = from.subarray(start, start + length);
    return { offset, bytes, size: Math.max(sizeBefore, offset + bytes.length) };
  }
  const before = from.subarray(0, offset);
  const after = Buffer.concat(
    op.flags === FALLOCATE.insertRange
      ? [before, new Uint8Array(length), from.subarray(offset)]
      : [before, from.subarray(offset + length)],
  );
  return { offset: 0, bytes: after, size: after.length };
}
