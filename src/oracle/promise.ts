/**
 * The promises that the oracle enforces, by the numbers of the project's promise list, and what a broken
 * one looks like as data.
 */
import type { CrashPlan } from '../crash/plan.js';
import type { Op } from '../program/op.js';
import { MS_ASYNC, O_DSYNC, OP } from '../program/op.js';
import type { Layout } from '../media/layout.js';
import type { Mechanism } from './mechanism.js';

export const PROMISES = {
  P0: 'the kernel neither warns nor crashes, and after any power failure the file system mounts',
  P1: 'read(2), write(2) and every shared mapping of a file show the same bytes',
  P2: 'write with O_DSYNC: what it wrote, and what reading that needs, are on media',
  P3: 'fsync: all stores and writes before it, and the metadata, are on media',
  P4: 'fdatasync: all stores and writes before it, and what reading them needs, are on media',
  P5: 'msync(MS_SYNC): all stores before it in its range are on media',
  P6: 'sync, syncfs and umount: all stores and writes to any file before it are on media',
  P8: 'MAP_SYNC: a store whose line the program has written back and fenced is on media, in its file',
  P9: 'truncate and fallocate: freed blocks are reached by nobody, no file shows foreign or stale bytes',
  P10: 'times: the first store after a sync changes mtime and ctime, and fsync makes them durable',
  P12: 'freeze: what the files show when it returns is on media, and stays as it is until thaw',
  P13: 'pins: a pinned page keeps its block, and no page of a file is pinned for any length of time',
  P14: 'removal: what was promised stays, nobody reaches the device, and calls that need it fail',
  P15: 'media errors: what they destroy is never read as good, and who touches it is told',
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
    case OP.syncfs:
    case OP.umount:
      return 'P6';
    case OP.pwrite:
      return (op.flags & O_DSYNC) !== 0 ? 'P2' : null;
    case OP.freeze:
      return 'P12';
    case OP.user_flush:
      return 'P8';
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

/** What a call promises by its name alone: sync all files, fsync its own; the others have to say. */
export function wholeFiles(promise: PromiseId, ino: number, layout: Layout): FileRange[] {
  const { filePagesMax, pageSize } = layout.geometry;
  const whole = (file: number): FileRange => ({ ino: file, from: 0, to: filePagesMax * pageSize });
  if (promise === 'P6' || promise === 'P12')
    return Array.from({ length: layout.fileCount }, (_, file) => whole(file));
  return promise === 'P5' || promise === 'P2' || promise === 'P8' || ino < 0 ? [] : [whole(ino)];
}

/**
 * A call that failed promises nothing; a write, as much as it says that it wrote. sync(2) does not say that
 * it failed: `isDown` is whether the file system has been shut down before its return.
 */
export function hasSucceeded(promise: PromiseId, op: Op, result: number, isDown: boolean): boolean {
  if (isDown && (op.code === OP.sync || op.code === OP.umount)) return false;
  return promise === 'P2' ? result > 0 : result === 0;
}

/** What a write with O_DSYNC promises, by its result. */
export function writtenRange(op: Op, ino: number, result: number): FileRange {
  return { ino, from: op.offset, to: op.offset + result };
}

/** What a user flush that succeeded promises. */
export interface UserFlush {
  readonly ranges: readonly FileRange[];
  /** Numbers of the stores that can be promised at all. */
  readonly stores: ReadonlySet<number>;
  /** The last change of a block of these pages: stores before it are not promised. */
  readonly since: number;
}

/** A promise that was made: which call, and what it covers. */
export interface PromiseMade {
  readonly promise: PromiseId;
  readonly op: number;
  readonly task: number;
  /** The events of its start and of its successful return. */
  readonly begin: number;
  readonly end: number;
  /** What was done before this event is covered: its start, mostly. */
  readonly before: number;
  readonly ranges: readonly FileRange[];
  /** Of P8: which stores it is about. */
  readonly flush: UserFlush | null;
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
