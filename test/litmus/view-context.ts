/** What all rules of the view machine share: the program, the readings chosen, and small view arithmetic. */
import type { Instruction, Operand } from './view-code.js';
import type { Compiled, State, Thread, Write } from './view-state.js';
import type { WrongMachine } from './wrong-machines.js';

/** What px86.md section 5 calls unsettled about non-temporal stores, or leaves open. */
export interface NonTemporalReading {
  /** Durable when it lands (is visible), or not before the fence. */
  readonly durable: 'landed' | 'fenced';
  /** A clflush waits for older non-temporal stores to other lines. */
  readonly clflushWaits: boolean;
  /** What keeps its order among a thread's stores: those to a location, or those to a line. */
  readonly ordered: 'location' | 'line';
  /** A non-temporal store may be visible before older plain stores, not only after younger ones. */
  readonly overtakes: boolean;
}

/** The reading of src/litmus; px86.md holds all of them possible. */
export const PROJECT_READING: NonTemporalReading = {
  durable: 'fenced',
  clflushWaits: false,
  ordered: 'location',
  overtakes: true,
};

export interface ViewMachineOptions {
  readonly failedCasFences: boolean;
  readonly reading?: NonTemporalReading;
  readonly wrong?: WrongMachine;
}

export class Context {
  readonly failedCasFences: boolean;
  readonly reading: NonTemporalReading;
  private readonly wrong: WrongMachine | undefined;

  constructor(
    readonly compiled: Compiled,
    options: ViewMachineOptions,
  ) {
    this.wrong = options.wrong;
    this.reading = options.reading ?? PROJECT_READING;
    this.failedCasFences =
      (options.failedCasFences && !this.is('failed-cas-never-fences')) ||
      this.is('failed-cas-always-fences');
  }

  is(wrong: WrongMachine): boolean {
    return this.wrong === wrong;
  }

  sameLine(left: number, right: number): boolean {
    return this.compiled.lineOf[left] === this.compiled.lineOf[right];
  }

  /** Whether a flush of one location covers another: "flush covers the whole line". */
  covers(flushed: number, location: number): boolean {
    return this.is('flush-covers-one-word')
      ? flushed === location
      : this.sameLine(flushed, location);
  }

  hasNonTemporal(number: number): boolean {
    return this.compiled.code[number]?.some(({ kind }) => kind === 'ntstore') ?? false;
  }

  instruction(thread: Thread, number: number): Instruction | undefined {
    return this.compiled.code[number]?.[thread.next];
  }

  /** The state with another thread; a finished one loses its views, so that more states are equal. */
  replace(
    state: State,
    number: number,
    changed: Thread,
    committed: readonly number[] = state.committed,
    writes: readonly Write[] = state.writes,
  ): State {
    const done = this.instruction(changed, number) === undefined && changed.floating.length === 0;
    const zeros = done ? this.compiled.locations.map(() => 0) : [];
    const kept = done ? { ...changed, coherence: zeros, readNew: 0, persistReady: 0 } : changed;
    const threads = state.threads.map((thread, at) => (at === number ? kept : thread));
    return { writes, threads, committed };
  }
}

/** At least as far as `time` wherever `where` says so. */
export function raised(
  view: readonly number[],
  time: number,
  where: (location: number) => boolean,
): readonly number[] {
  return view.map((old, location) => (where(location) ? Math.max(old, time) : old));
}

export const joined = (left: readonly number[], right: readonly number[]): readonly number[] =>
  left.map((time, location) => Math.max(time, right[location] ?? 0));

export const replaced = (
  list: readonly number[],
  index: number,
  value: number,
): readonly number[] => list.map((old, at) => (at === index ? value : old));

export const valueOf = (thread: Thread, operand: Operand): number =>
  'constant' in operand ? operand.constant : (thread.registers[operand.register] ?? 0);

/** cmax: the newest write that the thread has made or read. */
export const newest = (thread: Thread): number => Math.max(...thread.coherence);
