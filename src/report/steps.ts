/** What each event of a trace is worth in a drawing: a line of text in the column of its thread. */
import { opAt } from '../program/program.js';
import type { Program } from '../program/program.js';
import { printOp } from '../program/text.js';
import { hex } from '../support/units.js';
import type { EventName } from '../trace/event.js';
import { EVENT, EVENT_NAMES, FENCE, FLUSH, PTE, STORE, TAG, WHY } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { dataByte } from '../trace/trace.js';
import { fileName, nameOf } from './names.js';

export const INDENT = '    ';

/** Keeps two words on one line. */
const GLUE = '\u00a0';

/** `"a" page 3`, `"a" pages 0..4`, or `"a", whole file`. */
function pagesText(program: Program, ino: number, page: number, pages: number): string {
  const name = fileName(ino);
  if (page === 0 && pages === program.geometry.filePagesMax) return `${name}, whole file`;
  return pages === 1 ? `${name} page ${page}` : `${name} pages ${page}..${page + pages}`;
}

const PTE_STATE: Record<number, string> = {
  [PTE.none]: 'removed',
  [PTE.readOnly]: 'read-only',
  [PTE.writable]: 'writable',
  [PTE.zero]: 'the zero page',
  [PTE.anonymous]: 'a private copy',
};

/** The text of an event; null for the ones that say nothing new. */
export function describe(
  program: Program,
  trace: Trace,
  event: number,
  pointNames: readonly string[],
): string | null {
  if (trace.kind(event) === EVENT.op_enter) {
    const op = opAt(program, trace.op(event));
    return op === null ? null : `${trace.op(event)}: ${printOp(op)} {`;
  }
  if (trace.kind(event) === EVENT.op_exit) return `} = ${trace.argument(event, 0)}`;
  if (trace.kind(event) === EVENT.context_switch) {
    const point = pointNames[trace.argument(event, 0)] ?? String(trace.argument(event, 0));
    if (point === 'task_end') return '(ends)';
    if (point.startsWith('wait:')) return null; // its wait event says so
    return `${INDENT}-- preempted at ${point}${GLUE}--`;
  }
  const text = describeStep(program, trace, event, pointNames);
  return text === null ? null : INDENT + text;
}

function describeStep(
  program: Program,
  trace: Trace,
  event: number,
  pointNames: readonly string[],
): string | null {
  const arg = (place: number): number => trace.argument(event, place);
  const pages = (ino: number, page: number, count: number): string =>
    pagesText(program, arg(ino), arg(page), count);
  switch (EVENT_NAMES[trace.kind(event)] as EventName) {
    case 'store':
      return describeStore(trace, event);
    case 'flush':
      return `${nameOf(FLUSH, arg(2))} ${hex(arg(0))}..${hex(arg(0) + arg(1))}`;
    case 'fence':
      return arg(0) === FENCE.locked
        ? '(locked instruction: the write-backs above are complete)'
        : nameOf(FENCE, arg(0));
    case 'journal_commit':
      return `journal: commit record ${arg(2)} written`;
    case 'load':
      return `load ${fileName(arg(4))}+${hex(arg(5))}: ${hex(dataByte(trace, arg(2), 0))}`;
    case 'wait':
      return `(waits for ${(pointNames[arg(0)] ?? String(arg(0))).replace('wait:', '')})`;
    case 'extent_map':
      return `block ${arg(2)} allocated to ${pages(0, 1, 1)}`;
    case 'extent_unmap':
      return `block ${arg(2)} of ${pages(0, 1, 1)} freed`;
    case 'i_size':
      return `i_size of ${fileName(arg(0))} = ${hex(arg(1))}`;
    case 'fault':
      return `${arg(3) === 1 ? 'write' : 'read'} fault on ${pages(0, 1, 1)}`;
    case 'dax_insert_entry':
      return arg(3) === 0
        ? null
        : `dax_insert_entry: ${pages(0, 1, arg(2))} -> ${arg(3) === 1 ? 'zero page' : `block ${arg(4)}`}`;
    case 'dax_delete_entry':
      return `entry of ${pages(0, 1, arg(2))} removed (${nameOf(WHY, arg(3))})${arg(4) === 0 ? '' : ', with its tags'}`;
    case 'dax_tag':
      return `${nameOf(TAG, arg(2)).toUpperCase()} ${arg(3) === 1 ? 'set' : 'cleared'} on ${pages(0, 1, 1)}`;
    case 'set_pte':
      return `${arg(1) > 1 ? 'PMD' : 'PTE'} of ${pages(3, 4, arg(1))}: ${PTE_STATE[arg(2)] ?? arg(2)}`;
    case 'dax_writeback_range':
      return `dax_writeback_mapping_range: ${pages(0, 1, arg(2))}`;
    case 'dax_writeback_one':
      return `dax_writeback_one: ${pages(0, 1, arg(2))}`;
    case 'mark_inode_dirty':
      return `inode ${fileName(arg(0))} ${arg(1) === 1 ? 'on' : 'off'} the dirty list`;
    case 'writeback_single_inode':
      return `writeback_single_inode: ${fileName(arg(0))}${arg(1) === 1 ? '' : ', no DAX writepages'}`;
    case 'pin':
      return `pinned ${pages(1, 2, 1)} (block ${arg(3)})`;
    case 'unpin':
      return `unpinned ${pages(1, 2, 1)} (block ${arg(3)})`;
    default:
      return null; // told by others: fault_done, sync_range and the like
  }
}

function describeStore(trace: Trace, event: number): string {
  const address = trace.argument(event, 0);
  const length = trace.argument(event, 1);
  const how = trace.argument(event, 3);
  const kind =
    (how & STORE.dma) !== 0 ? 'DMA write' : (how & STORE.nonTemporal) !== 0 ? 'movnt' : 'store';
  const held = trace.argument(event, 6) < event ? ' (from the store buffer)' : '';
  const place = `${fileName(trace.argument(event, 4))}+${hex(trace.argument(event, 5))}`;
  const byte = hex(dataByte(trace, trace.argument(event, 2), 0));
  return `${kind} ${length} x ${byte} to ${place} at ${hex(address)}${held}`;
}
