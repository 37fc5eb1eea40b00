/**
 * The thread entry of a bounded exhaustive run: keeps one Explorer and answers its orders.
 */
import { workerData } from 'node:worker_threads';
import { mappedFileMedia } from '../media/mapped-file.js';
import { Explorer } from './explorer.js';
import type { SweepAnswer, SweepOrder, SweepSetup } from './sweep-messages.js';
import { unfinished } from './unfinished.js';

let explorer: Explorer | null = null;

function startExplorer(): Explorer {
  const setup = workerData as SweepSetup;
  const number = Atomics.add(new Int32Array(setup.numbering), 0, 1);
  return new Explorer(setup, mappedFileMedia(`w${number}`));
}

/** Named in sweep.ts. */
export function answer(order: SweepOrder): SweepAnswer {
  try {
    explorer ??= startExplorer();
    return explorer.sweep(order);
  } catch (error) {
    const { kernel } = workerData as SweepSetup;
    return unfinished(error, { kernel, execution: 0, program: null });
  }
}
