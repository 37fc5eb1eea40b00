/** All that files after a power failure show otherwise than was promised, or though it was never theirs. */
import type { RecoveredFiles } from '../media/disk.js';
import { hex } from '../support/units.js';
import type { Mismatch } from './mismatch.js';
import { afterCrash } from './mismatch.js';
import type { PromiseId } from './promise.js';
import type { JudgeState } from './state.js';

export interface Wrong extends Mismatch {
  readonly promise: PromiseId;
  /** The call that promised it; -1 where nobody need have. */
  readonly op: number;
  /** To follow the place. */
  readonly detail: string;
}

/** For a cut after the calls whose promises are being kept. */
export function* wrongIn(state: JudgeState, files: RecoveredFiles, cut: number): Generator<Wrong> {
  const expectation = state.expectation();
  for (const { promise, made } of state.kept) {
    const broken = expectation.checkPromise(files, made, cut);
    if (broken !== null) yield { ...broken, promise, op: made.op, detail: afterCrash(broken) };
    const late = expectation.checkTimes(files, made);
    if (late !== null) yield { ...late, promise: 'P10', op: made.op, detail: afterCrash(late) };
  }
  const foreign = expectation.checkExposure(files, cut);
  if (foreign === null) return;
  const detail = `reads ${hex(foreign.found)} after the crash, which was never written there`;
  yield { ...foreign, promise: 'P9', op: -1, detail };
}
