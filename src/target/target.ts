/**
 * What is tested: something that runs programs and leaves traces. The model kernel is one target, a real
 * kernel under QEMU another; everything after the trace is ignorant of which one ran.
 */
import type { Disk } from '../media/disk.js';
import type { Dialect } from '../program/dialect.js';
import type { Program } from '../program/program.js';
import type { Schedule } from '../schedule/schedule.js';
import type { Scheduler } from '../schedule/scheduler.js';
import type { Trace } from '../trace/trace.js';

/** What the software under test promises beyond its file system's manual: configuration, not code. */
export interface Contract {
  /**
   * Whether later fsyncs cover what a device writes through a pin after the page was cleaned. Linux does not
   * claim that (A11); a kernel that does is held to it.
   */
  readonly tracksDma: boolean;
}

export const LINUX_CONTRACT: Contract = Object.freeze({ tracksDma: false });

/** An operation that never returned, and the point at which its task waits. */
export interface StuckTask {
  readonly task: number;
  readonly op: number;
  readonly point: number;
}

/** What the software under test said or did that needs no trace to be wrong. */
export interface Alarm {
  /** It went on after a warning, crashed, or came to a standstill. */
  readonly kind: 'warned' | 'crashed' | 'hung';
  /** In one line. */
  readonly text: string;
}

/** Invariants of the running kernel that only its own state shows, by the numbers of the project's list. */
export type KernelInvariant = 'I1' | 'I2' | 'I4' | 'I6' | 'I7';
/** The same with those that a trace shows. */
export type Invariant = KernelInvariant | 'I5' | 'I8' | 'I10';

/** The first time in an execution that an invariant did not hold. */
export interface BrokenInvariant {
  readonly invariant: Invariant;
  /** The operation after one of whose steps it was seen, and the last event by then. */
  readonly op: number;
  readonly event: number;
  /** The file and the byte at which its page begins; -1 where it is about neither. */
  readonly ino: number;
  readonly offset: number;
  /** What was found there, in words. */
  readonly found: string;
}

/** A branch of the software under test that is rare and legal: a retry, a fallback, a race that was lost. */
export interface Mark {
  /** `function:what`. */
  readonly name: string;
  readonly text: string;
}

/** One execution. Trace and schedule belong to the target and are overwritten by the next one. */
export interface Execution {
  /** The disk as it was when the trace began; null when there is no trace that could be judged. */
  readonly disk: Disk | null;
  readonly trace: Trace;
  readonly schedule: Schedule;
  readonly stuck: readonly StuckTask[];
  /** Until it is asked for: mounting images of the disk may lead to more. */
  readonly alarm: Alarm | null;
  /** Empty where nobody looks. */
  readonly broken: readonly BrokenInvariant[];
  /** Preemption points that its tasks passed; 0 where there are none. */
  readonly points: number;
  /** Numbers of the target's marks that were taken, each once. */
  readonly marks: readonly number[];
  /** Why the trace is not to be trusted; null if it is. */
  readonly discarded: string | null;
}

/** What an execution costs and whether it repeats: how much others may ask of a target. */
export interface Pace {
  /** Executions between two looks at what a campaign has found. */
  readonly batch: number;
  /** Executions that have to hold before a failure counts as gone. */
  readonly attempts: number;
  /** May the minimiser run thousands of programs that were not asked for? */
  readonly explores: boolean;
  /** Does a trace say by which mechanism a promise was broken? If not, one signature can have many causes. */
  readonly tellsCauses: boolean;
}

export const MODEL_PACE: Pace = Object.freeze({
  batch: 2000,
  attempts: 1,
  explores: true,
  tellsCauses: true,
});
export const REAL_PACE: Pace = Object.freeze({
  batch: 25,
  attempts: 3,
  explores: false,
  tellsCauses: false,
});

/** What a kernel did at mount about the metadata that a power failure left. */
export interface Recovered {
  /** Belongs to the target, and is overwritten by the next one. */
  readonly trace: Trace;
  /** 0, or an errno. */
  readonly result: number;
}

export interface Target {
  readonly pace: Pace;
  readonly contract: Contract;
  /** What programs for it are drawn from. */
  readonly dialect: Dialect;
  /** Names of the preemption points that schedules refer to. */
  readonly pointNames: readonly string[];
  /** What executions may say of themselves, by number; empty where nothing is marked. */
  readonly marks: readonly Mark[];
  execute(program: Program, scheduler: Scheduler): Execution;
  /** Mounts metadata that a program's execution left; targets whose mounts leave no trace have none. */
  readonly recoverMetadata?: (program: Program, metadata: Uint8Array) => Recovered;
  /**
   * Runs something that executes a few programs, so that a limit on their time costs little.
   * Null if they were stopped on the way, and nobody is to blame.
   */
  watch<T>(body: () => T): T | null;
  /** What came up while a program was executed or its trace judged, as the error of whom it is due to. */
  blame(error: unknown): unknown;
  /** Back to the state in which a new target is, where executions depend on what was executed before. */
  restart(): void;
  /** Gives back what the target holds outside of this process. */
  close(): void;
}
