/**
 * Loaded ahead of everything else in every thread (`node --require`): in the workers of a campaign it looks
 * at the heap and the memory outside of it that belong to the thread. A worker is busy during a batch, so
 * that is between batches, a few times a second.
 */
import { getEnvironmentData, isMainThread } from 'node:worker_threads';
import { CELLS_NAME, MemoryCells } from './memory-cells.js';

const LOOK_MS = 50;

const memory = getEnvironmentData(CELLS_NAME) as SharedArrayBuffer | undefined;
if (!isMainThread && memory !== undefined) {
  const cells = new MemoryCells(memory);
  const number = cells.takeNumber();
  const look = (): void => {
    // `external` has the array buffers in it.
    const { heapTotal, external } = process.memoryUsage();
    cells.note(number, heapTotal + external);
  };
  setInterval(look, LOOK_MS).unref();
}
