/** A media error strikes: what the program asks for, and what the platform and the kernel make of it. */
import { HOLE } from '../../media/layout.js';
import { EVENT } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { EINVAL } from '../types.js';
import { isBad, listError } from './media-errors.js';

/**
 * Could an error strike the block? Approximation: not while it is pinned, and not in a file that has been
 * cloned: what devices and copies of shared blocks make of poison is left out.
 */
function mayStrike(k: Kernel, inode: Inode, block: number): boolean {
  if (block === HOLE || isBad(k, block) || !k.dev.alive) return false;
  return k.mm.pinCounts[block] === 0 && !inode.reflinked;
}

/**
 * The blocks of pages [page, page + count) go bad, the platform finds out (by a patrol scrub, say) and tells
 * the driver, and memory_failure() is called. EINVAL if none could. Approximation: this never happens inside
 * of a call that writes to the file or changes its layout.
 */
export function* strike(
  k: Kernel,
  t: Task,
  inode: Inode,
  page: number,
  count: number,
): Run<number> {
  if (!inode.iRwsem.tryRead(k, t)) yield* inode.iRwsem.waitRead(k, t);
  const struck: number[] = [];
  for (let at = page; at < page + count; at++) {
    const block = inode.blocks[at] as number;
    if (!mayStrike(k, inode, block)) continue;
    k.dev.errors.any = true;
    k.dev.errors.poisoned.add(block);
    k.trace.append(EVENT.media_error, t.id, t.op, block);
    struck.push(block);
  }
  inode.iRwsem.upRead(k, t);
  for (const block of struck) {
    if (k.preempt(t, POINT['nfit_handle_mce:start'])) yield;
    if (!k.dev.errors.poisoned.has(block)) continue; // mended, or written over, meanwhile
    listError(k, t, block);
    if (k.preempt(t, POINT['nfit_handle_mce:listed'])) yield;
    yield* k.functions.memoryFailure(k, t, block);
  }
  return struck.length > 0 ? 0 : EINVAL;
}
