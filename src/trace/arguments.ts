/** All arguments of an event by their names, for reports. Loops over traces read single ones (AT). */
import type { EventName } from './event.js';
import { AT, EVENT_NAMES } from './event.js';
import type { Trace } from './trace.js';

export type Arguments<K extends EventName> = Readonly<Record<keyof (typeof AT)[K], number>>;

/** The caller knows the kind of the event, or hands the object to somebody who does. */
export function argumentsOf<K extends EventName>(trace: Trace, event: number): Arguments<K> {
  const places = Object.entries(AT[EVENT_NAMES[trace.kind(event)] as K]) as [string, number][];
  const values = places.map(([name, place]) => [name, trace.argument(event, place)]);
  return Object.fromEntries(values) as Arguments<K>;
}
