/**
 * The public API, for scripts that use daxfuzz as a library; nothing inside daxfuzz imports this file.
 *
 *     const target = ModelTarget.of(resolveKernel('mainline', ['A1']));
 *     const line = { target, judge: new Judge(new Image()), settings: DEFAULT_SETTINGS };
 *     const scheduler = new RandomScheduler(Prng.fromSeed(1n));
 *     const { execution, verdict } = runOnce(line, parseProgram(text), scheduler);
 *     for (const violation of verdict.violations) console.log(signatureOf(violation), violation.detail);
 *
 * A line is made once and used for many runs. `execution.trace` and `execution.schedule` belong to it and
 * are overwritten by its next run: copy or print what is to be kept. Violations are fresh objects.
 *
 * Everything here is synchronous and a pure function of its input. What is wrong with an input is thrown as
 * UsageError. Campaigns, with their worker threads and mapped files, are the command line's: `daxfuzz run`.
 */
import reproducerSchema from './finding/reproducer.schema.json';

// --- the line: program -> schedule -> kernel -> trace -> persistency -> crash -> oracle -------------

export { DEFAULT_SETTINGS, runOnce } from './run.js';
export type { Line, Outcome, Settings } from './run.js';

// --- programs ---------------------------------------------------------------------------------------

export { parseProgram, printProgram } from './program/text.js';
export type { Program } from './program/program.js';

// --- schedules: recorded ones, and strategies that make them up -------------------------------------

export { parseSchedule, printSchedule } from './schedule/text.js';
export type { Schedule, Switch } from './schedule/schedule.js';
/**
 * Follows a recorded schedule: strictly (`end()` after the run says whether all of it was used), or
 * leniently on another kernel or a changed program.
 */
export { ReplayScheduler } from './schedule/replay.js';
export { RandomScheduler } from './schedule/random.js';
export { PctScheduler } from './schedule/pct.js';
export type { Scheduler } from './schedule/scheduler.js';
/** The source of all choice: `Prng.fromSeed(1n)`. */
export { Prng } from './support/prng.js';

// --- what is tested ---------------------------------------------------------------------------------

/** `resolveKernel` takes the path of a module, too. */
export { ModelTarget, resolveKernel } from './kernel/model-target.js';
export type { KernelSpec } from './kernel/model-target.js';
/** What `daxfuzz kernels` lists. */
export { PRESETS } from './kernel/presets.js';
export type { Preset } from './kernel/presets.js';
/** What `daxfuzz bugs` lists. */
export { BUGS } from './kernel/bugs.js';
export type { Bug } from './kernel/bugs.js';
/**
 * Of a kernel variant in a module of its own (`--kernel ./my-fix.js`): what it exports, and what its
 * functions see. It imports types only: `import type { KernelVariant } from 'daxfuzz'`.
 */
export type { KernelVariant, Replace } from './kernel/kernel-variant.js';
export type { KernelFunctions } from './kernel/functions.js';
export type { Kernel } from './kernel/kernel.js';
export type { Kit } from './kernel/kit.js';
export type { FaultResult, Inode, Run, Task, Vma, VmFault } from './kernel/types.js';
export type {
  BrokenInvariant,
  Contract,
  Execution,
  Invariant,
  StuckTask,
  Target,
} from './target/target.js';
export { printTrace } from './trace/text.js';
export type { Trace } from './trace/trace.js';

// --- the verdict ------------------------------------------------------------------------------------

export { Judge } from './oracle/judge.js';
/** The media that a judge works on; without an argument in plain memory. */
export { Image } from './media/image.js';
export type { Verdict } from './oracle/state.js';
/** The promises that are enforced, by number, each in one sentence. */
export { PROMISES } from './oracle/promise.js';
export type { PromiseId, Violation } from './oracle/promise.js';
export type { CrashPlan } from './crash/plan.js';

// --- findings and reproducers -----------------------------------------------------------------------

export { signatureOf, titleOf } from './finding/finding.js';
export type { Finding, FindingSetup } from './finding/finding.js';
export {
  parseReproducer,
  printReproducer,
  programOf,
  scheduleOf,
  setupOf,
  toReproducer,
} from './finding/reproducer.js';
export type { Reproducer } from './finding/reproducer.js';

// --- JSON Schemas, draft-07 -------------------------------------------------------------------------

/** Of a reproducer file. */
export const REPRODUCER_SCHEMA: object = reproducerSchema;
/** Of what each verb prints with `--json`. */
export { OUTPUT_SCHEMAS } from './cli/schemas.js';
export type { JsonVerb } from './cli/schemas.js';

// --- errors and version -----------------------------------------------------------------------------

export { Defect, EnvironmentError, UsageError } from './support/assert.js';
export { VERSION } from './support/version.js';
