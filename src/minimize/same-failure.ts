/**
 * The predicate of minimisation: runs a candidate on the whole line and asks whether the same signature is
 * among its violations.
 */
import { signatureOf } from '../finding/finding.js';
import type { Wanted } from '../finding/wanted.js';
import { isWanted, isWantedBy, wantedBy } from '../finding/wanted.js';
import type { Mechanism } from '../oracle/mechanism.js';
import type { Violation } from '../oracle/promise.js';
import type { Confirmation } from '../oracle/state.js';
import { IMAGES_THOROUGH } from '../oracle/state.js';
import { ProgramGenerator } from '../program/generate.js';
import { mutate } from '../program/mutate.js';
import type { Program } from '../program/program.js';
import { opCount } from '../program/program.js';
import type { Line } from '../run.js';
import { runOnce } from '../run.js';
import { printProgram } from '../program/text.js';
import { PctScheduler } from '../schedule/pct.js';
import { RandomScheduler } from '../schedule/random.js';
import { ReplayScheduler } from '../schedule/replay.js';
import type { Schedule } from '../schedule/schedule.js';
import type { Scheduler } from '../schedule/scheduler.js';
import { at } from '../support/assert.js';
import { hashText } from '../support/hash.js';
import { Prng } from '../support/prng.js';
import { EVENT } from '../trace/event.js';
import type { Target } from '../target/target.js';
import type { Trace } from '../trace/trace.js';
import { isSimpler } from './minimize.js';
import type { Explore, Failure, StillFails, Where } from './minimize.js';

/** Mechanisms of which, on real kernels, a mounted image may tell; the others follow from the trace. */
const SHOWN_BY_IMAGES: readonly Mechanism[] = [
  'not-recovered',
  'torn-block',
  'metadata-lost',
  'content-lost',
  'stale-block-exposed',
  'reused-before-commit',
];

const needsImages = (signature: string): boolean =>
  SHOWN_BY_IMAGES.some((mechanism) => signature.endsWith(` ${mechanism}`));

/** Only what is wanted is confirmed by its image; the rest does not matter here. */
export function only(failure: Wanted | string): Confirmation {
  const wanted = wantedBy(failure);
  const { signature, plans } = wanted;
  const needs = needsImages(signature);
  return {
    isKnown: (promise, mechanism, symptom) =>
      !isWantedBy(wanted, signatureOf({ promise, mechanism }), symptom),
    everyInstance: false,
    images: needs ? IMAGES_THOROUGH : 0,
    recovers: signature.endsWith(' lost-in-recovery'),
    ...(needs ? { closely: { plans, stopsAtFirst: true } } : {}),
  };
}

/** What showed the failure last is tried first the next time. */
export function sameFailure(line: Line, failure: Wanted | string): StillFails {
  const wanted = wantedBy(failure);
  let { plans } = wanted;
  return (program, schedule) => {
    const scheduler = new ReplayScheduler(schedule, line.target.pointNames, 'lenient');
    const found = attemptFor(line, { ...wanted, plans }, scheduler)(program);
    if (found !== null && found.plan !== null) plans = [found.plan];
    return found;
  };
}

/** How many executions an exploration may take. */
const TRIES: Record<Where, number> = {
  'few-schedules': 48,
  'many-schedules': 1500,
  neighbours: 2000,
};

/** Runs a program under a scheduler and gives its failure with the signature, if it has one. */
export type Attempt = (program: Program) => Failure | null;

export function attemptFor(line: Line, failure: Wanted | string, scheduler: Scheduler): Attempt {
  const wanted = wantedBy(failure);
  const confirmation = only(wanted);
  return (program) => {
    for (let attempt = 0; attempt < line.target.pace.attempts; attempt++) {
      const { execution, verdict } = runOnce(line, program, scheduler, confirmation);
      const violation = verdict.violations.find((found) => isWanted(wanted, found));
      if (violation === undefined) continue;
      return failureOf(program, execution.schedule, execution.trace, violation);
    }
    return null;
  };
}

/** Explores with few context switches; a pure function of the program. */
export function exploreFailure(line: Line, wanted: Wanted | string): Explore {
  if (!line.target.pace.explores) return () => null;
  return (program, where) => {
    const choice = Prng.fromSeed(BigInt(`0x${hashText(printProgram(program))}`));
    // Few switches, and many: which of them meets the failure depends on how long its windows are.
    const attempts = [
      attemptFor(line, wanted, new PctScheduler(choice)),
      attemptFor(line, wanted, new RandomScheduler(choice.split())),
    ];
    return where === 'neighbours'
      ? simplestNeighbour(line.target, program, choice, attempts)
      : simplestSchedule(line.target, program, TRIES[where], attempts);
  };
}

/** Executions under one time limit of the target. */
const SLICE = 64;

/** The failures of many executions in a row, as far as there are any, and at most `enough`. */
export function failuresOf(
  target: Target,
  count: number,
  enough: number,
  attempt: (i: number) => Failure | null,
): Failure[] {
  const failures: Failure[] = [];
  for (let first = 0; first < count && failures.length < enough; first += SLICE) {
    const end = Math.min(first + SLICE, count);
    target.watch(() => {
      for (let i = first; i < end && failures.length < enough; i++) {
        const failure = attempt(i);
        if (failure !== null) failures.push(failure);
      }
    });
  }
  return failures;
}

function simplest(failures: readonly Failure[]): Failure | null {
  return failures.reduce<Failure | null>(
    (best, failure) => (best === null || isSimpler(failure, best) ? failure : best),
    null,
  );
}

function simplestSchedule(
  target: Target,
  program: Program,
  tries: number,
  attempts: readonly Attempt[],
): Failure | null {
  const count = program.threads.length === 1 ? 1 : tries; // one thread has one schedule
  return simplest(
    failuresOf(target, count, Infinity, (i) => at(attempts, i % attempts.length)(program)),
  );
}

function simplestNeighbour(
  target: Target,
  program: Program,
  choice: Prng,
  attempts: readonly Attempt[],
): Failure | null {
  const { geometry } = program;
  const { dialect } = target;
  const generator = new ProgramGenerator({ geometry, threadsMax: 1, opsMax: 1, dialect });
  const opsMax = opCount(program) + 4;
  const attempt = (i: number): Failure | null => {
    const neighbour = mutate(choice, generator, program, program, opsMax);
    if (neighbour.threads.length > program.threads.length) return null;
    return at(attempts, i % attempts.length)(neighbour);
  };
  return simplest(failuresOf(target, TRIES.neighbours, Infinity, attempt));
}

/** The starting point of a minimisation: an execution that failed, as it was recorded. */
export function failureOf(
  program: Program,
  schedule: Schedule,
  trace: Trace,
  violation: Violation,
): Failure {
  const started: number[] = [];
  for (let event = 0; event <= violation.event; event++) {
    if (trace.kind(event) === EVENT.op_enter) started.push(trace.op(event));
  }
  return { program, schedule: [...schedule], started, plan: violation.plan };
}
