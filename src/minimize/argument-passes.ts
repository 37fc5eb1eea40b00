/**
 * Candidates whose operations do something simpler: smaller arguments, lower pages and slots, fewer files,
 * mappings and devices; minimize.ts has their order.
 */
import type { Op } from '../program/op.js';
import {
  makeOp,
  MAP_UNALIGNED,
  OP,
  OP_FIELDS,
  PIN_WRITE,
  specOf,
  usesOrigin,
  usesPages,
  usesRange,
  usesSize,
} from '../program/op.js';
import { normalizeOp } from '../program/validate.js';
import type { FileSpec } from '../program/program.js';
import type { Schedule } from '../schedule/schedule.js';
import type { Draft } from './draft.js';
import { allIds, replaceOp, without } from './draft.js';

/** One argument of one operation made smaller. */
export function* shrinkArguments(draft: Draft): Generator<Draft> {
  const { geometry } = draft.base;
  for (const { op, id } of draft.threads.flat()) {
    for (const smaller of smallerOps(op, geometry.pageSize)) {
      const legal = normalizeOp(smaller, geometry, draft.files.length);
      if (sameOp(legal, op)) continue;
      const smallerDraft = replaceOp(draft, id, legal);
      yield smallerDraft;
      // A shorter access comes by its points less often.
      if (legal.length < op.length) yield { ...smallerDraft, schedule: firstVisits(draft, id) };
    }
  }
}

/** The schedule with every switch inside one operation at the first visit of its point. */
function firstVisits(draft: Draft, id: number): Schedule {
  return draft.schedule.map((step) => (step.op === id ? { ...step, nth: 1 } : step));
}

function* smallerOps(op: Op, pageSize: number): Generator<Op> {
  const spec = specOf(op.code);
  if (op.flags !== 0 && spec.words.length > 0) {
    for (const word of spec.words)
      if ((op.flags & word.bit) !== 0) yield { ...op, flags: op.flags & ~word.bit };
  }
  if (usesOrigin(spec) && op.flags > 0) yield { ...op, flags: 0 };
  if (usesRange(spec)) {
    if (op.length > 128) yield { ...op, length: 128 };
    if (op.length > 64) yield { ...op, length: 64 };
    if (op.length > 8) yield { ...op, length: 8 };
    if (op.length > 1) yield { ...op, length: 1 };
    const toNextPage = pageSize - (op.offset % pageSize);
    if (op.length > toNextPage) {
      yield { ...op, offset: op.offset + toNextPage, length: op.length - toNextPage };
      yield { ...op, length: toNextPage };
    }
    if (op.offset > 0) yield { ...op, offset: 0 };
    if (op.offset % pageSize > 0) yield { ...op, offset: op.offset - (op.offset % pageSize) };
    if (op.offset >= pageSize) yield { ...op, offset: op.offset - pageSize };
  } else if (usesPages(spec)) {
    if (op.length > 1) yield { ...op, length: 1 };
    if (op.length > 4) yield { ...op, length: 4 };
    if (op.offset > 0) yield { ...op, offset: 0 };
  } else if (usesSize(spec) && op.length > 0) {
    yield { ...op, length: 0 };
    if (op.length > pageSize) yield { ...op, length: pageSize };
  }
  if (spec.slot !== null && op.target > 0 && op.code === OP.sync) yield { ...op, target: 0 };
}

const sameOp = (a: Op, b: Op): boolean =>
  a.code === b.code && OP_FIELDS.every((field) => a[field] === b[field]);

/** What a device does through a pin, done by the CPU through the mapping. */
export function* withoutDevices(draft: Draft): Generator<Draft> {
  const { pageSize } = draft.base.geometry;
  const pins = new Map<number, Op>();
  for (const { op } of draft.threads.flat()) if (op.code === OP.pin) pins.set(op.target, op);
  for (const { op, id } of draft.threads.flat()) {
    const pin = pins.get(op.target);
    const written =
      op.code === OP.dma_write || (op.code === OP.pin && (op.flags & PIN_WRITE) !== 0);
    const name = written ? 'store' : 'load';
    if (op.code === OP.pin) {
      const place = { offset: op.offset * pageSize, length: 1 };
      yield replaceOp(draft, id, makeOp(name, { target: op.source, ...place }));
    } else if ((op.code === OP.dma_write || op.code === OP.dma_read) && pin !== undefined) {
      const place = { offset: pin.offset * pageSize + op.offset, length: op.length };
      yield replaceOp(draft, id, makeOp(name, { target: pin.source, ...place }));
    }
  }
}

/** What is stored through a mapping, written to the file; without the mapping if it was for nothing else. */
export function* writesForStores(draft: Draft): Generator<Draft> {
  const { geometry } = draft.base;
  const entries = draft.threads.flat();
  for (const { op: map, id } of entries) {
    if (map.code !== OP.mmap) continue;
    const uses = entries.filter((entry) => entry.id !== id && usesMapping(entry.op, map.target));
    if (!uses.every(({ op }) => op.code === OP.store)) continue;
    const writes = uses.map(({ op, id: store }) => {
      const offset = map.offset * geometry.pageSize + op.offset;
      const write = { target: map.source, offset, length: op.length };
      return { store, write: makeOp('pwrite', write) };
    });
    // A store may aim behind the last page that a file can have; a write may not.
    const isLegal = ({ write }: { readonly write: Op }): boolean =>
      sameOp(normalizeOp(write, geometry, draft.files.length), write);
    if (!writes.every(isLegal)) continue;
    let written = draft;
    for (const { store, write } of writes) written = replaceOp(written, store, write);
    yield without(written, new Set([id]));
  }
}

function usesMapping(op: Op, slot: number): boolean {
  const spec = specOf(op.code);
  return (
    (spec.slot === 'mapping' && op.target === slot) ||
    (spec.from === 'mapping' && op.source === slot)
  );
}

/** All accesses through one mapping instead of two, without the mmap of the other. */
export function* unifyMappings(draft: Draft): Generator<Draft> {
  const slots = new Set<number>();
  for (const { op } of draft.threads.flat()) if (op.code === OP.mmap) slots.add(op.target);
  for (const kept of slots) {
    for (const other of slots) {
      if (kept !== other) yield withoutMapping(draft, other, kept);
    }
  }
}

function withoutMapping(draft: Draft, other: number, kept: number): Draft {
  const gone = new Set<number>();
  let changed = draft;
  for (const { op, id } of draft.threads.flat()) {
    const spec = specOf(op.code);
    const target = spec.slot === 'mapping' && op.target === other;
    const source = spec.from === 'mapping' && op.source === other;
    if (target && op.code === OP.mmap) gone.add(id);
    else if (target) changed = replaceOp(changed, id, { ...op, target: kept });
    else if (source) changed = replaceOp(changed, id, { ...op, source: kept });
  }
  return without(changed, gone);
}

/** Everything that happens at page N or later happens N pages earlier. */
export function* movePagesDown(draft: Draft): Generator<Draft> {
  const { pageSize, filePagesMax } = draft.base.geometry;
  for (let pages = filePagesMax - 1; pages >= 1; pages--) {
    let moved = false;
    const threads = draft.threads.map((ops) =>
      ops.map(({ op, id }) => {
        const spec = specOf(op.code);
        if (usesSize(spec)) {
          return { op: { ...op, length: Math.max(0, op.length - pages * pageSize) }, id };
        }
        const step = usesRange(spec) ? pages * pageSize : usesPages(spec) ? pages : 0;
        if (step === 0 || op.offset < step) return { op, id };
        moved = true;
        return { op: { ...op, offset: op.offset - step }, id };
      }),
    );
    if (!moved) continue;
    yield { ...draft, threads };
    const files = draft.files.map((file) => ({
      ...file,
      allocated: Math.max(0, file.allocated - pages),
    }));
    yield { ...draft, threads, files };
  }
}

/** Mappings that no PMD can map, without an operation that only kept one away. */
export function* dropWithoutPmds(draft: Draft): Generator<Draft> {
  const threads = draft.threads.map((ops) =>
    ops.map(({ op, id }) => ({
      op: op.code === OP.mmap ? { ...op, flags: op.flags | MAP_UNALIGNED } : op,
      id,
    })),
  );
  for (const id of allIds(draft)) yield without({ ...draft, threads }, new Set([id]));
}

/** Slots renumbered from 0 in order of first use, so that minimal programs of one bug look alike. */
export function* renumberSlots(draft: Draft): Generator<Draft> {
  const maps = {
    fd: new Map<number, number>(),
    mapping: new Map<number, number>(),
    pin: new Map<number, number>(),
  };
  const renumber = (kind: 'fd' | 'mapping' | 'pin', slot: number): number => {
    const map = maps[kind];
    const known = map.get(slot) ?? map.size;
    map.set(slot, known);
    return known;
  };
  const threads = draft.threads.map((ops) =>
    ops.map(({ op, id }) => {
      const spec = specOf(op.code);
      const source = spec.from === null ? op.source : renumber(spec.from, op.source);
      const target = spec.slot === null ? op.target : renumber(spec.slot, op.target);
      return { op: { ...op, source, target }, id };
    }),
  );
  yield { ...draft, threads };
}

/** Fewer and smaller files, with fewer holes. */
export function* shrinkFiles(draft: Draft): Generator<Draft> {
  const { files } = draft;
  const used = Math.max(
    0,
    ...draft.threads.flat().map(({ op }) => (op.code === OP.open ? op.source : 0)),
  );
  if (files.length > used + 1) yield { ...draft, files: files.slice(0, used + 1) };
  for (let index = 0; index < files.length; index++) {
    const file = files[index];
    if (file === undefined) continue;
    const replaced = (changed: FileSpec): Draft => ({
      ...draft,
      files: files.map((old, i) => (i === index ? changed : old)),
    });
    for (const pages of [1, 2, 4]) {
      if (pages < file.pages) yield replaced({ pages, allocated: Math.min(file.allocated, pages) });
    }
    if (file.allocated < file.pages) yield replaced({ ...file, allocated: file.pages });
  }
}
