/**
 * A finding is only filed after it has been replayed: strictly, from the program and schedule that will be
 * stored, with the same signature.
 */
import type { Finding, FindingSetup } from '../finding/finding.js';
import { signatureOf } from '../finding/finding.js';
import type { Program } from '../program/program.js';
import type { Line } from '../run.js';
import { runOnce } from '../run.js';
import { ReplayScheduler } from '../schedule/replay.js';
import type { Schedule } from '../schedule/schedule.js';
import { assert } from '../support/assert.js';
import type { Trace } from '../trace/trace.js';
import type { Candidate, Failure } from './minimize.js';
import { minimize } from './minimize.js';
import { exploreFailure, sameFailure } from './same-failure.js';

export interface Recorded {
  readonly finding: Finding;
  /** Of the execution that the finding describes; overwritten by the line's next one. */
  readonly trace: Trace;
}

/** Replays strictly; null if the execution does not break the promise in that way. */
export function record(
  line: Line,
  setup: FindingSetup,
  program: Program,
  schedule: Schedule,
  signature: string,
): Recorded | null {
  const scheduler = new ReplayScheduler(schedule, line.target.pointNames, 'strict');
  const { execution, verdict } = runOnce(line, program, scheduler);
  const violation = verdict.violations.find((found) => signatureOf(found) === signature);
  if (violation === undefined) return null;
  const { trace } = execution;
  return { finding: { setup, program, schedule, violation, traceHash: trace.hash() }, trace };
}

/** The smallest finding with the signature of a failure, replayed. */
export function minimized(
  line: Line,
  setup: FindingSetup,
  failure: Failure,
  signature: string,
): Recorded {
  const smallest: Candidate = minimize(
    failure,
    sameFailure(line, signature),
    exploreFailure(line, signature),
  );
  const recorded = record(line, setup, smallest.program, smallest.schedule, signature);
  assert(
    recorded !== null,
    `replay of a minimised finding: expected ${signature}, found no such violation`,
  );
  return recorded;
}
