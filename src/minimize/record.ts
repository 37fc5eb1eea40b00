/**
 * A finding is only filed after it has been replayed: strictly, from the program and schedule that will be
 * stored, with the same signature.
 */
import type { Finding, FindingSetup, HitRate } from '../finding/finding.js';
import type { Wanted } from '../finding/wanted.js';
import { isWanted, wantedBy } from '../finding/wanted.js';
import { ProgramGenerator } from '../program/generate.js';
import { OP } from '../program/op.js';
import type { Program } from '../program/program.js';
import { threadCount } from '../program/program.js';
import { printProgram } from '../program/text.js';
import type { Line } from '../run.js';
import { runOnce } from '../run.js';
import { RandomScheduler } from '../schedule/random.js';
import { ReplayScheduler } from '../schedule/replay.js';
import type { Schedule } from '../schedule/schedule.js';
import { assert } from '../support/assert.js';
import { hashText } from '../support/hash.js';
import { Prng } from '../support/prng.js';
import type { Trace } from '../trace/trace.js';
import type { Candidate, Explore, Failure, StillFails } from './minimize.js';
import { isSimpler, minimize } from './minimize.js';
import { attemptFor, exploreFailure, failuresOf, only, sameFailure } from './same-failure.js';

export interface Recorded {
  readonly finding: Finding;
  /** Of the execution that the finding describes; overwritten by the line's next one. */
  readonly trace: Trace;
}

/** Replays strictly, on a target that is as new; null if the promise is not broken in that way. */
export function record(
  line: Line,
  setup: FindingSetup,
  program: Program,
  schedule: Schedule,
  failure: Wanted | string,
): Recorded | null {
  const wanted = wantedBy(failure);
  for (let attempt = 0; attempt < line.target.pace.attempts; attempt++) {
    const scheduler = new ReplayScheduler(schedule, line.target.pointNames, 'strict');
    const { execution, verdict } = runOnce(line, program, scheduler, only(wanted));
    scheduler.end();
    const violation = verdict.violations.find((found) => isWanted(wanted, found));
    if (violation === undefined) continue;
    const { trace } = execution;
    return { finding: { setup, program, schedule, violation, traceHash: trace.hash() }, trace };
  }
  return null;
}

/**
 * A failure of a target that need not repeat, kept with a copy of its trace in case that it never comes
 * again; null for a target that repeats.
 */
export function asItCame(line: Line, finding: Finding, trace: Trace): Recorded | null {
  if (repeats(line)) return null;
  const hits = { runs: line.target.pace.attempts, failures: 0 };
  return { finding: { ...finding, hits }, trace: trace.copy() };
}

const repeats = (line: Line): boolean => line.target.pace.attempts === 1;

/** Asked again and again: is somebody waiting for the end? */
export type Hurried = () => boolean;

/** How a failure becomes a finding. */
export type RecordFailure = (
  line: Line,
  setup: FindingSetup,
  failure: Failure,
  wanted: Wanted,
  fallback: Recorded | null,
  hurried: Hurried,
) => Recorded;

const HIT_RUNS = 10;
/** Of what stops the target: each costs minutes. */
const HIT_RUNS_STOPPING = 3;

/** How often a reproducer fails when it is run again and again. */
function hitRate(
  line: Line,
  { program, schedule }: Candidate,
  wanted: Wanted,
  hurried: Hurried,
): HitRate {
  let failures = 0;
  let runs = 0;
  for (let planned = HIT_RUNS; runs < planned && !(hurried() && runs > 0); runs++) {
    const scheduler = new ReplayScheduler(schedule, line.target.pointNames, 'lenient');
    const { execution, verdict } = runOnce(line, program, scheduler, only(wanted));
    if (verdict.violations.some((found) => isWanted(wanted, found))) failures++;
    if (execution.disk === null) planned = HIT_RUNS_STOPPING;
  }
  return { runs, failures };
}

/** A failure as it was found: replayed, and nothing else; or as it came, where it does not come again. */
export function unminimized(
  line: Line,
  setup: FindingSetup,
  { program, schedule }: Failure,
  wanted: Wanted,
  fallback: Recorded | null = null,
): Recorded {
  line.target.restart();
  const recorded = record(line, setup, program, schedule, wanted) ?? fallback;
  assert(recorded !== null, `replay of a failure: expected ${wanted.signature}, found none such`);
  return recorded;
}

/** Fresh programs that may be looked at, and failures among them that are minimised. */
const FRESH_PROGRAMS = 4000;
const FRESH_FAILURES = 6;
/** Operations of a fresh program: far more than a minimal reproducer has, because more of them fail. */
const FRESH_OPS = 14;

/**
 * The smallest finding with the signature of a failure, replayed. Minimisation only removes, so a failure
 * that came about in a roundabout way may end in a roundabout reproducer; for races, whose first failure is
 * often such, a few other failures with the same signature are looked for and minimised as well. What does
 * not come again on a target that need not repeat is given back as it came. Once `hurried`, it is as small
 * as it is by then.
 */
export function minimized(
  line: Line,
  setup: FindingSetup,
  failure: Failure,
  sought: Wanted | string,
  fallback: Recorded | null = null,
  hurried: Hurried = () => false,
): Recorded {
  const wanted = wantedBy(sought);
  const recorded = minimizedIfItRepeats(line, setup, failure, wanted, hurried) ?? fallback;
  assert(
    recorded !== null,
    `replay of a minimised finding: expected ${wanted.signature}, found no such violation`,
  );
  return recorded;
}

function minimizedIfItRepeats(
  line: Line,
  setup: FindingSetup,
  failure: Failure,
  wanted: Wanted,
  hurried: Hurried,
): Recorded | null {
  const fails = sameFailure(line, wanted);
  if (!repeats(line) && fails(failure.program, failure.schedule) === null) return null;
  const exploreAll = exploreFailure(line, wanted);
  // Nothing smaller is found any more.
  const stillFails: StillFails = (...candidate) => (hurried() ? null : fails(...candidate));
  const explore: Explore = (...where) => (hurried() ? null : exploreAll(...where));
  let smallest = minimize(failure, stillFails, explore);
  if (threadCount(smallest.program) > 1 && line.target.pace.explores && !hurried()) {
    for (const other of freshFailures(line, wanted, smallest.program)) {
      const candidate = minimize(other, stillFails, () => null);
      if (isSimpler(candidate, smallest)) smallest = candidate;
    }
    const again = fails(smallest.program, smallest.schedule);
    assert(again !== null, `a minimised failure does not fail again with ${wanted.signature}`);
    smallest = minimize(again, stillFails, explore);
  }
  line.target.restart();
  // Before the replay, whose trace is what reports show.
  const { program, schedule, plan } = smallest;
  const shown = { ...wanted, plans: plan === null ? [] : [plan] };
  const hits = repeats(line) ? {} : { hits: hitRate(line, smallest, shown, hurried) };
  const recorded = record(line, setup, program, schedule, shown);
  return recorded === null ? null : { ...recorded, finding: { ...recorded.finding, ...hits } };
}

/** Failures with this signature of programs drawn afresh; a pure function of `like`. */
function freshFailures(line: Line, wanted: Wanted, like: Program): Failure[] {
  const choice = Prng.fromSeed(BigInt(`0x${hashText(wanted.signature + printProgram(like))}`));
  const scheduler = new RandomScheduler(choice);
  const generator = new ProgramGenerator({
    geometry: like.geometry,
    threadsMax: threadCount(like),
    opsMax: FRESH_OPS,
    dialect: line.target.dialect,
    only: new Set([OP.load, OP.store, ...like.threads.flat().map((op) => op.code)]),
  });
  const attempt = attemptFor(line, wanted, scheduler);
  return failuresOf(line.target, FRESH_PROGRAMS, FRESH_FAILURES, () =>
    attempt(generator.generate(choice)),
  );
}
