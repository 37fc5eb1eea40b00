/**
 * P10: how late mtime and ctime of a file have to be, as far as anybody has promised that.
 *
 * A call that makes a page durable leaves it clean, and the first store after its return updates the times.
 * That store need not be the one that finds the page clean: whatever could write to a mapping and was under
 * way since the call began may have done so before it. So the times are at least those at which the first of
 * these started, and whoever comes later may find the page dirty and update nothing. A page that nobody has
 * written yet is clean. write(2) and ftruncate update the times whenever they do something.
 *
 * This is a lower bound, and there is no other. The clock is that of trace/clock.ts.
 */
import type { Disk, RecoveredFiles } from '../media/disk.js';
import { pageOf } from '../media/layout.js';
import type { Layout } from '../media/layout.js';
import type { Op } from '../program/op.js';
import { OP } from '../program/op.js';
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import { empty } from '../support/lists.js';
import { tickAfter } from '../trace/clock.js';
import { AT, EVENT, STORE } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { TASK_NUMBERS } from '../trace/trace.js';
import type { Mismatch } from './mismatch.js';
import { OF_TIMES } from './mismatch.js';
import type { FileRange, PromiseId, PromiseMade } from './promise.js';
import { hasSucceeded, promiseOf, wholeFiles } from './promise.js';
import { NEVER } from './view.js';

/** Something that may write to a mapping. */
interface Access {
  readonly op: number;
  readonly tick: number;
  exit: number;
}

/** From `event` on, the times are at least those of `tick`. */
interface Bound {
  readonly event: number;
  readonly tick: number;
}

/** A call under way after which pages are clean. */
interface Cleaning {
  readonly promise: PromiseId;
  readonly op: number;
  readonly begin: number;
  readonly ranges: FileRange[];
}

/** Calls that leave what they cover clean; a write with O_DSYNC covers less than its pages. */
const CLEANING: ReadonlySet<PromiseId | null> = new Set(['P3', 'P4', 'P5', 'P6', 'P12']);
/** Those that make the times durable. */
const DURABLE: ReadonlySet<PromiseId> = new Set(['P3', 'P6', 'P12']);

export const makesTimesVisible = (promise: PromiseId): boolean => CLEANING.has(promise);
export const makesTimesDurable = (promise: PromiseId): boolean => DURABLE.has(promise);

/** Are the times of recovered files late enough, after a call that makes them durable? */
export function lateTimes(
  bounds: TimeBounds,
  files: RecoveredFiles,
  made: PromiseMade,
): Mismatch | null {
  if (!makesTimesDurable(made.promise)) return null;
  for (const { ino } of made.ranges) {
    const times = files.timesOf(ino);
    if (times === null) continue;
    const found = Math.min(times.mtime, times.ctime);
    const bound = bounds.of(made, ino);
    if (found < bound) return { ino, offset: OF_TIMES, expected: [bound], found };
  }
  return null;
}

export class TimeBounds {
  private program!: Program;
  private trace!: Trace;
  private layout!: Layout;
  /** Calls that have started. */
  private calls = 0;
  /** The file system has been shut down. */
  private isDown = false;
  private readonly accesses: Access[] = [];
  private readonly cleaning: (Cleaning | null)[] = new Array<Cleaning | null>(TASK_NUMBERS).fill(
    null,
  );
  /** Of each page (over all files): when the last call began that has left it clean; NEVER if it is not. */
  private cleanSince = new Int32Array(0);
  /** The latest such call, whether or not the page is clean. */
  private cleanedBy = new Int32Array(0);
  /** By page, and behind them by file. */
  private readonly bounds: Bound[][] = [];

  reset(program: Program, disk: Disk, trace: Trace): void {
    this.program = program;
    this.trace = trace;
    this.layout = disk.layout;
    this.calls = 0;
    this.isDown = false;
    empty(this.accesses);
    this.cleaning.fill(null);
    const files = program.files.length;
    const pages = files * disk.layout.geometry.filePagesMax;
    if (this.cleanSince.length !== pages) {
      this.cleanSince = new Int32Array(pages);
      this.cleanedBy = new Int32Array(pages);
    }
    this.cleanSince.fill(-1);
    this.cleanedBy.fill(-1);
    while (this.bounds.length < pages + files) this.bounds.push([]);
    for (const list of this.bounds) if (list.length > 0) empty(list);
  }

  /** Folds one event. */
  apply(event: number): void {
    switch (this.trace.kind(event)) {
      case EVENT.op_enter:
        this.enter(event);
        break;
      case EVENT.sync_range:
        this.cover(event);
        break;
      case EVENT.store:
        this.store(event);
        break;
      case EVENT.op_exit:
        this.exit(event);
        break;
      case EVENT.fs_shutdown:
        this.isDown = true;
        break;
      default:
        break;
    }
  }

  /** The tick that the times of a file have at least when the call of a promise returns. */
  of(made: PromiseMade, ino: number): number {
    const { filePagesMax } = this.layout.geometry;
    let bound = this.latest(this.fileAt(ino), made.begin);
    for (const range of made.ranges) {
      if (range.ino !== ino || range.from >= range.to) continue;
      const last = Math.min(pageOf(this.layout, range.to - 1), filePagesMax - 1);
      for (let page = pageOf(this.layout, range.from); page <= last; page++) {
        bound = Math.max(bound, this.latest(ino * filePagesMax + page, made.begin));
      }
    }
    return bound;
  }

  private latest(place: number, before: number): number {
    let tick = 0;
    for (const bound of this.bounds[place] as Bound[]) {
      if (bound.event < before) tick = Math.max(tick, bound.tick);
    }
    return tick;
  }

  private fileAt(ino: number): number {
    return this.cleanSince.length + ino;
  }

  private enter(event: number): void {
    const { trace, program, layout } = this;
    this.calls++;
    const op = trace.op(event);
    const call = opAt(program, op) as Op;
    if (mayWriteThroughMapping(call)) {
      this.accesses.push({ op, tick: tickAfter(this.calls), exit: NEVER });
      return;
    }
    const promise = promiseOf(call);
    if (promise !== null && CLEANING.has(promise)) {
      const ranges = wholeFiles(promise, trace.argument(event, AT.op_enter.ino), layout);
      this.cleaning[trace.task(event)] = { promise, op, begin: event, ranges };
    } else if (isWrite(call.code) || call.code === OP.ftruncate) {
      // When it started; what it did counts from its return on.
      this.accesses.push({ op, tick: tickAfter(this.calls), exit: -1 });
    }
  }

  private cover(event: number): void {
    const { trace, layout } = this;
    const open = this.cleaning[trace.task(event)] ?? null;
    if (open?.promise !== 'P5') return;
    const { pageSize } = layout.geometry;
    const from = trace.argument(event, AT.sync_range.page) * pageSize;
    const to = from + trace.argument(event, AT.sync_range.pages) * pageSize;
    open.ranges.push({ ino: trace.argument(event, AT.sync_range.ino), from, to });
  }

  private store(event: number): void {
    const { trace, layout } = this;
    const ino = trace.argument(event, AT.store.ino);
    const how = trace.argument(event, AT.store.how);
    if (ino < 0 || (how & (STORE.kernel | STORE.dma)) !== 0) return;
    const page = pageOf(layout, trace.argument(event, AT.store.offset));
    const place = ino * layout.geometry.filePagesMax + page;
    const since = this.cleanSince[place] as number;
    if (since === NEVER) return;
    this.cleanSince[place] = NEVER;
    let first = NEVER;
    for (const { op, tick, exit } of this.accesses) {
      if (exit > since || op === trace.op(event)) first = Math.min(first, tick);
    }
    if (first !== NEVER) (this.bounds[place] as Bound[]).push({ event, tick: first });
  }

  private exit(event: number): void {
    const { trace, program, layout } = this;
    const op = trace.op(event);
    const result = trace.argument(event, AT.op_exit.result);
    const access = this.accesses.find((candidate) => candidate.op === op);
    if (access !== undefined) {
      if (access.exit === NEVER) access.exit = event;
      else this.noteCall(event, opAt(program, op) as Op, access.tick, result);
      return;
    }
    const task = trace.task(event);
    const open = this.cleaning[task] ?? null;
    if (open?.op !== op) return;
    this.cleaning[task] = null;
    if (!hasSucceeded(open.promise, opAt(program, op) as Op, result, this.isDown)) return;
    const { pageSize, filePagesMax } = layout.geometry;
    for (const { ino, from, to } of open.ranges) {
      const last = Math.min(Math.ceil(to / pageSize), filePagesMax);
      for (let page = pageOf(layout, from); page < last; page++) {
        const place = ino * filePagesMax + page;
        const since = Math.max(this.cleanedBy[place] as number, open.begin);
        this.cleanedBy[place] = since;
        this.cleanSince[place] = since;
      }
    }
  }

  /** A write or truncation has returned. */
  private noteCall(event: number, { code }: Op, tick: number, result: number): void {
    const ino = this.trace.argument(this.enterOf(event), AT.op_enter.ino);
    const did = isWrite(code) ? result > 0 : result === 0;
    if (did && ino >= 0) (this.bounds[this.fileAt(ino)] as Bound[]).push({ event, tick });
  }

  private enterOf(exit: number): number {
    const op = this.trace.op(exit);
    let event = exit;
    while (this.trace.op(event) !== op || this.trace.kind(event) !== EVENT.op_enter) event--;
    return event;
  }
}

/**
 * Does the operation make pages of shared mappings writable, or may it? A pin for reading does where it has
 * to give the page a block of its own, and read(2) fills a buffer.
 */
const mayWriteThroughMapping = ({ code }: Op): boolean =>
  code === OP.store || code === OP.pin || code === OP.pread_into;

const isWrite = (code: number): boolean => code === OP.pwrite || code === OP.pwrite_from;
