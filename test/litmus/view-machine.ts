/**
 * The view machine of px86.md section 2 ("Equivalent view machine": the promising semantics of Cho, Lee,
 * Raad and Kang, PLDI 2021), an oracle for tests: timestamps and views, no buffers. The names of views and
 * rules are those of that page. All steps of all threads are tried one at a time, each state once.
 *
 * A store takes its time when it is executed, and that is when it becomes visible. That younger loads
 * overtake it shows as loads that read old values, down to what the views still allow. Non-temporal stores
 * are younger than that model; they float after their execution and take their time later.
 */
import type { LitmusProgram, MachineOptions, Outcomes } from '../../src/litmus/program.js';
import { stateKey } from '../../src/litmus/program.js';
import {
  append,
  landings,
  loads,
  nonTemporalStore,
  readable,
  store,
  wideStore,
} from './view-access.js';
import type { Instruction } from './view-code.js';
import type { ViewMachineOptions } from './view-context.js';
import { Context, replaced, valueOf } from './view-context.js';
import { CrashCollector } from './view-crash.js';
import { completed, fence, fencedThread, flush, weakFlush } from './view-persist.js';
import type { Compiled, State, Thread } from './view-state.js';
import { compile, keyOf, latest, startOf, valueAt } from './view-state.js';
import type { WrongMachine } from './wrong-machines.js';

/** The outcomes of one program in every mode, for one reading of a failed compare-and-swap. */
export interface AllOutcomes {
  readonly location: ReadonlySet<string>;
  readonly line: ReadonlySet<string>;
  readonly eadr: ReadonlySet<string>;
  readonly registers: ReadonlySet<string>;
  /** Memories at the end of runs without a crash. */
  readonly finalMemory: ReadonlySet<string>;
}

export function viewMachine(
  program: LitmusProgram,
  { persistency, domain, failedCasFences }: MachineOptions,
  wrong?: WrongMachine,
): Outcomes {
  const all = exploreAll(program, { failedCasFences, ...(wrong === undefined ? {} : { wrong }) });
  const postCrash = domain === 'eadr' ? all.eadr : all[persistency];
  return { postCrash, registers: all.registers };
}

export function exploreAll(program: LitmusProgram, options: ViewMachineOptions): AllOutcomes {
  const compiled = compile(program);
  const context = new Context(compiled, options);
  const crashes = new CrashCollector(compiled, options.wrong);
  const registers = new Set<string>();
  const finalMemory = new Set<string>();
  const start = startOf(compiled);
  const seen = new Set([keyOf(start)]);
  const open = [start];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    // "A crash may happen between any two steps": every state is also an end.
    if (canCrash(context, state)) crashes.add(state);
    if (isDone(context, state)) {
      registers.add(registersOf(compiled, state));
      const floats = state.threads.some(({ floating }) => floating.length > 0);
      if (!floats) finalMemory.add(crashes.visible(state.writes));
    }
    for (const next of steps(context, state)) {
      const key = keyOf(next);
      if (seen.has(key)) continue;
      seen.add(key);
      open.push(next);
    }
  }
  const { location, line, eadr } = crashes;
  return { location, line, eadr, registers, finalMemory };
}

function registersOf(compiled: Compiled, state: State): string {
  const values: Record<string, number> = {};
  compiled.registers.forEach((names, thread) => {
    names.forEach((name, register) => {
      if (Object.hasOwn(values, name)) throw new Error(`register ${name} is in two threads`);
      values[name] = state.threads[thread]?.registers[register] ?? 0;
    });
  });
  return stateKey(values);
}

const isDone = (context: Context, { threads }: State): boolean =>
  threads.every((thread, number) => context.instruction(thread, number) === undefined);

function canCrash(context: Context, { threads }: State): boolean {
  if (!context.is('trailing-flush-is-guaranteed')) return true;
  const trailing = ['clflush', 'clflushopt', 'sfence', 'mfence'];
  return !threads.some((thread, number) => {
    const instruction = context.instruction(thread, number);
    return instruction !== undefined && thread.next > 0 && trailing.includes(instruction.kind);
  });
}

function steps(context: Context, state: State): State[] {
  return state.threads.flatMap((thread, number) => {
    const what = context.instruction(thread, number);
    const executed = what === undefined ? [] : execute(context, state, thread, number, what);
    return [...executed, ...landings(context, state, thread, number)];
  });
}

function execute(
  context: Context,
  state: State,
  thread: Thread,
  number: number,
  what: Instruction,
): State[] {
  const after = { ...thread, next: thread.next + 1, partsDone: 0 };
  switch (what.kind) {
    case 'store':
    case 'ntstore': {
      const rule = what.kind === 'store' ? store : nonTemporalStore;
      const value = valueOf(thread, what.value);
      return rule(context, state, number, after, { location: what.location, value, group: 0 });
    }
    case 'wide':
      return wideStore(context, state, number, thread, what.parts);
    case 'load':
      return loads(context, state, after, what.location, what.into).map((loaded) =>
        context.replace(state, number, loaded.thread),
      );
    case 'clflush':
      return flush(context, state, number, after, what.location);
    case 'clflushopt':
      return weakFlush(context, state, number, after, what.location);
    case 'sfence':
    case 'mfence':
      return fence(context, state, number, after, what.kind);
    case 'faa':
    case 'xchg':
    case 'cas':
      return readModifyWrite(context, state, number, thread, what);
    case 'branch': {
      const equal = thread.registers[what.register] === what.value;
      const next = equal === (what.when === 'equal') ? after.next : what.otherwise;
      return [context.replace(state, number, { ...after, next })];
    }
  }
}

type ReadModifyWrite = Instruction & { readonly kind: 'faa' | 'xchg' | 'cas' };

/**
 * Rule "RMW: append now; coh, vrNew, vpReady to now; vpCommit |= vpAsync". It reads the newest write of
 * all, and its own write is already after the flushes that it completes.
 */
function readModifyWrite(
  context: Context,
  state: State,
  number: number,
  thread: Thread,
  what: ReadModifyWrite,
): State[] {
  const after = { ...thread, next: thread.next + 1, partsDone: 0 };
  // Only the machine that completes flushes late stops halfway.
  const late = context.is('rmw-completes-after-its-write');
  if (thread.partsDone > 0) {
    return [context.replace(state, number, after, completed(context, state, thread))];
  }
  const failed = failedSwap(context, state, number, after, what);
  if (after.floating.length > 0) return failed;
  const times = context.is('rmw-is-not-atomic')
    ? readable(context, state, thread, what.location)
    : [latest(state.writes, what.location, state.writes.length)];
  const succeeded = times.flatMap((time) => {
    const { location, into } = what;
    const old = valueAt(context.compiled, state.writes, location, time);
    if (what.expected !== null && valueOf(thread, what.expected) !== old) return [];
    const value = valueOf(thread, what.value) + (what.kind === 'faa' ? old : 0);
    const read = { ...after, registers: replaced(after.registers, into, old) };
    const wrote = append(context, state, number, read, { location, value });
    const readNew = context.is('rmw-lets-loads-pass') ? thread.readNew : wrote.now;
    const done = { ...wrote.thread, readNew, persistReady: wrote.now };
    const none = late || context.is('rmw-completes-nothing');
    const committed = none ? wrote.committed : completed(context, { ...state, ...wrote }, thread);
    const changed = late ? { ...done, next: thread.next, partsDone: 1 } : done;
    return [context.replace(state, number, changed, committed, wrote.writes)];
  });
  return [...failed, ...succeeded];
}

/** Section 7.2: a CAS that fails is a plain load, or it is also a fence and needs what mfence needs. */
function failedSwap(
  context: Context,
  state: State,
  number: number,
  after: Thread,
  { expected, location, into }: ReadModifyWrite,
): State[] {
  if (expected === null) return [];
  const fences = context.failedCasFences;
  if (fences && after.floating.length > 0) return [];
  const thread = fences ? fencedThread(after, true, true) : after;
  const committed = fences ? completed(context, state, after) : state.committed;
  return loads(context, state, thread, location, into)
    .filter(({ value }) => value !== valueOf(after, expected))
    .map((loaded) => context.replace(state, number, loaded.thread, committed));
}
