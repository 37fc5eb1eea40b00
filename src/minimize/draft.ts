/**
 * A program and its schedule while they are being made smaller. Operations carry an identity, so that a
 * schedule, which names operations by number, can be carried over when some are removed or moved.
 */
import type { Op } from '../program/op.js';
import type { FileSpec, Program } from '../program/program.js';
import type { Agent, Schedule, Switch } from '../schedule/schedule.js';
import { isBuffer, NO_AGENT, NO_OP, TASKS_MAX } from '../schedule/schedule.js';

export interface DraftOp {
  readonly op: Op;
  /** The number that the operation had in the program that the schedule was recorded for. */
  readonly id: number;
}

export interface Draft {
  readonly base: Program;
  readonly schedule: Schedule;
  readonly files: readonly FileSpec[];
  readonly threads: readonly (readonly DraftOp[])[];
  readonly spawnAfter: number;
}

export interface Candidate {
  readonly program: Program;
  readonly schedule: Schedule;
}

export function draftOf(program: Program, schedule: Schedule): Draft {
  let id = 0;
  return {
    base: program,
    schedule,
    files: program.files,
    threads: program.threads.map((ops) => ops.map((op) => ({ op, id: id++ }))),
    spawnAfter: program.spawnAfter,
  };
}

/** The program that a draft stands for, with its schedule carried over as far as that makes sense. */
export function render(draft: Draft): Candidate {
  const kept = draft.threads.map((ops) => ops.length > 0);
  const threads = draft.threads.filter((ops) => ops.length > 0);
  if (threads.length === 0) threads.push([]);
  const program: Program = {
    ...draft.base,
    files: draft.files,
    threads: threads.map((ops) => ops.map(({ op }) => op)),
    spawnAfter: threads.length === 1 ? 0 : kept[0] === true ? draft.spawnAfter : 0,
  };
  return { program, schedule: carryOver(draft, threads) };
}

function carryOver(draft: Draft, threads: readonly (readonly DraftOp[])[]): Schedule {
  /** Old operation number -> new number and thread. */
  const places = new Map<number, { number: number; thread: number }>();
  let number = 0;
  threads.forEach((ops, thread) => {
    for (const { id } of ops) places.set(id, { number: number++, thread });
  });
  /** Old thread -> new thread: where its first remaining operation went. */
  const moved = new Map<number, number>();
  let oldId = 0;
  draft.base.threads.forEach((ops, thread) => {
    for (let i = 0; i < ops.length; i++, oldId++) {
      const place = places.get(oldId);
      if (place !== undefined && !moved.has(thread)) moved.set(thread, place.thread);
    }
  });
  const agent = (old: Agent): Agent | null => {
    if (old === NO_AGENT) return old;
    const thread = moved.get(isBuffer(old) ? old - TASKS_MAX : old);
    if (thread === undefined) return null;
    return isBuffer(old) ? thread + TASKS_MAX : thread;
  };
  const steps: Switch[] = [];
  for (const step of draft.schedule) {
    const from = agent(step.from);
    const to = agent(step.to);
    if (from === null || to === null) continue;
    const place = places.get(step.op);
    if (place !== undefined) {
      steps.push({ ...step, from: place.thread, op: place.number, to });
    } else if (step.op === NO_OP) {
      if (from !== to) steps.push({ ...step, from, to });
    } else {
      const next = nextOp(draft, step.op, places);
      steps.push({ ...step, from, op: next === null ? NO_OP : beforeOp(next), to });
    }
  }
  return steps;
}

/** A switch inside an operation that is gone is due when its thread gets to the next one. */
function nextOp(
  draft: Draft,
  gone: number,
  places: ReadonlyMap<number, { number: number }>,
): number | null {
  let end = 0;
  for (const ops of draft.base.threads) {
    end += ops.length;
    if (gone >= end) continue;
    for (let id = gone + 1; id < end; id++) {
      const place = places.get(id);
      if (place !== undefined) return place.number;
    }
    return null;
  }
  return null;
}

/** An operation number that a lenient replay takes as past once its thread has reached `next`. */
const beforeOp = (next: number): number => (next === 0 ? NO_OP - 1 : next - 1);

/** The draft without the operations whose ids are in `gone`. */
export function without(draft: Draft, gone: ReadonlySet<number>): Draft {
  const first = draft.threads[0] ?? [];
  const setup = first.slice(0, draft.spawnAfter).filter(({ id }) => !gone.has(id)).length;
  return {
    ...draft,
    threads: draft.threads.map((ops) => ops.filter(({ id }) => !gone.has(id))),
    spawnAfter: setup,
  };
}

export function replaceOp(draft: Draft, id: number, op: Op): Draft {
  return {
    ...draft,
    threads: draft.threads.map((ops) => ops.map((entry) => (entry.id === id ? { op, id } : entry))),
  };
}

export function allIds(draft: Draft): number[] {
  return draft.threads.flatMap((ops) => ops.map(({ id }) => id));
}
