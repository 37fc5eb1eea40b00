/** Traces that no kernel made, for tests of what is said about them. */
import { AT, EVENT } from '../../src/trace/event.js';
import type { EventKind } from '../../src/trace/event.js';
import { Trace } from '../../src/trace/trace.js';

const ISSUED = AT.store.issued;

/** A copy with one event left out. */
export function withoutEvent(trace: Trace, left: number): Trace {
  const copy = new Trace();
  copy.appendBytes(trace.pool, 0, trace.poolLength);
  for (let event = 0; event < trace.length; event++) {
    if (event === left) continue;
    const argument = (place: number): number => trace.argument(event, place);
    const issuedLater = trace.kind(event) === EVENT.store && argument(ISSUED) > left ? 1 : 0;
    copy.append(
      trace.kind(event) as EventKind,
      trace.task(event),
      trace.op(event),
      argument(0),
      argument(1),
      argument(2),
      argument(3),
      argument(4),
      argument(5),
      argument(ISSUED) - issuedLater,
    );
  }
  return copy;
}
