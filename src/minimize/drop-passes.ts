/** Candidates with operations fewer or elsewhere; minimize.ts has their order. */
import type { Draft, DraftOp } from './draft.js';
import { allIds, without } from './draft.js';

/** Everything that `started` says had not begun when the fault was certain. */
export function* dropUnstarted(draft: Draft, started: ReadonlySet<number>): Generator<Draft> {
  const gone = allIds(draft).filter((id) => !started.has(id));
  if (gone.length > 0) yield without(draft, new Set(gone));
}

export function* dropThreads(draft: Draft): Generator<Draft> {
  for (const ops of draft.threads) {
    if (ops.length > 0) yield without(draft, new Set(ops.map(({ id }) => id)));
  }
}

/** Runs of operations, long ones first, from the end. */
export function* dropOps(draft: Draft): Generator<Draft> {
  const ids = allIds(draft);
  for (let length = Math.floor(ids.length / 2); length >= 1; length = Math.floor(length / 2)) {
    for (let end = ids.length; end > 0; end -= length) {
      yield without(draft, new Set(ids.slice(Math.max(0, end - length), end)));
    }
  }
}

/** All operations in one thread, or those of two threads in one, in the order in which they began. */
export function* mergeThreads(draft: Draft, order: readonly number[]): Generator<Draft> {
  const count = draft.threads.length;
  if (count < 2) return;
  yield merged(draft, order, (thread) => thread >= 0);
  for (let low = 0; low < count; low++) {
    for (let high = low + 1; high < count; high++) {
      yield merged(draft, order, (thread) => thread === low || thread === high);
    }
  }
}

function merged(draft: Draft, order: readonly number[], joins: (thread: number) => boolean): Draft {
  const rank = new Map(order.map((id, index) => [id, index]));
  const joined: DraftOp[] = [];
  let target = -1;
  draft.threads.forEach((ops, thread) => {
    if (!joins(thread)) return;
    if (target < 0) target = thread;
    joined.push(...ops);
  });
  joined.sort((a, b) => (rank.get(a.id) ?? a.id) - (rank.get(b.id) ?? b.id));
  return {
    ...draft,
    threads: draft.threads.map((ops, thread) =>
      thread === target ? joined : joins(thread) ? [] : ops,
    ),
    spawnAfter: Math.min(draft.spawnAfter, joined.length),
  };
}

/** One operation done by another thread, at its place in the order in which they began. */
export function* moveOps(draft: Draft, order: readonly number[]): Generator<Draft> {
  const rank = new Map(order.map((id, index) => [id, index]));
  const rankOf = ({ id }: DraftOp): number => rank.get(id) ?? Number.MAX_SAFE_INTEGER;
  for (const [from, ops] of draft.threads.entries()) {
    for (const moved of from === 0 ? ops.slice(draft.spawnAfter) : ops) {
      for (const [to, others] of draft.threads.entries()) {
        if (to === from) continue;
        const opening = to === 0 ? draft.spawnAfter : 0;
        const later = others.findIndex((op, i) => i >= opening && rankOf(op) > rankOf(moved));
        const place = later < 0 ? others.length : later;
        const joined = [...others.slice(0, place), moved, ...others.slice(place)];
        const left = ops.filter((op) => op !== moved);
        const threads = draft.threads.map((same, i) =>
          i === from ? left : i === to ? joined : same,
        );
        yield { ...draft, threads };
      }
    }
  }
}

/**
 * What several threads did, done by one, the working part twice: a store that races with a flush is often
 * the same bug as a store, a flush, another store and another flush.
 */
export function* inOneThread(draft: Draft, order: readonly number[]): Generator<Draft> {
  if (draft.threads.length < 2) return;
  const once = merged(draft, order, (thread) => thread >= 0);
  const ops = once.threads.flat();
  const opening = ops.slice(0, draft.spawnAfter);
  const work = ops.slice(draft.spawnAfter);
  for (const times of [2, 3]) {
    const repeated = Array.from({ length: times }, () => work).flat();
    yield { ...once, threads: [[...opening, ...repeated]], spawnAfter: 0 };
  }
}

/** All threads start at once, without an opening part. */
export function* startTogether(draft: Draft): Generator<Draft> {
  if (draft.spawnAfter > 0) yield { ...draft, spawnAfter: 0 };
}
