/** Flushes and fences of the view machine (px86.md section 2). */
import type { Context } from './view-context.js';
import { joined, newest, raised } from './view-context.js';
import type { State, Thread } from './view-state.js';

/** Rule "clflush x: vpAsync, vpCommit of x's line |= cmax". */
export function flush(
  context: Context,
  state: State,
  number: number,
  after: Thread,
  location: number,
): State[] {
  if (context.is('clflush-is-weak')) return weakFlush(context, state, number, after, location);
  // Ordered after all older plain stores, and after non-temporal ones to the line.
  const waits = after.floating.some(
    (one) =>
      one.temporal || context.reading.clflushWaits || context.sameLine(one.location, location),
  );
  if (waits) return [];
  const view = context.is('clflush-ignores-other-lines')
    ? weakView(context, after, location)
    : newest(after);
  const flushed = (old: readonly number[]): readonly number[] =>
    covering(context, state, number, old, location, view);
  const persistAsync = flushed(after.persistAsync);
  const committed = context.is('clflush-completes-weak-flushes')
    ? joined(flushed(state.committed), persistAsync)
    : flushed(state.committed);
  const readNew = context.is('clflush-orders-later-loads')
    ? Math.max(after.readNew, newest(after))
    : after.readNew;
  return [context.replace(state, number, { ...after, persistAsync, readNew }, committed)];
}

/** Rule "clflushopt x: vpAsync of the line |= max(coh over that line, vpReady)". */
export function weakFlush(
  context: Context,
  state: State,
  number: number,
  after: Thread,
  location: number,
): State[] {
  const view = context.is('weak-flush-is-never-early')
    ? newest(after)
    : weakView(context, after, location);
  const persistAsync = covering(context, state, number, after.persistAsync, location, view);
  const floating = after.floating.map((one) =>
    context.sameLine(one.location, location) ? { ...one, writtenBack: true } : one,
  );
  const committed = context.is('weak-flush-completes-at-once')
    ? joined(state.committed, persistAsync)
    : state.committed;
  return [context.replace(state, number, { ...after, persistAsync, floating }, committed)];
}

function weakView(context: Context, thread: Thread, location: number): number {
  const ofLine = thread.coherence.filter((_, other) => context.sameLine(location, other));
  return Math.max(thread.persistReady, ...ofLine);
}

/** "A flush covers other threads' stores that precede it in store order, and only those". */
function covering(
  context: Context,
  state: State,
  number: number,
  view: readonly number[],
  location: number,
  time: number,
): readonly number[] {
  const covers = (other: number): boolean => context.covers(location, other);
  if (!context.is('flush-covers-own-stores')) return raised(view, time, covers);
  const own = state.writes.map((write) => (write.thread === number ? write.location : -1));
  return view.map((old, other) =>
    covers(other) ? Math.max(old, own.slice(0, time).lastIndexOf(other) + 1) : old,
  );
}

/**
 * Rules "mfence: vrNew, vpReady |= cmax; vpCommit |= vpAsync" and "sfence: vpReady |= cmax;
 * vpCommit |= vpAsync". Neither passes a non-temporal store that floats.
 */
export function fence(
  context: Context,
  state: State,
  number: number,
  after: Thread,
  kind: 'sfence' | 'mfence',
): State[] {
  if (after.floating.length > 0) return [];
  const strong = kind === 'mfence';
  const ready = strong || !context.is('weak-flush-passes-older-sfence');
  const ordersLoads = strong
    ? !context.is('mfence-lets-loads-pass')
    : context.is('sfence-orders-later-loads');
  const none = context.is(strong ? 'mfence-completes-nothing' : 'sfence-completes-nothing');
  const fenced = fencedThread(after, ready, ordersLoads);
  const committed = none ? state.committed : completed(context, state, after);
  return [context.replace(state, number, fenced, committed)];
}

/** "vpReady |= cmax", and "vrNew |= cmax" if loads are ordered too. */
export function fencedThread(thread: Thread, ready: boolean, ordersLoads: boolean): Thread {
  const view = newest(thread);
  const { persistReady, readNew } = thread;
  return {
    ...thread,
    persistReady: ready ? Math.max(persistReady, view) : persistReady,
    readNew: ordersLoads ? Math.max(readNew, view) : readNew,
  };
}

/** "vpCommit |= vpAsync", of the thread's own: "a fence completes only its own thread's weak flushes". */
export function completed(context: Context, state: State, thread: Thread): readonly number[] {
  if (context.is('fence-completes-all-threads')) {
    return state.threads.reduce((all, one) => joined(all, one.persistAsync), state.committed);
  }
  if (context.is('weak-flush-snapshot-at-fence')) {
    const pending = (location: number): boolean => (thread.persistAsync[location] ?? 0) > 0;
    return raised(state.committed, state.writes.length, pending);
  }
  return joined(state.committed, thread.persistAsync);
}
