/**
 * Runs a kernel variant that is not ours. What its functions do wrong is its author's error, with the place
 * and the program, and neither a finding nor a defect of daxfuzz: what they throw, loops without an end, and
 * results that depend on more than program and schedule.
 */
import type { Program } from '../program/program.js';
import { printProgram } from '../program/text.js';
import { ReplayScheduler } from '../schedule/replay.js';
import type { Schedule } from '../schedule/schedule.js';
import type { Scheduler } from '../schedule/scheduler.js';
import { EnvironmentError, messageOf, UsageError } from '../support/assert.js';
import { runsWithin } from '../support/time-limit.js';
import type { KernelFunctions } from './functions.js';
import { Guard } from './guard.js';
import type { Kernel } from './kernel.js';
import { withReplaced } from './kernel-variant.js';
import { KIT } from './kit.js';
import type { LoadedModule } from './module.js';
import { withPlace } from './module.js';
import { POINT_NAMES } from './points.js';

/** An execution that takes longer than this does not end. */
const EXECUTION_MS_MAX = 10_000;
/** One of so many executions is repeated, and must leave the same trace. */
const REPEATED_OF = 64;

/** What executes: one kernel, whose schedule so far is there also when an execution does not end. */
export interface Runner {
  readonly switches: Schedule;
  run(program: Program, scheduler: Scheduler): void;
  hash(): string;
}

export class Supervisor {
  /** The table of the variant's kernel. */
  readonly functions: KernelFunctions<Kernel>;
  private readonly file: string;
  private readonly guard: Guard;
  /** Is a time limit running? */
  private watching = false;
  private program: Program | null = null;
  private executions = 0;

  /** @throws UsageError when the variant's functions are none. */
  constructor({ file, variant }: LoadedModule, original: KernelFunctions<Kernel>) {
    this.file = file;
    this.guard = new Guard(file);
    const tracked = this.guard.tracked(original);
    const kit = this.guard.tracked(KIT);
    const replaced = this.ask(() => variant.functions(tracked, kit));
    this.functions = withReplaced(original, this.guard.guarded(replaced, original));
  }

  /** Runs something that executes a few programs under one time limit; otherwise each has its own. */
  watch<T>(runner: Runner, body: () => T): T | null {
    let result: T | null = null;
    let ended: boolean;
    this.watching = true;
    try {
      ended = runsWithin(EXECUTION_MS_MAX, () => {
        result = body();
      });
    } finally {
      this.watching = false;
    }
    if (!ended) this.tryAgain(runner);
    return result;
  }

  /** @throws UsageError for whatever the variant does wrong. */
  execute(runner: Runner, program: Program, scheduler: Scheduler): void {
    this.program = program;
    this.limited(runner, () => this.executeOnce(runner, program, scheduler));
    if (this.executions++ % REPEATED_OF === 0) this.repeat(runner, program);
  }

  /** What stopped an execution, or the judging of it, made the error of whoever wrote the variant. */
  blame(error: unknown): unknown {
    if (error instanceof EnvironmentError) return error;
    if (error instanceof UsageError) {
      const isOurs = error.message.startsWith(`${this.file}: `) && error.details === '';
      return isOurs ? this.refuse(error.message.slice(this.file.length + 2)) : error;
    }
    return this.refuse(
      `after it ran, daxfuzz stopped with "${messageOf(error)}"; a function that leaves an entry locked, ` +
        'a semaphore held or a handle open can do that',
    );
  }

  /** Under the time limit that runs already, or one of its own; null if it was stopped. */
  private limited<T>(runner: Runner, body: () => T): T | null {
    return this.watching ? body() : this.watch(runner, body);
  }

  private executeOnce(runner: Runner, program: Program, scheduler: Scheduler): void {
    this.guard.begin();
    try {
      runner.run(program, scheduler);
      this.guard.end();
    } catch (error) {
      throw this.blame(error);
    }
  }

  /** Nothing may differ when an execution is run again under the schedule that it took. */
  private repeat(runner: Runner, program: Program): void {
    const hash = runner.hash();
    const scheduler = new ReplayScheduler([...runner.switches], POINT_NAMES, 'strict');
    const same = this.limited(runner, () => {
      try {
        this.guard.begin();
        runner.run(program, scheduler);
        scheduler.end();
        return runner.hash() === hash;
      } catch {
        return false; // the schedule could not be followed, or a function throws that did not before
      }
    });
    if (same !== false) return;
    throw this.refuse(
      'its functions are not pure: an execution went another way when it was run again under the same schedule',
    );
  }

  /**
   * Something has not ended in time. The machine may have been asleep: up to its last switch the execution
   * can be run again, and if it ends then, the variant is not to blame.
   */
  private tryAgain(runner: Runner): void {
    const { program } = this;
    const { inside } = this.guard;
    if (program === null) return;
    const scheduler = new ReplayScheduler([...runner.switches], POINT_NAMES, 'lenient');
    this.guard.begin();
    if (runsWithin(EXECUTION_MS_MAX, () => runner.run(program, scheduler))) return;
    throw this.refuse(
      `${inside === '' ? 'an execution' : inside} does not end within ${EXECUTION_MS_MAX / 1000} s; ` +
        'a loop that waits for another thread must sleep or yield',
    );
  }

  private refuse(what: string): UsageError {
    const details = this.program === null ? '' : `the program:\n\n${printProgram(this.program)}`;
    return new UsageError(`${this.file}: ${what}`, details);
  }

  /** What `functions` gives, which is code of the user's, too. */
  private ask(make: () => unknown): unknown {
    let replaced: unknown;
    let ended: boolean;
    try {
      ended = runsWithin(EXECUTION_MS_MAX, () => {
        replaced = make();
      });
    } catch (error) {
      throw new UsageError(`${this.file}: functions() throws ${withPlace(error, this.file)}`);
    }
    if (!ended) throw new UsageError(`${this.file}: functions() does not end`);
    return replaced;
  }
}
