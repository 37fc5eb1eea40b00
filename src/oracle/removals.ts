/** The calls of a trace that take bytes away from files, and when each does. */
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import { AT, EVENT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import type { PromiseMade } from './promise.js';
import { EFFECTS, removalRange } from './removal.js';
import type { FileView } from './view.js';
import { NEVER } from './view.js';

interface Removal {
  readonly ino: number;
  /** The events of its first effect and of its return. */
  readonly enter: number;
  readonly exit: number;
  readonly from: number;
  readonly to: number;
}

export class Removals {
  private readonly list: Removal[] = [];

  /** `tracesEffects`: a call's effects are events; else they may have come at any time since its start. */
  constructor(program: Program, trace: Trace, view: FileView, tracesEffects: boolean) {
    for (let event = 0; event < trace.length; event++) {
      if (trace.kind(event) !== EVENT.op_enter) continue;
      const range = removalRange(opAt(program, trace.op(event)));
      const ino = trace.argument(event, AT.op_enter.ino);
      if (range === null || ino < 0) continue;
      const enter = tracesEffects ? firstEffect(trace, event, ino) : event;
      this.list.push({ ino, enter, exit: view.exitOf(trace.op(event)), ...range });
    }
  }

  /** Was some call taking this byte away while the promise was being made? */
  takes(ino: number, offset: number, made: PromiseMade): boolean {
    return this.list.some(
      (removal) =>
        removal.ino === ino &&
        offset >= removal.from &&
        offset < removal.to &&
        removal.enter < made.end &&
        removal.exit > made.begin,
    );
  }
}

/** The first thing that the call entered at `enter` did to the file: while it waits, it removes nothing. */
function firstEffect(trace: Trace, enter: number, ino: number): number {
  const op = trace.op(enter);
  for (let event = enter + 1; event < trace.length; event++) {
    if (trace.op(event) !== op) continue;
    const kind = trace.kind(event);
    const place = EFFECTS.get(kind);
    if (place !== undefined && trace.argument(event, place) === ino) return event;
    if (kind === EVENT.op_exit) break;
  }
  return NEVER;
}
