/**
 * The promises that the oracle enforces, by the numbers of the project's promise list, and what a broken
 * one looks like as data.
 */
import type { CrashPlan } from '../crash/plan.js';
import type { Op } from '../program/op.js';
import { MS_ASYNC, OP } from '../program/op.js';
import type { Program } from '../program/program.js';
import type { Mechanism } from './mechanism.js';

export const PROMISES = {
  P0: 'the kernel neither warns nor crashes, and after any power failure the file system mounts',
  P1: 'read(2), write(2) and every shared mapping of a file show the same bytes',
  P3: 'fsync: all stores and writes before it, and the metadata, are on media',
  P4: 'fdatasync: all stores and writes before it, and what reading them needs, are on media',
  P5: 'msync(MS_SYNC): all stores before it in its range are on media',
  P6: 'sync: all stores and writes to any file before it are on media',
  P9: 'truncate and fallocate: freed blocks are reached by nobody, no file shows foreign or stale bytes',
  P13: 'pins: the block of a pinned page is not given away',
} as const;

export type PromiseId = keyof typeof PROMISES;

export function promiseOf(op: Op): PromiseId | null {
  switch (op.code) {
    case OP.fsync:
      return 'P3';
    case OP.fdatasync:
      return 'P4';
    case OP.msync:
      return (op.flags & MS_ASYNC) === 0 ? 'P5' : null;
    case OP.sync:
      return 'P6';
    default:
      return null;
  }
}

/** Bytes [from, to) of a file. */
export interface FileRange {
  readonly ino: number;
  readonly from: number;
  readonly to: number;
}

/** What a call promises by its name alone: sync all files, fsync its own; an msync has to say. */
export function wholeFiles(promise: PromiseId, ino: number, program: Program): FileRange[] {
  const { filePagesMax, pageSize } = program.geometry;
  const whole = (file: number): FileRange => ({ ino: file, from: 0, to: filePagesMax * pageSize });
  if (promise === 'P6') return program.files.map((_, file) => whole(file));
  return promise === 'P5' || ino < 0 ? [] : [whole(ino)];
}

/** A promise that was made: which call, and what it covers. */
export interface PromiseMade {
  readonly op: number;
  readonly task: number;
  /** The events of its start and of its successful return. */
  readonly begin: number;
  readonly end: number;
  readonly ranges: readonly FileRange[];
}

export interface Violation {
  readonly promise: PromiseId;
  /** How it came about; the signature is promise and mechanism. */
  readonly mechanism: Mechanism;
  /** The operation that made the promise or showed the fault; -1 if none did. */
  readonly op: number;
  /** The event at which the fault is certain; for crash states the cut. */
  readonly event: number;
  /** The file and the byte there that is wrong. */
  readonly ino: number;
  readonly offset: number;
  /** The store that was lost, or that is where it must not be; -1 if none. */
  readonly store: number;
  /** What was expected and found, in words. */
  readonly detail: string;
  /** The power failure that shows it; null for faults of the running kernel. */
  readonly plan: CrashPlan | null;
}

/** A violation but for the confirmation by its image. */
export type Candidate = Omit<Violation, 'plan'>;
