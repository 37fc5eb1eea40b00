/**
 * One replay of one reproducer file: what `replay` does here and, to show that it does not matter where, in
 * worker threads too.
 */
import type { KernelSpec } from '../kernel/model-target.js';
import type { Violation } from '../oracle/promise.js';
import { settingsOf } from '../finding/finding.js';
import { isWanted, wantedIn } from '../finding/wanted.js';
import { CONFIRM_ALL } from '../oracle/state.js';
import { runOnce } from '../run.js';
import { ReplayScheduler } from '../schedule/replay.js';
import type { Execution } from '../target/target.js';
import { inFile, lineFor, loadReproducer } from './load.js';

export interface ReplayOrder {
  readonly file: string;
  readonly kernel: KernelSpec;
  readonly mode: 'strict' | 'lenient';
}

export interface ReplayResult {
  readonly hash: string;
  /** Recorded switches that were taken where they were recorded. */
  readonly followed: number;
}

export interface ReplayRun {
  readonly result: ReplayResult;
  readonly execution: Execution;
  readonly violations: readonly Violation[];
  /** To be called when the execution has been looked at. */
  readonly close: () => void;
}

export function replayOnce(order: ReplayOrder): ReplayRun {
  const loaded = loadReproducer(order.file);
  const line = lineFor(order.kernel, settingsOf(loaded.setup));
  const same = JSON.stringify(order.kernel) === JSON.stringify(loaded.recordedOn);
  const wanted = wantedIn(loaded.reproducer, same);
  const closely = { plans: wanted.plans, stopsAtFirst: false };
  const confirmation = { ...CONFIRM_ALL, closely };
  // Until it fails as recorded, or has held as often as the target may hold by chance.
  for (let attempt = 1; ; attempt++) {
    const scheduler = new ReplayScheduler(loaded.schedule, line.target.pointNames, order.mode);
    const { execution, verdict } = inFile(order.file, () => {
      try {
        const outcome = runOnce(line, loaded.program, scheduler, confirmation);
        scheduler.end();
        return outcome;
      } catch (error) {
        throw line.target.blame(error);
      }
    });
    const { violations } = verdict;
    const reproduced = violations.some((violation) => isWanted(wanted, violation));
    if (!reproduced && attempt < line.target.pace.attempts) continue;
    const result = { hash: execution.trace.hash(), followed: scheduler.followed };
    return { result, execution, violations, close: () => line.target.close() };
  }
}

/** The entry of a worker thread, named in replay.ts. */
export function answer(order: ReplayOrder): ReplayResult {
  const { result, close } = replayOnce(order);
  close();
  return result;
}
