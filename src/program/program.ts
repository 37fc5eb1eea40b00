/**
 * A program: what the user code does, before anybody decides in which order its threads run.
 *
 * Thread 0 runs alone until it has done `spawnAfter` operations (it opens and maps what the others use);
 * then the other threads start. Slots (f0, m0, p0) are shared by all threads, as file descriptors and
 * mappings of one process are. An operation whose slot is empty fails and has no effect, so every
 * sequence of operations is a legal program and any mutation of one is, too.
 */
import type { Geometry } from './geometry.js';
import type { Op } from './op.js';

export interface FileSpec {
  /** Size at the start, in pages. */
  readonly pages: number;
  /** Leading pages that have blocks at the start; the rest is a hole. Their content is zero. */
  readonly allocated: number;
}

export interface Program {
  readonly geometry: Geometry;
  readonly files: readonly FileSpec[];
  readonly threads: readonly (readonly Op[])[];
  /** Operations of thread 0 that run before the other threads start. */
  readonly spawnAfter: number;
}

export const THREADS_MAX = 4;
/** Operations of a whole program; far above what a fuzzer uses, for benchmarks of growth. */
export const OPS_MAX = 65_535;

export const FILE_NAMES: readonly string[] = ['a', 'b', 'c', 'd'];

/** The number of the first operation of each thread when all operations are numbered in thread order. */
export function threadBases(program: Program): number[] {
  const bases: number[] = [];
  let next = 0;
  for (const ops of program.threads) {
    bases.push(next);
    next += ops.length;
  }
  return bases;
}

export function opCount(program: Program): number {
  return program.threads.reduce((count, ops) => count + ops.length, 0);
}

/** Threads that have something to do. */
export function threadCount(program: Program): number {
  return program.threads.filter((ops) => ops.length > 0).length;
}

/** Where an operation number points: its thread and its place there; null past the end. */
function locate(program: Program, opIndex: number): { thread: number; index: number } | null {
  let rest = opIndex;
  for (let thread = 0; thread < program.threads.length; thread++) {
    const length = (program.threads[thread] as readonly Op[]).length;
    if (rest < length) return { thread, index: rest };
    rest -= length;
  }
  return null;
}

export function opAt(program: Program, opIndex: number): Op | null {
  const place = locate(program, opIndex);
  return place === null
    ? null
    : ((program.threads[place.thread] as readonly Op[])[place.index] ?? null);
}

/**
 * The byte that operation `opIndex` writes: different for different operations, never zero and never the
 * pattern of unused blocks, so that a byte read back names its writer (modulo 200 in long programs).
 */
export function fillOf(opIndex: number): number {
  return 1 + (opIndex % 200);
}

/** What never-written blocks of the device contain, so that exposing one is seen. */
export const STALE_BYTE = 0xee;
