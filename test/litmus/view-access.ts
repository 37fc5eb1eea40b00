/** Loads and stores of the view machine (px86.md section 2), non-temporal ones included (section 5). */
import type { Operand } from './view-code.js';
import type { Context } from './view-context.js';
import { raised, replaced, valueOf } from './view-context.js';
import type { Floating, State, Thread, Write } from './view-state.js';
import { latest, valueAt } from './view-state.js';

export interface Appended {
  readonly writes: readonly Write[];
  readonly thread: Thread;
  readonly now: number;
  readonly committed: readonly number[];
}

/** Rule "store: append, coh[x] = now". */
export function append(
  context: Context,
  state: State,
  number: number,
  thread: Thread,
  { location, value, group = 0 }: { location: number; value: number; group?: number },
): Appended {
  const writes = [...state.writes, { location, value, thread: number, group }];
  const now = writes.length;
  const coherence = replaced(thread.coherence, location, now);
  const committed = context.is('visible-is-durable')
    ? raised(state.committed, now, (other) => other === location)
    : state.committed;
  return { writes, thread: { ...thread, coherence }, now, committed };
}

/** A plain store takes its time at once, unless a non-temporal one may still overtake it. */
export function store(
  context: Context,
  state: State,
  number: number,
  after: Thread,
  what: { location: number; value: number; group: number },
): State[] {
  const entry = { ...what, temporal: true, writtenBack: false };
  if (context.reading.overtakes && context.hasNonTemporal(number)) {
    return [context.replace(state, number, { ...after, floating: [...after.floating, entry] })];
  }
  if (after.floating.some((older) => keepsOrder(context, older, entry))) return [];
  const { writes, thread, committed } = append(context, state, number, after, what);
  return [context.replace(state, number, thread, committed, writes)];
}

/** Section 4, "split them into 8-byte parts, unordered": any part that is left may be the next one. */
export function wideStore(
  context: Context,
  state: State,
  number: number,
  thread: Thread,
  parts: readonly { location: number; value: Operand }[],
): State[] {
  const group = 1 + number + state.threads.length * thread.next;
  const all = 2 ** parts.length - 1;
  const next = { ...thread, next: thread.next + 1, partsDone: 0 };
  if (context.is('wide-store-is-atomic')) {
    return parts.reduce<State[]>(
      (states, { location, value }) =>
        states.flatMap((partial) => {
          const current = partial === state ? next : (partial.threads[number] ?? next);
          const what = { location, value: valueOf(thread, value), group };
          return store(context, partial, number, current, what);
        }),
      [state],
    );
  }
  return parts.flatMap(({ location, value }, index) => {
    const bit = 2 ** index;
    if ((thread.partsDone & bit) !== 0) return [];
    if (context.is('wide-store-is-ordered') && thread.partsDone !== bit - 1) return [];
    const partsDone = thread.partsDone | bit;
    const after = partsDone === all ? next : { ...thread, partsDone };
    return store(context, state, number, after, { location, value: valueOf(thread, value), group });
  });
}

/** B2 of section 3, "write, then write: ordered", holds among plain stores; section 5 has the others. */
function keepsOrder(context: Context, older: Floating, younger: Floating): boolean {
  if (older.temporal && younger.temporal) return true;
  if (context.is('nt-store-keeps-store-order')) return true;
  return context.reading.ordered === 'location'
    ? older.location === younger.location
    : context.sameLine(older.location, younger.location);
}

/** Section 5: "weakly ordered"; it takes its time when it lands. */
export function nonTemporalStore(
  context: Context,
  state: State,
  number: number,
  after: Thread,
  what: { location: number; value: number; group: number },
): State[] {
  const entry = { ...what, temporal: false, writtenBack: false };
  const floating = [...after.floating, entry];
  const next = context.replace(state, number, { ...after, floating });
  const atOnce = context.is('nt-store-needs-no-fence');
  return atOnce ? landings(context, next, { ...after, floating }, number) : [next];
}

/** A floating store becomes visible at any time that its order with older ones permits. */
export function landings(context: Context, state: State, thread: Thread, number: number): State[] {
  return thread.floating.flatMap((one, index) => {
    const older = thread.floating.slice(0, index);
    if (older.some((other) => keepsOrder(context, other, one))) return [];
    const floating = thread.floating.filter((_, other) => other !== index);
    return [land(context, state, number, { ...thread, floating }, one)];
  });
}

function land(context: Context, state: State, number: number, left: Thread, one: Floating): State {
  const { location, writtenBack } = one;
  const { writes, thread, now, committed } = append(context, state, number, left, one);
  // Persistent "by a later sfence, mfence or locked instruction without any flush": like a weak flush of
  // its own word. A real weak flush after it waits for it, and covers the line.
  const flushes = !one.temporal && !context.is('nt-store-needs-a-flush');
  const itself = (other: number): boolean => other === location;
  const covers = (other: number): boolean =>
    (flushes && itself(other)) || (writtenBack && context.covers(location, other));
  const changed = { ...thread, persistAsync: raised(thread.persistAsync, now, covers) };
  const atOnce = context.reading.durable === 'landed' || context.is('nt-store-needs-no-fence');
  const durable = flushes && atOnce ? raised(committed, now, itself) : committed;
  return context.replace(state, number, changed, durable, writes);
}

export interface Loaded {
  readonly thread: Thread;
  readonly value: number;
}

/**
 * Rule "load": any write at time t >= coh[x] with no later write to x up to vrNew. "If t differs from the
 * old coh[x], raise vrNew and vpReady to t": reading one's own newest store says nothing about others.
 */
export function loads(
  context: Context,
  state: State,
  after: Thread,
  location: number,
  into: number,
): Loaded[] {
  const read = (value: number): Thread => ({
    ...after,
    registers: replaced(after.registers, into, value),
  });
  // "Newest own entry for x"; section 5 of non-temporal ones: "own loads see them".
  const hidden = context.is('nt-store-is-hidden-from-its-thread');
  const sees = (one: Floating): boolean => one.location === location && (one.temporal || !hidden);
  const own = after.floating.filter(sees).at(-1);
  if (own !== undefined) {
    return [{ thread: read(own.value), value: own.value }];
  }
  const old = after.coherence[location] ?? 0;
  return readable(context, state, after, location).map((time) => {
    const value = valueAt(context.compiled, state.writes, location, time);
    const view = time === old ? 0 : time;
    const readView = context.is('loads-are-unordered') ? 0 : view;
    const flushView = context.is('weak-flush-passes-older-loads') ? 0 : view;
    const thread = {
      ...read(value),
      coherence: replaced(after.coherence, location, time),
      readNew: Math.max(after.readNew, readView),
      persistReady: Math.max(after.persistReady, flushView),
    };
    return { thread, value };
  });
}

/** The times that a load may read. */
export function readable(
  context: Context,
  { writes }: State,
  thread: Thread,
  location: number,
): number[] {
  const end = writes.length;
  if (context.is('loads-are-never-early')) return [latest(writes, location, end)];
  const seen = latest(writes, location, thread.readNew);
  const times = [Math.max(thread.coherence[location] ?? 0, seen)];
  for (let time = (times[0] ?? 0) + 1; time <= end; time++) {
    if (writes[time - 1]?.location === location) times.push(time);
  }
  return times;
}
