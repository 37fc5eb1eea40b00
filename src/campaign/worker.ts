/**
 * The thread entry of a campaign: keeps one Fuzzer and answers batch orders.
 */
import { workerData } from 'node:worker_threads';
import { mappedFileMedia } from '../media/mapped-file.js';
import { Fuzzer } from './fuzzer.js';
import type { BatchAnswer, BatchOrder, WorkerSetup } from './messages.js';
import { unfinished } from './unfinished.js';

let fuzzer: Fuzzer | null = null;

function startFuzzer(): Fuzzer {
  const setup = workerData as WorkerSetup;
  const number = Atomics.add(new Int32Array(setup.numbering), 0, 1);
  return new Fuzzer(setup, number, mappedFileMedia(`w${number}`));
}

/** Named in pool.ts. */
export function answer(order: BatchOrder): BatchAnswer {
  try {
    fuzzer ??= startFuzzer();
    return fuzzer.batch(order);
  } catch (error) {
    const { kernel } = workerData as WorkerSetup;
    return unfinished(error, { kernel, execution: 0, program: null });
  }
}
