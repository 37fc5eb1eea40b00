/**
 * The whole of daxfuzz in one function: read this first.
 *
 *     program -> schedule -> kernel -> trace -> persistency -> crash -> oracle -> verdict
 *
 * A target runs the program under a scheduler and leaves a trace. The judge folds the trace once: the
 * persistency model says what every power cut could leave on media, the oracle says what it had to leave.
 * What is wrong comes back as violations, each with a concrete power failure that shows it. Findings,
 * minimisation and reports (finding/, minimize/, report/) only ever call this function again.
 *
 * It is a pure function of its input: no clock, no randomness of its own, nothing kept from earlier calls
 * but buffers.
 */
import type { PersistencyOptions } from './persistency/history.js';
import { noteAlarm, noteBroken } from './oracle/alarm.js';
import type { Judge } from './oracle/judge.js';
import { CONFIRM_ALL, noVerdict } from './oracle/state.js';
import type { Confirmation, Verdict } from './oracle/state.js';
import type { Program } from './program/program.js';
import type { Scheduler } from './schedule/scheduler.js';
import type { FilesystemName, RealSettings } from './target/real.js';
import type { Execution, Target } from './target/target.js';

/** How power can fail, and what the disk under test looks like; the same for all runs of a campaign. */
export interface Settings extends PersistencyOptions {
  readonly fs: FilesystemName;
  /** Are invariants of the running kernel checked, too? They are no promises, and off unless asked for. */
  readonly invariants?: boolean;
  /** Only for real kernels. */
  readonly real?: RealSettings;
}

export const DEFAULT_SETTINGS: Settings = Object.freeze({
  persistency: 'line',
  domain: 'adr',
  fs: 'ext4',
});

export interface Outcome {
  readonly execution: Execution;
  readonly verdict: Verdict;
}

/** What runs are made of, kept from one to the next for its buffers. */
export interface Line {
  readonly target: Target;
  readonly judge: Judge;
  readonly settings: Settings;
}

/** Executes the program under the scheduler and judges every cut and survivor set of it. */
export function runOnce(
  line: Line,
  program: Program,
  scheduler: Scheduler,
  confirmation: Confirmation = CONFIRM_ALL,
): Outcome {
  const execution = line.target.execute(program, scheduler);
  const verdict = judged(line, program, execution, confirmation);
  noteAlarm(verdict, execution, confirmation);
  noteBroken(verdict, execution, confirmation);
  return { execution, verdict };
}

function judged(
  { judge, settings, target }: Line,
  program: Program,
  { trace, disk }: Execution,
  confirmation: Confirmation,
): Verdict {
  if (disk === null) return noVerdict();
  const { isKnown, everyInstance, images, closely, recovers } = confirmation;
  const { recoverMetadata } = target;
  const asks = recovers === true && recoverMetadata !== undefined;
  return judge.judge(program, trace, disk, {
    isKnown,
    everyInstance,
    images,
    closely,
    recover: asks ? (metadata) => recoverMetadata(program, metadata) : undefined,
    persistency: settings.persistency,
    domain: settings.domain,
    contract: target.contract,
    invariants: settings.invariants === true,
  });
}
