/**
 * One line an event, for `replay --trace` and for golden tests:
 *
 *     000017 t0 op 2  store address=0x5040 length=8 data=fill(3) how=0 ino=0 offset=0x1040 issued=17
 */
import { hex } from '../support/units.js';
import type { EventName } from './event.js';
import { AT, EVENT_ARGUMENTS, EVENT_NAMES } from './event.js';
import type { Trace } from './trace.js';
import { DEVICE_TASK, NO_TASK } from './trace.js';

const IN_HEX = new Set(['address', 'offset', 'size']);

function taskName(task: number): string {
  if (task === DEVICE_TASK) return 'dev';
  return task === NO_TASK ? '-' : `t${task}`;
}

function argumentText(trace: Trace, index: number, name: string, place: number): string {
  const value = trace.argument(index, place);
  if (name === 'data') {
    if (value < 0) return `data=fill(${-1 - value})`;
    const length = trace.argument(index, AT.store.length); // where loads and commits have it, too
    const bytes = trace.pool.subarray(value, value + Math.min(length, 16));
    return `data=${Buffer.from(bytes).toString('hex')}${length > 16 ? '..' : ''}`;
  }
  return `${name}=${IN_HEX.has(name) && value >= 0 ? hex(value) : value}`;
}

export function printEvent(trace: Trace, index: number): string {
  const name = EVENT_NAMES[trace.kind(index)] as EventName;
  const op = trace.op(index);
  const head = `${String(index).padStart(6, '0')} ${taskName(trace.task(index)).padEnd(3)}`;
  const where = op < 0 ? '     ' : `op ${String(op).padEnd(2)}`;
  const args = EVENT_ARGUMENTS[name].map((argument, place) =>
    argumentText(trace, index, argument, place),
  );
  return `${head} ${where} ${name} ${args.join(' ')}`.trimEnd();
}

export function printTrace(trace: Trace): string {
  const lines: string[] = [];
  for (let index = 0; index < trace.length; index++) lines.push(printEvent(trace, index));
  return `${lines.join('\n')}\n`;
}
