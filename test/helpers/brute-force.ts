/**
 * The fast checker against the plain one, on random small programs: pages of one cache line, files of two
 * pages, so that every crash state of every cut can be built and read back.
 */
import { freshDisk } from '../../src/media/fresh.js';
import { BUGS } from '../../src/kernel/bugs.js';
import { ModelTarget } from '../../src/kernel/model-target.js';
import { POISON_BUGS } from '../../src/kernel/poison-bugs.js';
import { PRESETS } from '../../src/kernel/presets.js';
import type { KnobName } from '../../src/kernel/variant.js';
import { MAINLINE_KNOBS, withKnobs } from '../../src/kernel/variant.js';
import { Image } from '../../src/media/image.js';
import { compareCheckers } from '../../src/oracle/compare.js';
import { Judge } from '../../src/oracle/judge.js';
import type { Violation } from '../../src/oracle/promise.js';
import type { JudgeOptions } from '../../src/oracle/state.js';
import type { Dialect } from '../../src/program/dialect.js';
import { MODEL_DIALECT, SHARING_DIALECT } from '../../src/program/dialect.js';
import type { Program } from '../../src/program/program.js';
import { ProgramGenerator } from '../../src/program/generate.js';
import type { OpCode } from '../../src/program/op.js';
import { makeOp, O_DIRECT, O_DSYNC, OP } from '../../src/program/op.js';
import { printProgram } from '../../src/program/text.js';
import { PctScheduler } from '../../src/schedule/pct.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import type { Schedule } from '../../src/schedule/schedule.js';
import { printSchedule } from '../../src/schedule/text.js';
import type { Choice } from '../../src/support/choice.js';
import { chance, pick } from '../../src/support/choice.js';
import { Prng } from '../../src/support/prng.js';
import { withoutEvent } from './traces.js';
import { EVENT } from '../../src/trace/event.js';
import type { Trace } from '../../src/trace/trace.js';

const GEOMETRY = { pageSize: 64, pmdPages: 2, filePagesMax: 2, blockCount: 6 };
/** All that the model has, which is more than its campaigns draw. */
const DIALECT: Dialect = {
  operations: new Set([...MODEL_DIALECT.operations, OP.syncfs, OP.freeze, OP.thaw]),
  flagsBounds: new Map([...MODEL_DIALECT.flagsBounds, [OP.pwrite, O_DIRECT + O_DSYNC + 1]]),
  varies: new Set([OP.pwrite]),
};
/** Programs with a cut of more states are left out, and counted. */
const STATES_MAX = 4096;
/** Wrong in ways that no catalogued bug is. */
const EXTRA_KNOBS: readonly (readonly KnobName[])[] = [
  ['allocateWithoutZeroing'],
  ['fdatasyncSkipsCommit'],
  ['reuseBeforeCommit'],
  ['cleanWithoutTlbFlush'],
  ['removedStaysMapped'],
  ['removedStaysMapped', 'cleanWithoutWriteProtect'],
];

interface Subject {
  readonly name: string;
  readonly target: ModelTarget;
}

/** Kernels that break promises often: two thirds of all programs run on one of them. */
const FRAGILE = ['linux-4.0', 'dax-v8', 'dax-v2', 'plexistor'];

function subjects(): Subject[] {
  const presets = PRESETS.map(({ name }) => ({ name, spec: { kernel: name, bugs: [] } }));
  const bugs = BUGS.map(({ id }) => ({ name: id, spec: { kernel: 'mainline', bugs: [id] } }));
  return [
    ...FRAGILE.flatMap((name) =>
      Array.from({ length: 16 }, () => ({
        name,
        target: ModelTarget.of({ kernel: name, bugs: [] }),
      })),
    ),
    ...[...presets, ...bugs].map(({ name, spec }) => ({ name, target: ModelTarget.of(spec) })),
    ...EXTRA_KNOBS.map((knobs) => ({
      name: knobs.join('+'),
      target: new ModelTarget(withKnobs(MAINLINE_KNOBS, knobs)),
    })),
  ];
}

/** A kernel that no knob makes: one of its write-backs or fences is missing. */
function withoutSomeFence(trace: Trace, choice: Choice): Trace {
  const places: number[] = [];
  for (let event = 0; event < trace.length; event++) {
    const kind = trace.kind(event);
    if (kind === EVENT.flush || kind === EVENT.fence) places.push(event);
  }
  return places.length === 0 ? trace : withoutEvent(trace, pick(choice, places));
}

type CheckerOptions = Pick<JudgeOptions, 'domain' | 'persistency' | 'contract'>;

function drawOptions(choice: Choice, { contract }: ModelTarget): CheckerOptions {
  return {
    domain: choice.below(4) > 0 ? 'adr' : 'eadr',
    persistency: choice.below(3) === 0 ? 'location' : 'line',
    contract,
  };
}

/** A disagreement, with everything to see it again. */
function textOf(
  where: string,
  difference: string,
  program: Program,
  schedule: Schedule,
  { pointNames }: ModelTarget,
): string {
  const recorded = printSchedule(schedule, pointNames);
  return [where, difference, printProgram(program), recorded].join('\n');
}

function violationsOf(
  judge: Judge,
  program: Program,
  trace: Trace,
  options: CheckerOptions,
): readonly Violation[] {
  const confirm = { isKnown: () => false, everyInstance: true, images: 0 };
  return judge.judge(program, trace, freshDisk(program), { ...options, ...confirm }).violations;
}

export interface Comparison {
  /** Programs judged by both checkers. */
  readonly compared: number;
  /** Left out: too many crash states to build them all. */
  readonly tooLarge: number;
  /** Programs in which the checkers saw a broken promise or an exposed file. */
  readonly broken: number;
  /** The first disagreement, with everything to see it again; null if there is none. */
  readonly difference: string | null;
}

export function compareOnRandomPrograms(
  seed: bigint,
  programs: number,
  onProgress: (done: number) => void = () => undefined,
): Comparison {
  const choice = Prng.fromSeed(seed);
  const bounds = { geometry: GEOMETRY, threadsMax: 2, opsMax: 10 };
  const generator = new ProgramGenerator({ ...bounds, dialect: DIALECT });
  const schedulers = [new RandomScheduler(choice.split()), new PctScheduler(choice.split())];
  const judge = new Judge(new Image());
  const kernels = subjects();
  let compared = 0;
  let tooLarge = 0;
  let broken = 0;
  for (let i = 0; i < programs; i++) {
    const { name, target } = kernels[i % kernels.length] as Subject;
    const program = generator.generate(choice);
    const { trace, schedule } = target.execute(program, schedulers[i & 1] as RandomScheduler);
    const options = drawOptions(choice, target);
    const judged = chance(choice, 1, 4) ? withoutSomeFence(trace, choice) : trace;
    const difference = compareCheckers(judge, program, judged, options, STATES_MAX);
    if (difference === 'too large') {
      tooLarge++;
    } else if (difference !== null) {
      const what = judged === trace ? '' : ', a flush or fence left out';
      const where = `program ${i} of seed ${seed}, kernel ${name}${what}, ${options.domain}, ${options.persistency}`;
      const found = textOf(where, difference, program, schedule, target);
      return { compared, tooLarge, broken, difference: found };
    } else {
      compared++;
      if (violationsOf(judge, program, judged, options).length > 0) broken++;
    }
    onProgress(i + 1);
  }
  return { compared, tooLarge, broken, difference: null };
}

/** What `compareOnSharedBlocks` says besides. */
export interface SharedComparison extends Comparison {
  /** Programs that broke something on a kernel without a bug. */
  readonly brokenOnMainline: number;
}

/** The same on a file system that shares blocks: mainline, and one kernel for each bug that needs them. */
export function compareOnSharedBlocks(
  seed: bigint,
  programs: number,
  onProgress: (done: number) => void = () => undefined,
): SharedComparison {
  const choice = Prng.fromSeed(seed);
  const geometry = { ...GEOMETRY, blockCount: 8 };
  const { load, store, fsync, sync, pwrite, ftruncate, fallocate, reflink, reflink_range } = OP;
  const only = new Set<OpCode>([load, store, fsync, sync, pwrite, ftruncate, fallocate]);
  for (const code of [reflink, reflink_range]) only.add(code);
  const bounds = { geometry, threadsMax: 2, opsMax: 12, dialect: SHARING_DIALECT, only };
  const generator = new ProgramGenerator(bounds);
  const schedulers = [new RandomScheduler(choice.split()), new PctScheduler(choice.split())];
  const judge = new Judge(new Image());
  const ids = BUGS.filter(({ sharedBlocks }) => sharedBlocks === true).map(({ id }) => [id]);
  const kernels = [[], ...ids].map((bugs) => ({
    bugs,
    target: ModelTarget.of({ kernel: 'mainline', bugs }, 'xfs-reflink'),
  }));
  const counts = { compared: 0, tooLarge: 0, broken: 0, brokenOnMainline: 0 };
  for (let i = 0; i < programs; i++) {
    onProgress(i);
    const { bugs, target } = kernels[i % kernels.length] as (typeof kernels)[number];
    const program = cloned(generator.generate(choice));
    const { trace, schedule } = target.execute(program, schedulers[i & 1] as RandomScheduler);
    const options = drawOptions(choice, target);
    const difference = compareCheckers(judge, program, trace, options, STATES_MAX);
    if (difference === 'too large') {
      counts.tooLarge++;
      continue;
    }
    if (difference !== null) {
      const what = `program ${i} of seed ${seed}, bugs ${bugs.join()}, ${JSON.stringify(options)}`;
      return { ...counts, difference: textOf(what, difference, program, schedule, target) };
    }
    counts.compared++;
    const violations = violationsOf(judge, program, trace, options);
    if (violations.length === 0) continue;
    counts.broken++;
    if (bugs.length === 0) counts.brokenOnMainline++;
  }
  return { ...counts, difference: null };
}

/** What `compareOnMediaErrors` says besides. */
export interface MediaComparison extends Comparison {
  /** Programs in which a crash state shows destroyed bytes, on kernels with a bug and on mainline. */
  readonly destroyed: number;
  readonly destroyedOnMainline: number;
  /** Programs in which a media error struck. */
  readonly struck: number;
}

/** The same where memory goes bad: mainline, each bug about that, and any of these without a fence. */
export function compareOnMediaErrors(seed: bigint, programs: number): MediaComparison {
  const choice = Prng.fromSeed(seed);
  const { load, store, fsync, sync, pwrite, pread, ftruncate, fallocate, poison } = OP;
  const only = new Set<OpCode>([load, store, fsync, sync, pwrite, pread, ftruncate, fallocate]);
  only.add(poison);
  const bounds = { geometry: GEOMETRY, threadsMax: 2, opsMax: 9, only };
  const generator = new ProgramGenerator(bounds);
  const schedulers = [new RandomScheduler(choice.split()), new PctScheduler(choice.split())];
  const judge = new Judge(new Image());
  const kernels = [[], ...POISON_BUGS.map(({ id }) => [id])].map((bugs) => ({
    bugs,
    target: ModelTarget.of({ kernel: 'mainline', bugs }),
  }));
  const counts = {
    compared: 0,
    tooLarge: 0,
    broken: 0,
    struck: 0,
    destroyed: 0,
    destroyedOnMainline: 0,
  };
  for (let i = 0; i < programs; i++) {
    const { bugs, target } = kernels[i % kernels.length] as (typeof kernels)[number];
    const program = mended(generator.generate(choice), choice);
    const { trace, schedule } = target.execute(program, schedulers[i & 1] as RandomScheduler);
    const options = drawOptions(choice, target);
    const judged = chance(choice, 1, 4) ? withoutSomeFence(trace, choice) : trace;
    const difference = compareCheckers(judge, program, judged, options, STATES_MAX / 8);
    if (difference === 'too large') {
      counts.tooLarge++;
      continue;
    }
    if (difference !== null) {
      const what = `program ${i} of seed ${seed}, bugs ${bugs.join()}, ${JSON.stringify(options)}`;
      return { ...counts, difference: textOf(what, difference, program, schedule, target) };
    }
    counts.compared++;
    if (strikes(trace)) counts.struck++;
    const violations = violationsOf(judge, program, judged, options);
    if (violations.length > 0) counts.broken++;
    if (!violations.some(({ promise, plan }) => promise === 'P15' && plan !== null)) continue;
    if (bugs.length === 0 && judged === trace) counts.destroyedOnMainline++;
    else counts.destroyed++;
  }
  return { ...counts, difference: null };
}

function strikes(trace: Trace): boolean {
  for (let event = 0; event < trace.length; event++) {
    if (trace.kind(event) === EVENT.media_error) return true;
  }
  return false;
}

/** The same program with a page that goes bad and is written as a whole; left to chance, few have one. */
function mended(program: Program, choice: Choice): Program {
  const { pageSize } = program.geometry;
  const page = choice.below(2);
  const whole = { target: 0, offset: page * pageSize, length: pageSize };
  const threads = program.threads.map((ops) => [...ops]);
  const [first = []] = threads;
  first.splice(program.spawnAfter, 0, makeOp('pwrite', whole));
  const thread = threads[choice.below(threads.length)] ?? first;
  thread.push(makeOp('poison', { target: 0, offset: page, length: 1 }));
  thread.push(makeOp('pwrite', whole));
  if (chance(choice, 1, 2)) thread.push(makeOp('fsync', { target: 0 }));
  return { ...program, threads, spawnAfter: program.spawnAfter + 1 };
}

/** The same program, but that its files begin with shared blocks: left to chance, few of them have any. */
function cloned(program: Program): Program {
  const [first = [], ...others] = program.threads;
  const at = program.spawnAfter;
  const clone = [
    makeOp('open', { target: 1, source: program.files.length - 1 }),
    makeOp('pwrite', { target: 0, length: program.geometry.pageSize }),
    makeOp('reflink', { target: 1, source: 0 }),
    makeOp('reflink_range', {
      target: 0,
      offset: program.geometry.pageSize,
      length: program.geometry.pageSize,
    }),
    makeOp('sync'),
  ];
  const threads = [[...first.slice(0, at), ...clone, ...first.slice(at)], ...others];
  return { ...program, threads, spawnAfter: at + clone.length };
}
