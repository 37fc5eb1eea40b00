/**
 * P8: which bytes a program has made durable by itself, with clwb and sfence. A store through a MAP_SYNC
 * mapping has its block in the block map on media before the page is writable; so once its line has been
 * written back and fenced, the file shows it after a power failure, and no call of the kernel is needed.
 *
 * Everything that the manual leaves open is left out:
 * - stores through a slot that some mmap of the program maps without MAP_SYNC, or privately;
 * - stores from before the last change of the page's block: truncate, punch and reflink may move or share it,
 *   and what they do is durable only by fsync;
 * - bytes that were beyond the end of the file at any time: a mapped page is not unmapped when write(2) grows
 *   the file inside of it, and the new size is durable only by fsync;
 * - lines of blocks that no file owns.
 * Sizes and layouts that changed meanwhile, and what other stores left in the same bytes later, are allowed
 * as for every other promise (expectation.ts).
 */
import type { Disk } from '../media/disk.js';
import { blockAddress, blockOf } from '../media/layout.js';
import { MAP_PRIVATE, MAP_SYNC, OP } from '../program/op.js';
import type { Program } from '../program/program.js';
import { AT, EVENT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import type { FileRange, UserFlush } from './promise.js';
import { FileView, NOBODY } from './view.js';

interface WrittenBack extends FileRange {
  /** As an index over all files. */
  readonly page: number;
  readonly block: number;
}

/** Stores of the program through slots that are only ever mapped with MAP_SYNC. */
export function syncStores(program: Program): ReadonlySet<number> {
  const stores = program.threads
    .flat()
    .flatMap(({ code, target }, number) =>
      code === OP.store && isSyncSlot(program, target) ? [number] : [],
    );
  return new Set(stores);
}

/** Is the slot only ever mapped with MAP_SYNC? */
export function isSyncSlot(program: Program, slot: number): boolean {
  return program.threads
    .flat()
    .filter(({ code, target }) => code === OP.mmap && target === slot)
    .every(({ flags }) => (flags & (MAP_SYNC | MAP_PRIVATE)) === MAP_SYNC);
}

/** What the user flush with number `op`, which returned at event `end`, covers. */
export function userFlushOf(
  program: Program,
  disk: Disk,
  trace: Trace,
  op: number,
  end: number,
): UserFlush {
  const view = new FileView();
  view.reset(program, disk, trace);
  const sizes = Int32Array.from(view.sizes);
  const lines: WrittenBack[] = [];
  for (let event = 0; event < end; event++) {
    view.apply(event);
    const kind = trace.kind(event);
    if (kind === EVENT.i_size) {
      const ino = trace.argument(event, AT.i_size.ino);
      const size = trace.argument(event, AT.i_size.size);
      sizes[ino] = Math.min(sizes[ino] as number, size);
    } else if (kind === EVENT.flush && trace.op(event) === op) {
      noteLines(view, trace, event, lines);
    }
  }
  let since = -1;
  for (const { page, block } of lines) {
    const kept = view.blocks[page] === block;
    const changed = Math.max(view.mappedAt[block] as number, view.broughtAt[page] as number);
    since = Math.max(since, kept ? changed : end);
  }
  const stores = syncStores(program);
  const isPromised = ({ ino, from, to }: FileRange): boolean => {
    for (let event = since + 1; event < end; event++) {
      if (trace.kind(event) !== EVENT.store || !stores.has(trace.op(event))) continue;
      const offset = trace.argument(event, AT.store.offset);
      const meets = offset < to && offset + trace.argument(event, AT.store.length) > from;
      if (meets && trace.argument(event, AT.store.ino) === ino) return true;
    }
    return false;
  };
  // Lines without such a store are not worth a look at what survives.
  const ranges = lines
    .map(({ ino, from, to }) => ({ ino, from, to: Math.min(to, sizes[ino] as number) }))
    .filter((range) => range.from < range.to && isPromised(range));
  return { ranges, stores, since };
}

/** The bytes of files behind the lines of one flush. */
function noteLines(view: FileView, trace: Trace, event: number, lines: WrittenBack[]): void {
  const { layout, filePages } = view;
  const { pageSize } = layout.geometry;
  const start = trace.argument(event, AT.flush.address);
  const end = start + trace.argument(event, AT.flush.length);
  for (let at = start; at < end;) {
    const block = blockOf(layout, at);
    const within = at - blockAddress(layout, block);
    const length = Math.min(end - at, pageSize - within);
    const page = view.owner[block] ?? NOBODY;
    if (page !== NOBODY) {
      const from = (page % filePages) * pageSize + within;
      lines.push({ ino: Math.floor(page / filePages), from, to: from + length, page, block });
    }
    at += length;
  }
}
