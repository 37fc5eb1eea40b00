/**
 * A page fault may zero a block before the file has it. From then on what the file shows is not the fault's
 * to change: zeros that it writes over the bytes of a write or store destroy them (P1), and with them what
 * calls have promised or will promise.
 *
 * Only where the trace says at each store which block is whose: what a real kernel tells of its block map
 * comes later, and a block may be another page's by then.
 */
import type { Disk } from '../media/disk.js';
import { blockOf } from '../media/layout.js';
import { OP } from '../program/op.js';
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import { AT, STORE } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { fillData } from '../trace/trace.js';

/** Operations that change a file by faults alone, if at all. */
const FAULTING: ReadonlySet<number> = new Set([OP.load, OP.store, OP.user_flush, OP.pin]);

/** Does the store at `event` zero a block that the page, with block `mapped`, has already? */
export function isFaultZeroing(
  program: Program,
  disk: Disk,
  trace: Trace,
  event: number,
  mapped: number,
): boolean {
  if ((trace.argument(event, AT.store.how) & STORE.kernel) === 0) return false;
  if (trace.argument(event, AT.store.data) !== fillData(0) || disk.kind === 'opaque') return false;
  if (blockOf(disk.layout, trace.argument(event, AT.store.address)) !== mapped) return false;
  const op = opAt(program, trace.op(event));
  return op !== null && FAULTING.has(op.code);
}
