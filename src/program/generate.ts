/**
 * Random programs. Everything is drawn from one Choice.
 *
 * Two ideas make small random programs meet. *Hot pages*: most accesses go to one or two pages of a file,
 * through whatever mapping or descriptor, so that operations collide. *Swarm*: each program leaves out some
 * kinds of operations altogether, so that the others come more often and in longer runs (Groce et al.,
 * "Swarm testing", ISSTA 2012).
 */
import type { Choice } from '../support/choice.js';
import { between, chance, pick, pickWeighted } from '../support/choice.js';
import { empty } from '../support/lists.js';
import type { Dialect } from './dialect.js';
import { drawnFlagsBound, MODEL_DIALECT, SHARING_DIALECT } from './dialect.js';
import { thawed } from './freeze.js';
import type { Geometry } from './geometry.js';
import { DEFAULT_GEOMETRY, MAPPING_SLOTS } from './geometry.js';
import { drawKernelOp, varied, variedSharing } from './kernel-operations.js';
import { placeMediaError } from './media-errors.js';
import { drawRemount, placeRemount } from './mount-operations.js';
import type { Op, OpCode } from './op.js';
import {
  FALLOCATE,
  MAP_PRIVATE,
  MAP_READ_ONLY,
  MAP_SYNC,
  MAP_UNALIGNED,
  makeOp,
  MS_ASYNC,
  OP,
  OP_CODES,
  PROTECT_READ_ONLY,
  specOf,
} from './op.js';
import { drawPinOp, drawUnbind, pinSlot } from './pin-operations.js';
import type { FileSpec, Program } from './program.js';
import { normalizeOp } from './validate.js';
import { WEIGHTS } from './weights.js';

export interface GenerateOptions {
  readonly geometry: Geometry;
  readonly threadsMax: number;
  /** Operations of a program, the opening ones included. */
  readonly opsMax: number;
  /** The kinds of operations to draw from, each enabled in every program; all of them by default. */
  readonly only?: ReadonlySet<OpCode>;
  /** What there is to draw from; the model's by default. */
  readonly dialect?: Dialect;
}

export const DEFAULT_GENERATE: GenerateOptions = Object.freeze({
  geometry: DEFAULT_GEOMETRY,
  threadsMax: 3,
  opsMax: 16,
});

/** A mapping that the program makes when it opens, for aiming accesses through it. */
interface KnownMapping {
  readonly slot: number;
  readonly file: number;
  readonly pgoff: number;
  readonly pages: number;
}

const THREAD_WEIGHTS = [5, 7, 2, 1];
const LENGTHS = [1, 8, 8, 8, 16, 64, 100];

export class ProgramGenerator {
  private readonly weights = new Int32Array(OP_CODES);
  private readonly mappings: KnownMapping[] = [];
  private readonly hot: { file: number; page: number }[] = [];
  private files: FileSpec[] = [];
  readonly dialect: Dialect;

  constructor(private readonly options: GenerateOptions = DEFAULT_GENERATE) {
    this.dialect = options.dialect ?? MODEL_DIALECT;
  }

  generate(choice: Choice): Program {
    const { geometry, threadsMax, opsMax } = this.options;
    this.drawSwarm(choice);
    this.files = this.drawFiles(choice);
    this.drawHotPages(choice);
    const opening = this.opening(choice);
    const threadCount = 1 + pickWeighted(choice, THREAD_WEIGHTS.slice(0, threadsMax));
    const threads: Op[][] = [[...opening]];
    while (threads.length < threadCount) threads.push([]);
    const remount = drawRemount(choice, this.options, this.dialect, opening, threadCount);
    const again = opening.length + remount.length + threadCount <= opsMax ? remount : [];
    const room = Math.max(threadCount, opsMax - opening.length - again.length);
    const count = between(choice, Math.min(room, 2 * threadCount), room);
    for (let i = 0; i < count; i++) {
      const thread = i < threadCount ? i : choice.below(threadCount);
      (threads[thread] as Op[]).push(this.op(choice));
    }
    // A program that promises nothing at its end checks little.
    if (this.options.only === undefined && chance(choice, 1, 2)) {
      const last = threads[choice.below(threadCount)] as Op[];
      last[last.length - 1] = this.promise(choice);
    }
    placeRemount(choice, threads, opening.length, again);
    placeMediaError(choice, threads, opening.length, this.options, this.dialect, this);
    const drawn: Program = { geometry, files: this.files, threads, spawnAfter: opening.length };
    return thawed(drawn, opsMax);
  }

  /** One operation, for mutation; aims at the hot pages of the program generated last. */
  op(choice: Choice): Op {
    const { geometry } = this.options;
    const drawn = this.draw(choice, pickWeighted(choice, this.weights) as OpCode);
    const op = this.dialect.varies.has(drawn.code) ? this.vary(choice, drawn) : drawn;
    return normalizeOp(op, geometry, this.files.length);
  }

  private vary(choice: Choice, drawn: Op): Op {
    const { geometry } = this.options;
    const vary = this.dialect === SHARING_DIALECT ? variedSharing : varied;
    const op = vary(choice, drawn, geometry);
    return op.flags < drawnFlagsBound(this.dialect, op.code, geometry) ? op : drawn;
  }

  /** Aims at a program that came from elsewhere. */
  aimAt(choice: Choice, program: Program): void {
    this.drawSwarm(choice);
    this.files = [...program.files];
    empty(this.mappings);
    empty(this.hot);
    // The file of each descriptor until an open says otherwise: opening() gives f0 the first file and f1 the
    // second; a program that uses the other slots unopened gets one of the two as well.
    const descriptors = [0, 1, 0, 1];
    for (const ops of program.threads) {
      for (const op of ops) {
        if (op.code === OP.open) descriptors[op.target] = op.source;
        if (op.code !== OP.mmap) continue;
        const file = descriptors[op.source] ?? 0;
        this.mappings.push({ slot: op.target, file, pgoff: op.offset, pages: op.length });
      }
    }
    if (this.mappings.length === 0) this.mappings.push({ slot: 0, file: 0, pgoff: 0, pages: 1 });
    this.drawHotPages(choice);
  }

  private drawSwarm(choice: Choice): void {
    this.weights.fill(0);
    for (const code of this.dialect.operations) {
      const weight = WEIGHTS[code] as number;
      this.weights[code] = chance(choice, 2, 3) ? weight : 0;
    }
    this.weights[OP.store] = WEIGHTS[OP.store] as number;
    this.weights[OP.fsync] = Math.max(2, this.weights[OP.fsync] as number);
    const { only } = this.options;
    if (only !== undefined) {
      for (let code = 0; code < OP_CODES; code++) {
        this.weights[code] = only.has(code as OpCode) ? (WEIGHTS[code] as number) : 0;
      }
      return;
    }
    // After a removal little is left to do.
    const removes = chance(choice, 1, 12);
    for (const code of [OP.unbind, OP.shutdown]) {
      if (!removes) this.weights[code] = 0;
    }
    // Operations that are nothing without each other come or stay away together.
    const pins = this.weights[OP.pin] !== 0;
    for (const code of [OP.dma_write, OP.dma_read, OP.unpin]) {
      this.weights[code] = pins ? (WEIGHTS[code] as number) : 0;
    }
  }

  private drawFiles(choice: Choice): FileSpec[] {
    const { filePagesMax, blockCount } = this.options.geometry;
    const draw = (pages: number): FileSpec => {
      const shape = choice.below(6);
      const allocated = shape < 4 ? pages : shape === 4 ? 0 : choice.below(pages + 1);
      return { pages, allocated: Math.min(allocated, blockCount) };
    };
    const first = draw(chance(choice, 2, 3) ? filePagesMax : between(choice, 1, filePagesMax));
    if (chance(choice, 1, 2)) return [first];
    return [first, { pages: Math.min(choice.below(3), filePagesMax), allocated: 0 }];
  }

  private drawHotPages(choice: Choice): void {
    empty(this.hot);
    const file = 0;
    const pages = Math.max(1, (this.files[file] as FileSpec).pages);
    const base = choice.below(pages);
    this.hot.push({ file, page: base });
    if (chance(choice, 1, 2)) this.hot.push({ file, page: Math.min(pages - 1, base + 1) });
  }

  /** Opens and maps what the threads use. */
  private opening(choice: Choice): Op[] {
    const ops = [makeOp('open', { target: 0, source: 0 })];
    empty(this.mappings);
    if (this.files.length > 1) ops.push(makeOp('open', { target: 1, source: 1 }));
    const count = 1 + choice.below(2);
    for (let slot = 0; slot < count; slot++) {
      const mapping = this.drawMapping(choice, slot, 0);
      ops.push(mapping);
      this.mappings.push({ slot, file: 0, pgoff: mapping.offset, pages: mapping.length });
    }
    if (this.files.length > 1 && chance(choice, 1, 2)) {
      const { filePagesMax } = this.options.geometry;
      ops.push(makeOp('mmap', { target: 2, source: 1, offset: 0, length: filePagesMax }));
      this.mappings.push({ slot: 2, file: 1, pgoff: 0, pages: filePagesMax });
    }
    return ops;
  }

  private drawMapping(choice: Choice, slot: number, fd: number): Op {
    const { filePagesMax, pmdPages } = this.options.geometry;
    const hot = pick(choice, this.hot).page;
    let offset = 0;
    let length = filePagesMax;
    const shape = choice.below(4);
    if (shape === 1) {
      offset = hot;
      length = 1;
    } else if (shape === 2) {
      offset = hot - (hot % pmdPages);
      length = Math.min(pmdPages, filePagesMax - offset);
    } else if (shape === 3) {
      offset = Math.max(0, hot - choice.below(2));
      length = Math.min(filePagesMax - offset, 1 + choice.below(pmdPages));
    }
    let flags = 0;
    if (chance(choice, 1, 3)) flags |= MAP_UNALIGNED;
    if (chance(choice, 1, 8)) flags |= MAP_SYNC;
    else if (chance(choice, 1, 10)) flags |= MAP_PRIVATE;
    if (chance(choice, 1, 12)) flags |= MAP_READ_ONLY;
    return makeOp('mmap', { target: slot, source: fd, offset, length, flags });
  }

  private promise(choice: Choice): Op {
    switch (choice.below(6)) {
      case 0:
        return makeOp('sync');
      case 1:
        return makeOp('fdatasync', { target: 0 });
      case 2:
        return this.draw(choice, OP.msync);
      default:
        return makeOp('fsync', { target: 0 });
    }
  }

  /** A hot page most of the time. */
  private page(choice: Choice): { file: number; page: number } {
    if (chance(choice, 5, 6)) return pick(choice, this.hot);
    const file = choice.below(this.files.length);
    return { file, page: choice.below(this.options.geometry.filePagesMax) };
  }

  private within(choice: Choice): number {
    const { pageSize } = this.options.geometry;
    const places = [0, 0, 8, 64, 128, 1, 61, 63, pageSize - 8, pageSize - 1, pageSize >> 1];
    return pick(choice, places) % pageSize;
  }

  private length(choice: Choice): number {
    const { pageSize } = this.options.geometry;
    return chance(choice, 1, 12) ? pageSize : pick(choice, LENGTHS);
  }

  /** A byte range of a mapping that covers a hot page, most of the time. */
  mapped(choice: Choice): { target: number; offset: number; length: number } {
    const { pageSize } = this.options.geometry;
    const mapping = pick(choice, this.mappings);
    const wanted = this.page(choice);
    const inside =
      wanted.file === mapping.file &&
      wanted.page >= mapping.pgoff &&
      wanted.page < mapping.pgoff + mapping.pages;
    const page = inside ? wanted.page - mapping.pgoff : choice.below(mapping.pages);
    return {
      target: mapping.slot,
      offset: page * pageSize + this.within(choice),
      length: this.length(choice),
    };
  }

  /** Whole pages of a mapping. */
  mappedPages(choice: Choice): { target: number; offset: number; length: number } {
    const { pageSize } = this.options.geometry;
    const range = this.mapped(choice);
    if (chance(choice, 1, 3))
      return { target: range.target, offset: 0, length: this.options.geometry.filePagesMax };
    return { target: range.target, offset: Math.floor(range.offset / pageSize), length: 1 };
  }

  /** One of those that the program opens. */
  descriptor(choice: Choice): number {
    return this.files.length > 1 ? choice.below(2) : 0;
  }

  fileRange(choice: Choice): { target: number; offset: number; length: number } {
    const { pageSize } = this.options.geometry;
    const { file, page } = this.page(choice);
    const target = this.files.length > 1 && chance(choice, 1, 3) ? 1 : file;
    return {
      target,
      offset: page * pageSize + this.within(choice),
      length: this.length(choice),
    };
  }

  private draw(choice: Choice, code: OpCode): Op {
    const { pageSize, filePagesMax } = this.options.geometry;
    const blank = makeOp(specOf(code).name);
    switch (code) {
      case OP.mmap:
        return this.drawMapping(choice, choice.below(MAPPING_SLOTS), this.descriptor(choice));
      case OP.load:
      case OP.store:
      case OP.user_flush:
        return { ...blank, ...this.mapped(choice) };
      case OP.msync:
        return {
          ...blank,
          ...this.mappedPages(choice),
          flags: chance(choice, 1, 10) ? MS_ASYNC : 0,
        };
      case OP.mprotect:
        return {
          ...blank,
          ...this.mappedPages(choice),
          flags: choice.below(2) * PROTECT_READ_ONLY,
        };
      case OP.munmap:
      case OP.madvise:
        return { ...blank, ...this.mappedPages(choice) };
      case OP.pwrite:
      case OP.pread:
        return { ...blank, ...this.fileRange(choice) };
      case OP.fsync:
      case OP.fdatasync:
        return { ...blank, target: this.descriptor(choice) };
      case OP.ftruncate: {
        const range = this.fileRange(choice);
        const shape = choice.below(4);
        const pages =
          shape === 0 ? 0 : shape === 1 ? filePagesMax : Math.floor(range.offset / pageSize);
        const size = shape === 3 ? range.offset : pages * pageSize;
        return { ...blank, target: range.target, length: size };
      }
      case OP.fallocate: {
        const range = this.fileRange(choice);
        const flags = chance(choice, 2, 3) ? FALLOCATE.punchHole : FALLOCATE.zeroRange;
        if (chance(choice, 1, 3)) return { ...blank, ...range, flags };
        const offset = range.offset - (range.offset % pageSize);
        return { ...blank, target: range.target, offset, length: pageSize, flags };
      }
      case OP.fadvise:
        return { ...blank, target: 0, offset: 0, length: filePagesMax };
      case OP.poison: {
        const { target, offset } = this.fileRange(choice);
        return { ...blank, target, offset: Math.floor(offset / pageSize), length: 1 };
      }
      case OP.pin:
      case OP.unpin:
        return drawPinOp(choice, blank, this);
      case OP.dma_write:
      case OP.dma_read:
        return {
          ...blank,
          target: pinSlot(choice),
          offset: this.within(choice),
          length: this.length(choice),
        };
      case OP.unbind:
        return drawUnbind(choice, blank);
      default:
        return drawKernelOp(choice, blank, this);
    }
  }
}
