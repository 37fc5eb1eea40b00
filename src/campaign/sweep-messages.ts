/**
 * What the controller of a bounded exhaustive run and its workers tell each other.
 */
import type { KernelSpec } from '../kernel/model-target.js';
import type { Settings } from '../run.js';
import type { KnownFailure } from './known.js';
import type { BatchDefect, BatchMisused, BatchRefused, FoundFinding } from './messages.js';
import type { SweepBounds, SweepCounts } from './sweep-counts.js';

/** What a worker is told once. */
export interface SweepSetup {
  readonly kernel: KernelSpec;
  readonly settings: Settings;
  readonly bounds: SweepBounds;
  /** One 32-bit counter, from which each worker takes its number. */
  readonly numbering: SharedArrayBuffer;
  /** Of the StopWord. */
  readonly stopping: SharedArrayBuffer;
  readonly stopOnFirst: boolean;
  readonly minimize: boolean;
}

/** Programs [from, to), each with all its schedules. */
export interface SweepOrder {
  readonly from: number;
  readonly to: number;
  readonly known: readonly KnownFailure[];
}

export interface SweepResult {
  readonly kind: 'swept';
  /** Programs [from, next) are done; what was begun of the next one does not count. */
  readonly next: number;
  readonly counts: SweepCounts;
  readonly findings: readonly FoundFinding[];
}

export type SweepAnswer = SweepResult | BatchDefect | BatchRefused | BatchMisused;
