/** Does an event of the trace concern a page of a file, or a line of the device? */
import { AT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';

/** Where a kind of event has a run of pages, as in AT. */
interface PlacesOfPages {
  readonly ino: number;
  readonly page: number;
  readonly pages: number;
}

export function coversPage(
  trace: Trace,
  event: number,
  at: PlacesOfPages,
  ino: number,
  page: number,
): boolean {
  const first = trace.argument(event, at.page);
  const isWithin = first <= page && page < first + trace.argument(event, at.pages);
  return isWithin && trace.argument(event, at.ino) === ino;
}

/** Does the flush at `event` write back the line of `address`? */
export function flushesLineOf(trace: Trace, event: number, address: number): boolean {
  const first = trace.argument(event, AT.flush.address);
  return first <= address && address < first + trace.argument(event, AT.flush.length);
}
