/** What a call may take away from a file while it runs: nobody promises those bytes then. */
import type { Op } from '../program/op.js';
import { FALLOCATE, OP } from '../program/op.js';
import { AT, EVENT } from '../trace/event.js';

/** Events by which a call changes a file, and the argument that names it. */
export const EFFECTS: ReadonlyMap<number, number> = new Map([
  [EVENT.store, AT.store.ino],
  [EVENT.i_size, AT.i_size.ino],
  [EVENT.dax_delete_entry, AT.dax_delete_entry.ino],
  [EVENT.extent_unmap, AT.extent_unmap.ino],
  [EVENT.content, AT.content.ino],
  [EVENT.extent_remap, AT.extent_remap.ino],
]);

/** The bytes that a call may take away from a file, whatever it has done so far; null for other calls. */
export function removalRange(op: Op | null): { from: number; to: number } | null {
  if (op === null) return null;
  const range = { from: op.offset, to: op.offset + op.length };
  const rest = { from: op.offset, to: Number.MAX_SAFE_INTEGER };
  switch (op.code) {
    case OP.ftruncate:
      return { ...rest, from: op.length };
    case OP.reflink:
      return { ...rest, from: 0 };
    case OP.reflink_range:
      return range;
    case OP.fallocate:
      if (op.flags === FALLOCATE.punchHole || op.flags === FALLOCATE.zeroRange) return range;
      return op.flags === FALLOCATE.collapseRange || op.flags === FALLOCATE.insertRange
        ? rest
        : null;
    default:
      return null;
  }
}
