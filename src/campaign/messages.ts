/**
 * What the controller of a campaign and its workers tell each other: plain data, in one place.
 */
import type { Counts } from './counts.js';
import type { KnownFailure } from './known.js';
import type { Settings } from '../run.js';
import type { KernelSpec } from '../kernel/model-target.js';
import type { Reproducer } from '../finding/reproducer.js';

export type SchedulerName = 'mixed' | 'random' | 'pct' | 'exhaustive';

/** What a worker is told once. */
export interface WorkerSetup {
  readonly kernel: KernelSpec;
  readonly settings: Settings;
  /** 64-bit, decimal. */
  readonly seed: string;
  readonly scheduler: SchedulerName;
  /** Programs that show something new are kept and mutated. */
  readonly guidance: boolean;
  /** Findings are made as small as they get before they are reported. */
  readonly minimize: boolean;
  readonly threadsMax: number;
  readonly opsMax: number;
  /** Texts of the programs to start from; each is executed once, by one of the workers. */
  readonly corpus: readonly string[];
  readonly workers: number;
  /** COVERAGE_PLACES bytes, shared by all workers. */
  readonly coverage: SharedArrayBuffer;
  /** One 32-bit counter, from which each worker takes its number. */
  readonly numbering: SharedArrayBuffer;
  /** Of the StopWord. */
  readonly stopping: SharedArrayBuffer;
  readonly stopOnFirst: boolean;
}

/** One batch of executions. */
export interface BatchOrder {
  readonly executions: number;
  /** What has been filed. */
  readonly known: readonly KnownFailure[];
  /** Programs that other workers found worth keeping. */
  readonly corpus: readonly string[];
}

/** Stands in a worker's report for the path of the reproducer, which the controller chooses. */
export const FILE_PLACEHOLDER = '@FILE@';

export interface FoundFinding {
  readonly reproducer: Reproducer;
  readonly failure: KnownFailure;
  /** With FILE_PLACEHOLDER where the path goes. */
  readonly report: string;
  /** Executions of this batch up to and including the one that failed. */
  readonly afterExecutions: number;
}

export interface BatchResult extends Readonly<Counts> {
  readonly kind: 'done';
  /** In how many executions each mark of the target was taken, by its number. */
  readonly marks: readonly number[];
  /** Texts of programs that showed something new. */
  readonly corpus: readonly string[];
  readonly findings: readonly FoundFinding[];
}

/** The worker met a defect of daxfuzz; its batch does not count, but what it found before does. */
export interface BatchDefect {
  readonly kind: 'defect';
  readonly message: string;
  /** Number of the execution in the worker's stream, and the program. */
  readonly execution: number;
  readonly program: string;
  readonly findings: readonly FoundFinding[];
}

/** The machine does not let the worker work (no memory, no native module). */
export interface BatchRefused {
  readonly kind: 'refused';
  readonly message: string;
  readonly findings: readonly FoundFinding[];
}

/** A kernel module of the user's did something wrong. */
export interface BatchMisused {
  readonly kind: 'misused';
  readonly message: string;
  /** Lines that go with it: the program. */
  readonly details: string;
  readonly findings: readonly FoundFinding[];
}

export type BatchAnswer = BatchResult | BatchDefect | BatchRefused | BatchMisused;
