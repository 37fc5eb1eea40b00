/** What a power failure at the end of a raw trace surely leaves: written back or non-temporal, and fenced. */
import type { Differing, Mirror } from '../../src/media/mirror.js';
import { differing } from '../../src/media/mirror.js';
import type { RawTrace } from '../../src/qemu/records.js';
import { RECORD, STORE_NON_TEMPORAL } from '../../src/qemu/protocol.js';

const LINE = 64;

/**
 * The plain model: a flush takes the line's content with it to the next fence; a non-temporal store takes
 * its line. The CPU is one. Everything else stays in the cache and is lost.
 */
export function durableImage(trace: RawTrace, { bytes, origin, pages }: Mirror): Differing {
  const media = Uint8Array.from(bytes);
  const cache = Uint8Array.from(bytes);
  const pending = new Map<number, Uint8Array>();
  const flush = (address: number): void => {
    const line = address - (address % LINE);
    pending.set(line, cache.slice(line, line + LINE));
  };
  for (let record = 0; record < trace.length; record++) {
    const kind = trace.kind(record);
    const address = trace.number(record);
    if (kind === RECORD.store) {
      const size = trace.size(record);
      for (let index = 0; index < size; index++)
        cache[address + index] = trace.value(record, index);
      if ((trace.how(record) & STORE_NON_TEMPORAL) !== 0) {
        flush(address);
        flush(address + size - 1);
      }
    } else if (kind === RECORD.flush) {
      flush(address);
    } else if (kind === RECORD.fence) {
      for (const [line, bytes] of pending) media.set(bytes, line);
      pending.clear();
    }
  }
  return differing(media, origin, pages);
}
