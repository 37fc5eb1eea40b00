/** Which operations random programs have. */
import type { OpName } from './op.js';
import { OP, OP_CODES } from './op.js';

/** How often each operation comes where all are enabled, by OpCode. */
export const WEIGHTS: readonly number[] = weightsOf({
  mmap: 3,
  mprotect: 2,
  munmap: 3,
  load: 8,
  store: 20,
  user_flush: 2,
  msync: 5,
  fsync: 12,
  fdatasync: 5,
  sync: 5,
  pwrite: 8,
  pread: 4,
  ftruncate: 4,
  fallocate: 4,
  fadvise: 3,
  pin: 5,
  dma_write: 7,
  dma_read: 1,
  unpin: 4,
  syncfs: 2,
  reflink: 2,
  reflink_range: 3,
  freeze: 2,
  unbind: 2,
  shutdown: 1,
  pwrite_from: 4,
  pread_into: 4,
  flusher: 2,
  commit: 2,
  drop_caches: 1,
  madvise: 2,
  poison: 3,
});

function weightsOf(weights: Partial<Record<OpName, number>>): number[] {
  const list = new Array<number>(OP_CODES).fill(0);
  for (const [name, weight] of Object.entries(weights)) list[OP[name as OpName]] = weight;
  return list;
}
