/**
 * What the view machine knows at one moment: the list of all writes, and of each thread how far it has got
 * and its views. A time is a position in the list of writes, counted from 1; time 0 is the initial memory.
 * States are never changed, only replaced, so that they can share what is equal.
 */
import type { LitmusProgram } from '../../src/litmus/program.js';
import type { Instruction } from './view-code.js';
import { codeOf } from './view-code.js';

export interface Write {
  readonly location: number;
  readonly value: number;
  readonly thread: number;
  /** Parts of one wide store share a positive number; other writes have 0. */
  readonly group: number;
}

/** A store that has been executed and has no time yet: not visible to others. */
export interface Floating {
  readonly location: number;
  readonly value: number;
  readonly temporal: boolean;
  /** Parts of one wide store, as in Write. */
  readonly group: number;
  /** A clwb or clflushopt of its line follows it in the program: landing is what that flush waits for. */
  readonly writtenBack: boolean;
}

export interface Thread {
  readonly next: number;
  /** Of the wide store at `next`: the parts that are done, a bit each. A wrong machine halves RMWs too. */
  readonly partsDone: number;
  readonly registers: readonly number[];
  /** coh[loc] */
  readonly coherence: readonly number[];
  /** vrNew */
  readonly readNew: number;
  /** vpReady */
  readonly persistReady: number;
  /** vpAsync, by location although flushes raise it by line: a non-temporal store covers one location. */
  readonly persistAsync: readonly number[];
  readonly floating: readonly Floating[];
}

export interface State {
  readonly writes: readonly Write[];
  readonly threads: readonly Thread[];
  /** Maximum over threads of vpCommit, by location: a crash needs to know no more of it. */
  readonly committed: readonly number[];
}

/** A program with names replaced by numbers. */
export interface Compiled {
  readonly locations: readonly string[];
  readonly initial: readonly number[];
  /** Line of each location. */
  readonly lineOf: readonly number[];
  /** Locations of each line. */
  readonly lines: readonly (readonly number[])[];
  readonly code: readonly (readonly Instruction[])[];
  /** Names of the registers of each thread. */
  readonly registers: readonly (readonly string[])[];
}

export function compile(program: LitmusProgram): Compiled {
  const locations = program.lines.flat();
  const numberOf = new Map(locations.map((name, number) => [name, number]));
  const lines = program.lines.map((line) => line.map((name) => numberOf.get(name) ?? -1));
  const threads = program.threads.map((ops) => codeOf(ops, numberOf));
  return {
    locations,
    initial: locations.map((name) => program.init[name] ?? 0),
    lineOf: locations.map((_, location) => lines.findIndex((line) => line.includes(location))),
    lines,
    code: threads.map(({ code }) => code),
    registers: threads.map(({ registers }) => registers),
  };
}

export function startOf(compiled: Compiled): State {
  const zeros = compiled.locations.map(() => 0);
  return {
    writes: [],
    committed: zeros,
    threads: compiled.registers.map((registers) => ({
      next: 0,
      partsDone: 0,
      registers: registers.map(() => 0),
      coherence: zeros,
      readNew: 0,
      persistReady: 0,
      persistAsync: zeros,
      floating: [],
    })),
  };
}

const threadKeys = new WeakMap<Thread, string>();

function keyOfThread(thread: Thread): string {
  const known = threadKeys.get(thread);
  if (known !== undefined) return known;
  const floating = thread.floating.map((one) => [
    one.location,
    one.value,
    +one.temporal,
    +one.writtenBack,
    one.group,
  ]);
  const { next, partsDone, registers, coherence, readNew, persistReady, persistAsync } = thread;
  const views = [coherence, readNew, persistReady, persistAsync];
  const key = [next, partsDone, ...registers, ...views, ...floating].join();
  threadKeys.set(thread, key);
  return key;
}

const writesKeys = new WeakMap<readonly Write[], string>();

function keyOfWrites(writes: readonly Write[]): string {
  const known = writesKeys.get(writes);
  if (known !== undefined) return known;
  const all = writes.flatMap(({ location, value, thread, group }) => [
    location,
    value,
    thread,
    group,
  ]);
  const key = all.join();
  writesKeys.set(writes, key);
  return key;
}

/** Equal text exactly for equal states of one program. */
export function keyOf({ writes, committed, threads }: State): string {
  return [keyOfWrites(writes), committed.join(), ...threads.map(keyOfThread)].join('|');
}

/** The newest write to a location up to a time, as its time; 0 for the initial value. */
export function latest(writes: readonly Write[], location: number, upTo: number): number {
  for (let time = upTo; time > 0; time--) {
    if (writes[time - 1]?.location === location) return time;
  }
  return 0;
}

export function valueAt(
  { initial }: Compiled,
  writes: readonly Write[],
  location: number,
  time: number,
): number {
  return writes[time - 1]?.value ?? initial[location] ?? 0;
}
