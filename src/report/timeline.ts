/**
 * The interleaving of a finding in one column per thread, as kernel developers draw it on the mailing list:
 * each operation, the steps of the kernel that matter, where a thread was preempted, and the power cut.
 */
import { FILE_NAMES, opAt } from '../program/program.js';
import type { Program } from '../program/program.js';
import { printOp } from '../program/text.js';
import { ascending } from '../support/order.js';
import { hex } from '../support/units.js';
import type { EventName } from '../trace/event.js';
import { EVENT_NAMES, FENCE, FLUSH, PTE, STORE, TAG, WHY } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { dataByte, DEVICE_TASK, NO_TASK } from '../trace/trace.js';

export interface TimelineOptions {
  readonly pointNames: readonly string[];
  /** The last event that happened before the power failed or the fault showed. */
  readonly until: number;
  /** Characters of the whole drawing. */
  readonly width: number;
}

interface Step {
  /** Column, or -1 for a line across all of them. */
  readonly task: number;
  readonly text: string;
}

const INDENT = '    ';
const COLUMN_MIN = 24;

export function printTimeline(program: Program, trace: Trace, options: TimelineOptions): string {
  const steps = collectSteps(program, trace, options);
  const used = [...new Set(steps.map((step) => step.task).filter((task) => task >= 0))].sort(
    ascending,
  );
  const gap = 2;
  const width = Math.max(
    COLUMN_MIN,
    Math.floor((options.width - gap * (used.length - 1)) / used.length),
  );
  const lines = [
    used.map((task) => columnTitle(task).padEnd(width)).join(' '.repeat(gap)),
    used.map((task) => '='.repeat(columnTitle(task).length).padEnd(width)).join(' '.repeat(gap)),
  ];
  for (const step of steps) {
    const column = used.indexOf(step.task);
    for (const part of wrap(step.text, width)) {
      lines.push(' '.repeat(column * (width + gap)) + part);
    }
  }
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function columnTitle(task: number): string {
  return task === DEVICE_TASK ? 'device' : `thread ${task}`;
}

/** Breaks at spaces; continuation lines are indented two more than the first. */
function wrap(text: string, width: number): string[] {
  const indent = ' '.repeat(text.length - text.trimStart().length);
  const lines: string[] = [];
  let line = '';
  for (const word of text.trim().split(' ')) {
    const start = lines.length === 0 ? indent : `${indent}  `;
    if (line !== '' && start.length + line.length + 1 + word.length > width) {
      lines.push(start + line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  lines.push((lines.length === 0 ? indent : `${indent}  `) + line);
  return lines;
}

function collectSteps(program: Program, trace: Trace, options: TimelineOptions): Step[] {
  const steps: Step[] = [];
  const last = Math.min(options.until, trace.length - 1);
  for (let event = 0; event <= last; event++) {
    const text = describe(program, trace, event, options.pointNames);
    const task = trace.task(event);
    if (text === null || task === NO_TASK) continue;
    steps.push({ task, text });
  }
  return foldSimpleOps(steps);
}

/** `open("a") {` followed by `} = 0` is `open("a") = 0`. */
function foldSimpleOps(steps: readonly Step[]): Step[] {
  const folded: Step[] = [];
  for (const step of steps) {
    const before = folded[folded.length - 1];
    if (before?.task === step.task && before.text.endsWith(' {') && step.text.startsWith('} =')) {
      folded[folded.length - 1] = {
        task: step.task,
        text: before.text.slice(0, -2) + step.text.slice(1),
      };
    } else {
      folded.push(step);
    }
  }
  return folded;
}

const fileName = (ino: number): string => FILE_NAMES[ino] ?? `ino ${ino}`;

/** `a page 3` or `a pages 0..4`. */
function pagesText(ino: number, page: number, pages: number): string {
  return pages === 1
    ? `${fileName(ino)} page ${page}`
    : `${fileName(ino)} pages ${page}..${page + pages}`;
}

const PTE_STATE: Record<number, string> = {
  [PTE.none]: 'removed',
  [PTE.readOnly]: 'read-only',
  [PTE.writable]: 'writable',
  [PTE.zero]: 'the zero page',
  [PTE.anonymous]: 'a private copy',
};

const nameOf = (table: Record<string, number>, value: number): string =>
  Object.keys(table).find((key) => table[key] === value) ?? String(value);

/** What an event is worth in the drawing; null for the ones that say nothing new. */
function describe(
  program: Program,
  trace: Trace,
  event: number,
  pointNames: readonly string[],
): string | null {
  const arg = (place: number): number => trace.argument(event, place);
  switch (EVENT_NAMES[trace.kind(event)] as EventName) {
    case 'op_enter': {
      const op = opAt(program, trace.op(event));
      return op === null ? null : `${trace.op(event)}: ${printOp(op)} {`;
    }
    case 'op_exit':
      return `} = ${arg(0)}`;
    case 'store':
      return INDENT + describeStore(trace, event);
    case 'flush':
      return `${INDENT}${nameOf(FLUSH, arg(2))} lines ${hex(arg(0))}..${hex(arg(0) + arg(1))}`;
    case 'fence':
      return arg(0) === FENCE.locked
        ? `${INDENT}(locked instruction completes the write-backs)`
        : `${INDENT}${nameOf(FENCE, arg(0))}`;
    case 'journal_commit':
      return `${INDENT}journal: commit record ${arg(2)} written`;
    case 'load':
      return `${INDENT}load ${fileName(arg(4))}+${hex(arg(5))}: ${dataByte(trace, arg(2), 0)}`;
    case 'context_switch':
      return `${INDENT}-- stops at ${pointNames[arg(0)] ?? arg(0)} --`;
    case 'wait':
      return `${INDENT}(waits: ${pointNames[arg(0)] ?? arg(0)})`;
    case 'extent_map':
      return `${INDENT}block ${arg(2)} allocated to ${pagesText(arg(0), arg(1), 1)}`;
    case 'extent_unmap':
      return `${INDENT}block ${arg(2)} of ${pagesText(arg(0), arg(1), 1)} freed`;
    case 'i_size':
      return `${INDENT}i_size of ${fileName(arg(0))} = ${hex(arg(1))}`;
    case 'fault':
      return `${INDENT}${arg(3) === 1 ? 'write' : 'read'} fault on ${pagesText(arg(0), arg(1), 1)}`;
    case 'dax_insert_entry':
      return arg(3) === 0
        ? null
        : `${INDENT}dax_insert_entry: ${pagesText(arg(0), arg(1), arg(2))} -> ${arg(3) === 1 ? 'zero page' : `block ${arg(4)}`}`;
    case 'dax_delete_entry':
      return `${INDENT}entry of ${pagesText(arg(0), arg(1), arg(2))} removed (${nameOf(WHY, arg(3))})${arg(4) === 0 ? '' : `, with its tags`}`;
    case 'dax_tag':
      return `${INDENT}${nameOf(TAG, arg(2)).toUpperCase()} ${arg(3) === 1 ? 'set' : 'cleared'} on ${pagesText(arg(0), arg(1), 1)}`;
    case 'set_pte':
      return `${INDENT}${arg(1) > 1 ? 'PMD' : 'PTE'} of ${pagesText(arg(3), arg(4), arg(1))}: ${PTE_STATE[arg(2)] ?? arg(2)}`;
    case 'dax_writeback_range':
      return `${INDENT}dax_writeback_mapping_range: ${pagesText(arg(0), arg(1), arg(2))}`;
    case 'dax_writeback_one':
      return `${INDENT}dax_writeback_one: ${pagesText(arg(0), arg(1), arg(2))}`;
    case 'dax_writeback_one_done':
    case 'pfn_mkclean_range':
    case 'sync_range':
    case 'fault_done':
      return null;
    case 'mark_inode_dirty':
      return `${INDENT}inode ${fileName(arg(0))} ${arg(1) === 1 ? 'on' : 'off'} the dirty list`;
    case 'writeback_single_inode':
      return `${INDENT}writeback_single_inode: ${fileName(arg(0))}${arg(1) === 1 ? '' : ', no DAX writepages'}`;
    case 'pin':
      return `${INDENT}pinned ${pagesText(arg(1), arg(2), 1)} (block ${arg(3)})`;
    case 'unpin':
      return `${INDENT}unpinned ${pagesText(arg(1), arg(2), 1)} (block ${arg(3)})`;
  }
}

function describeStore(trace: Trace, event: number): string {
  const address = trace.argument(event, 0);
  const length = trace.argument(event, 1);
  const how = trace.argument(event, 3);
  const ino = trace.argument(event, 4);
  const kind =
    (how & STORE.dma) !== 0 ? 'DMA write' : (how & STORE.nonTemporal) !== 0 ? 'movnt' : 'store';
  const held = trace.argument(event, 6) < event ? ' (from the store buffer)' : '';
  const place = `${fileName(ino)}+${hex(trace.argument(event, 5))}`;
  return `${kind} ${length} x ${hex(dataByte(trace, trace.argument(event, 2), 0))} to ${place} at ${hex(address)}${held}`;
}
