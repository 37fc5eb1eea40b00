/** What each event of a trace is worth in a drawing: a line of text in the column of its thread. */
import { opAt } from '../program/program.js';
import type { Program } from '../program/program.js';
import { printOp } from '../program/text.js';
import { hex } from '../support/units.js';
import type { Arguments } from '../trace/arguments.js';
import { argumentsOf } from '../trace/arguments.js';
import type { EventName } from '../trace/event.js';
import { EVENT_NAMES, FENCE, FLUSH, PTE, STORE, TAG, WHY } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { dataByte } from '../trace/trace.js';
import { fileName, nameOf } from './names.js';

export const INDENT = '    ';

/** Keeps two words on one line. */
const GLUE = '\u00a0';

/** What a step is told with, beyond its own arguments. */
interface Scene {
  readonly program: Program;
  readonly trace: Trace;
  readonly event: number;
  readonly pointNames: readonly string[];
}

/** `"a" page 3`, `"a" pages 0..4`, or `"a", whole file`. */
function pagesText({ program }: Scene, ino: number, page: number, pages = 1): string {
  const name = fileName(ino);
  if (page === 0 && pages === program.geometry.filePagesMax) return `${name}, whole file`;
  return pages === 1 ? `${name} page ${page}` : `${name} pages ${page}..${page + pages}`;
}

const pointName = ({ pointNames }: Scene, point: number): string =>
  pointNames[point] ?? String(point);

const PTE_STATE: Record<number, string> = {
  [PTE.none]: 'removed',
  [PTE.readOnly]: 'read-only',
  [PTE.writable]: 'writable',
  [PTE.zero]: 'the zero page',
  [PTE.anonymous]: 'a private copy',
};

type Telling = { readonly [K in EventName]?: (of: Arguments<K>, scene: Scene) => string | null };

/** The calls and who runs. */
const FRAME: Telling = {
  op_enter: (_, { program, trace, event }) => {
    const op = opAt(program, trace.op(event));
    return op === null ? null : `${trace.op(event)}: ${printOp(op)} {`;
  },
  op_exit: ({ result }) => `} = ${result}`,
  context_switch: ({ point }, scene) => {
    const name = pointName(scene, point);
    if (name === 'task_end') return '(ends)';
    if (name.startsWith('wait:')) return null; // its wait event says so
    return `${INDENT}-- preempted at ${name}${GLUE}--`;
  },
};

/** What happens inside of a call; what others tell (fault_done, sync_range and the like) is left out. */
const STEPS: Telling = {
  store: ({ address, length, data, how, ino, offset, issued }, { trace, event }) => {
    const kind =
      (how & STORE.dma) !== 0 ? 'DMA write' : (how & STORE.nonTemporal) !== 0 ? 'movnt' : 'store';
    const held = issued < event ? ' (from the store buffer)' : '';
    if (ino < 0) return `${kind} ${length} bytes at ${hex(address)}`; // metadata, or a copy
    const place = `${fileName(ino)}+${hex(offset)}`;
    const byte = hex(dataByte(trace, data, 0));
    return `${kind} ${length} x ${byte} to ${place} at ${hex(address)}${held}`;
  },
  flush: ({ address, length, how }) =>
    `${nameOf(FLUSH, how)} ${hex(address)}..${hex(address + length)}`,
  fence: ({ how }) =>
    how === FENCE.locked
      ? '(locked instruction: the write-backs above are complete)'
      : nameOf(FENCE, how),
  journal_commit: ({ length, tid, tail }) =>
    length === 0
      ? `log: the tail moves, transactions up to ${tail} are at home`
      : `log: the head moves, transaction ${tid} commits`,
  load: ({ data, ino, offset }, { trace }) =>
    `load ${fileName(ino)}+${hex(offset)}: ${hex(dataByte(trace, data, 0))}`,
  wait: ({ reason }, scene) => `(waits for ${pointName(scene, reason).replace('wait:', '')})`,
  extent_map: ({ ino, page, block }, scene) =>
    `block ${block} allocated to ${pagesText(scene, ino, page)}`,
  extent_unmap: ({ ino, page, block }, scene) =>
    `block ${block} of ${pagesText(scene, ino, page)} freed`,
  extent_remap: ({ ino, page, block }, scene) =>
    `block ${block} takes the place of the one of ${pagesText(scene, ino, page)}`,
  content: ({ ino, length, offset }) =>
    `${length} bytes of ${fileName(ino)}+${hex(offset)} came with their block`,
  inode_time: ({ ino, mtime, ctime }) =>
    `times of ${fileName(ino)} = ${mtime === ctime ? mtime : `${mtime}, ${ctime}`}`,
  i_size: ({ ino, size }) => `i_size of ${fileName(ino)} = ${hex(size)}`,
  fault: ({ ino, page, write }, scene) =>
    `${write === 1 ? 'write' : 'read'} fault on ${pagesText(scene, ino, page)}`,
  dax_insert_entry: ({ ino, page, pages, kind, block }, scene) => {
    if (kind === 0) return null;
    const what = kind === 1 ? 'zero page' : `block ${block}`;
    return `dax_insert_entry: ${pagesText(scene, ino, page, pages)} -> ${what}`;
  },
  dax_delete_entry: ({ ino, page, pages, why, tags }, scene) => {
    const lost = tags === 0 ? '' : ', with its tags';
    return `entry of ${pagesText(scene, ino, page, pages)} removed (${nameOf(WHY, why)})${lost}`;
  },
  dax_tag: ({ ino, page, tag, set }, scene) => {
    const done = set === 1 ? 'set' : 'cleared';
    return `${nameOf(TAG, tag).toUpperCase()} ${done} on ${pagesText(scene, ino, page)}`;
  },
  set_pte: ({ pages, state, ino, page }, scene) => {
    const level = pages > 1 ? 'PMD' : 'PTE';
    return `${level} of ${pagesText(scene, ino, page, pages)}: ${PTE_STATE[state] ?? state}`;
  },
  dax_writeback_range: ({ ino, page, pages }, scene) =>
    `dax_writeback_mapping_range: ${pagesText(scene, ino, page, pages)}`,
  dax_writeback_one: ({ ino, page, pages }, scene) =>
    `dax_writeback_one: ${pagesText(scene, ino, page, pages)}`,
  mark_inode_dirty: ({ ino, dirty }) =>
    `inode ${fileName(ino)} ${dirty === 1 ? 'on' : 'off'} the dirty list`,
  writeback_single_inode: ({ ino, writepages }) =>
    `writeback_single_inode: ${fileName(ino)}${writepages === 1 ? '' : ', no DAX writepages'}`,
  pin: ({ ino, page, block }, scene) => `pinned ${pagesText(scene, ino, page)} (block ${block})`,
  unpin: ({ ino, page, block }, scene) =>
    `unpinned ${pagesText(scene, ino, page)} (block ${block})`,
  media_error: ({ block }) => `block ${block} goes bad: nobody can read it any more`,
  clear_poison: ({ block }) => `the poison of block ${block} is cleared: it can be read again`,
  machine_check: ({ ino, page, block }, scene) =>
    `machine check: ${pagesText(scene, ino, page)} (block ${block})`,
  badblocks: ({ block, set }) =>
    `block ${block} ${set === 1 ? 'on' : 'off'} the list of bad blocks`,
  fs_shutdown: () => 'the file system is shut down',
  kill_dax: () => 'kill_dax: the DAX device is dead',
  memunmap_pages: () => 'memunmap_pages: the struct pages of the device are freed',
};

/** The text of an event; null for the ones that say nothing new. */
export function describe(
  program: Program,
  trace: Trace,
  event: number,
  pointNames: readonly string[],
): string | null {
  const name = EVENT_NAMES[trace.kind(event)] as EventName;
  const scene: Scene = { program, trace, event, pointNames };
  const framed = tell(FRAME, name, scene);
  if (framed !== undefined) return framed;
  const text = tell(STEPS, name, scene) ?? null;
  return text === null ? null : INDENT + text;
}

/** Undefined for kinds that are not in the table. */
function tell<K extends EventName>(
  table: Telling,
  name: K,
  scene: Scene,
): string | null | undefined {
  return table[name]?.(argumentsOf<K>(scene.trace, scene.event), scene);
}
