/**
 * The pmem driver's primitives: cache-bypassing copies, cache write-back, and the fence behind
 * REQ_PREFLUSH. Everything that kernel code does to device memory goes through here.
 */
import { blockOf } from '../../media/layout.js';
import { LINE_SIZE, WORD_SIZE } from '../../support/units.js';
import { FENCE, STORE } from '../../trace/event.js';
import type { Data } from '../../trace/trace.js';
import { dataFrom } from '../../trace/trace.js';
import type { Kernel } from '../kernel.js';
import { POINT } from '../points.js';
import type { Run, Task } from '../types.js';

/** Lines of a large flush between two preemption points. */
const FLUSH_CHUNK_LINES = 32;

/**
 * Models arch/x86/lib/usercopy_64.c __memcpy_flushcache(): whole words go by movnti; a head and a tail of
 * less than a word are stored to the cache and written back.
 */
export function memcpyFlushcache(
  k: Kernel,
  t: Task,
  address: number,
  length: number,
  data: Data,
  ino: number,
  offset: number,
): void {
  let at = address;
  let rest = length;
  const { edgesCached, fourBytesCached, smallCopyFlushesOneLine } = k.knobs;
  const cached = (bytes: number): void => {
    const part = dataFrom(data, at - address);
    k.cpus.storeData(t.id, t.op, at, bytes, part, STORE.kernel, ino, offset + at - address);
    const isFour = fourBytesCached && bytes === 4; // B59
    if (!edgesCached && !isFour) k.cpus.flush(t.id, t.op, at, bytes); // B60
    at += bytes;
    rest -= bytes;
  };
  if (smallCopyFlushesOneLine && length < WORD_SIZE) {
    k.cpus.storeData(t.id, t.op, at, length, data, STORE.kernel, ino, offset);
    k.cpus.flush(t.id, t.op, at, 1); // B61
    return;
  }
  const head = Math.min(rest, -at & (WORD_SIZE - 1));
  if (head > 0) cached(head);
  const words = rest & -WORD_SIZE;
  if (words > 0) {
    const how = STORE.kernel | STORE.nonTemporal;
    const part = dataFrom(data, at - address);
    k.cpus.storeData(t.id, t.op, at, words, part, how, ino, offset + at - address);
    at += words;
    rest -= words;
  }
  if (rest > 0) cached(rest);
}

/** Models dax_flush() / arch_wb_cache_pmem(): write-back of every line, no fence. */
export function* daxFlush(k: Kernel, t: Task, address: number, length: number): Run<void> {
  const chunk = FLUSH_CHUNK_LINES * LINE_SIZE;
  for (let done = 0; done < length; done += chunk) {
    if (done > 0 && k.preempt(t, POINT['dax_writeback_one:flushing'])) yield;
    if (k.knobs.flushOfFirstDeviceOnly && isOnSecondDevice(k, address)) continue; // B16
    k.cpus.flush(t.id, t.op, address + done, Math.min(chunk, length - done));
  }
}

/** Does a block begin in the upper half of the blocks, which is the second of two devices end to end? */
function isOnSecondDevice(k: Kernel, address: number): boolean {
  const { geometry } = k.layout;
  return blockOf(k.layout, address) >= geometry.blockCount / 2;
}

/** Models nvdimm_flush() on a platform without flush hints: the wmb(), an sfence on this CPU. */
export function nvdimmFlush(k: Kernel, t: Task): void {
  k.cpus.fence(t.id, t.op, FENCE.sfence);
}
