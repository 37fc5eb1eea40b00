/**
 * Candidates for a schedule with fewer context switches.
 */
import type { Draft } from './draft.js';
import type { Switch } from '../schedule/schedule.js';
import { isBuffer } from '../schedule/schedule.js';

/** Without any store held in its buffer, then without runs of switches, long runs first. */
export function* dropSwitches(draft: Draft): Generator<Draft> {
  const { schedule } = draft;
  const unbuffered = schedule.filter(
    (step) => !isBuffer(step.from) && !isBuffer(step.to) && step.from !== step.to,
  );
  if (unbuffered.length < schedule.length) yield { ...draft, schedule: unbuffered };
  if (schedule.length > 1) yield { ...draft, schedule: [] };
  for (let length = Math.floor(schedule.length / 2); length > 2; length = Math.floor(length / 2)) {
    for (let start = 0; start < schedule.length; start += length) yield cut(draft, start, length);
  }
  // There and back again: the two switches of an excursion go together, or neither does.
  for (let start = 0; start + 1 < schedule.length; start++) yield cut(draft, start, 2);
  for (let start = 0; start < schedule.length; start++) yield cut(draft, start, 1);
}

function cut(draft: Draft, start: number, length: number): Draft {
  const { schedule } = draft;
  return { ...draft, schedule: [...schedule.slice(0, start), ...schedule.slice(start + length)] };
}

/** A switch at an earlier visit of its point: at the first one, or one visit earlier. */
export function* earlierSwitches(draft: Draft): Generator<Draft> {
  for (let at = 0; at < draft.schedule.length; at++) {
    const { nth } = draft.schedule[at] as Switch;
    for (const earlier of new Set([1, nth - 1])) {
      if (earlier < 1 || earlier >= nth) continue;
      yield {
        ...draft,
        schedule: draft.schedule.map((step, i) => (i === at ? { ...step, nth: earlier } : step)),
      };
    }
  }
}
