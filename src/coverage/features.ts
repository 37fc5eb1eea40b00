/**
 * What is new about an execution, as states and interleavings of the kernel and not as lines of its code.
 *
 * Each feature is a small tuple out of the trace (place.ts):
 *
 *     event     what happened, in which operation, with the arguments that are states (tags, PTE states)
 *     follow    what had happened to the same page before, and whether another task did that
 *     switch    at which preemption point one operation made way for which other
 *
 * The map can be shared by workers: places only ever go from 0 to 1, so no lock is needed.
 */
import type { Geometry } from '../program/geometry.js';
import { AT, EVENT, EVENT_ARGUMENTS, EVENT_NAMES } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { TASK_NUMBERS } from '../trace/trace.js';
import { placeOf } from './place.js';

/** Bits of a task number. */
const TASK_SHIFT = Math.log2(TASK_NUMBERS);
const TASK_MASK = TASK_NUMBERS - 1;

/** Constants of this file, because the loop sees every event of a campaign. */
const { fault: FAULT, fault_done: FAULT_DONE, pin: PIN, store: STORE } = AT;
const { dax_insert_entry: INSERT, dax_delete_entry: DELETE, dax_tag: TAG, set_pte: SET_PTE } = AT;
const { dax_writeback_one: WRITEBACK, pfn_mkclean_range: MKCLEAN } = AT;

/** Where the kinds of events that are about a page name it, by kind. */
const INO_AT = placesOf('ino');
const PAGE_AT = placesOf('page');

function placesOf(argument: string): Int8Array {
  const places = new Int8Array(EVENT_NAMES.length);
  EVENT_NAMES.forEach((name, kind) => {
    if (name !== undefined) places[kind] = EVENT_ARGUMENTS[name].indexOf(argument);
  });
  return places;
}

export class FeatureCollector {
  /** Code of the operation that each task is in. */
  private readonly opCodes = new Int32Array(TASK_NUMBERS);
  /** Class of the last event on each page, and the task that caused it. */
  private lastOnPage = new Int32Array(0);
  private filePages = 0;
  private added = 0;

  /** `map` has COVERAGE_PLACES bytes. */
  constructor(private readonly map: Uint8Array) {}

  /** Marks the features of a trace; gives how many were new. */
  collect(trace: Trace, geometry: Geometry, fileCount: number): number {
    const filePages = geometry.filePagesMax;
    const pageCount = fileCount * filePages;
    this.added = 0;
    this.opCodes.fill(0);
    if (this.lastOnPage.length < pageCount) this.lastOnPage = new Int32Array(pageCount);
    this.lastOnPage.fill(0, 0, pageCount);
    this.filePages = filePages;
    this.note(trace, Math.log2(geometry.pageSize));
    return this.added;
  }

  private note(trace: Trace, pageShift: number): void {
    for (let event = 0; event < trace.length; event++) {
      const kind = trace.kind(event);
      switch (kind) {
        case EVENT.op_enter:
        case EVENT.op_exit:
        case EVENT.context_switch:
        case EVENT.wait:
          this.noteCall(trace, event, kind);
          break;
        case EVENT.store:
          this.noteStore(trace, event, pageShift);
          break;
        case EVENT.fault:
          this.notePage(trace, event, trace.argument(event, FAULT.write));
          break;
        case EVENT.fault_done:
          this.notePage(trace, event, trace.argument(event, FAULT_DONE.result));
          break;
        case EVENT.extent_map:
        case EVENT.extent_remap:
        case EVENT.extent_unmap:
          this.notePage(trace, event, 0);
          break;
        case EVENT.dax_insert_entry: {
          const tags = trace.argument(event, INSERT.tags) << 2;
          const huge = trace.argument(event, INSERT.pages) > 1 ? 32 : 0;
          this.notePage(trace, event, trace.argument(event, INSERT.kind) | tags | huge);
          break;
        }
        case EVENT.dax_delete_entry: {
          const tags = trace.argument(event, DELETE.tags) << 3;
          const huge = trace.argument(event, DELETE.pages) > 1 ? 32 : 0;
          this.notePage(trace, event, trace.argument(event, DELETE.why) | tags | huge);
          break;
        }
        case EVENT.dax_tag: {
          const set = trace.argument(event, TAG.set) << 2;
          const why = trace.argument(event, TAG.why) << 3;
          this.notePage(trace, event, trace.argument(event, TAG.tag) | set | why);
          break;
        }
        case EVENT.set_pte: {
          const why = trace.argument(event, SET_PTE.why) << 3;
          const huge = trace.argument(event, SET_PTE.pages) > 1 ? 64 : 0;
          this.notePage(trace, event, trace.argument(event, SET_PTE.state) | why | huge);
          break;
        }
        case EVENT.dax_writeback_one:
        case EVENT.dax_writeback_one_done:
          this.notePage(trace, event, trace.argument(event, WRITEBACK.pages) > 1 ? 1 : 0);
          break;
        case EVENT.pfn_mkclean_range:
          this.notePage(trace, event, trace.argument(event, MKCLEAN.pages) > 1 ? 1 : 0);
          break;
        case EVENT.pin:
        case EVENT.unpin:
          this.notePage(trace, event, trace.argument(event, PIN.write));
          break;
        default:
          break;
      }
    }
  }

  private noteCall(trace: Trace, event: number, kind: number): void {
    const task = trace.task(event);
    switch (kind) {
      case EVENT.op_enter:
        this.opCodes[task] = trace.argument(event, AT.op_enter.code);
        break;
      case EVENT.op_exit: {
        const failure = Math.min(trace.argument(event, AT.op_exit.result), 0);
        this.mark(kind, this.opCode(task), failure, 0);
        break;
      }
      case EVENT.context_switch: {
        const to = this.opCode(trace.argument(event, AT.context_switch.to));
        this.mark(kind, trace.argument(event, AT.context_switch.point), this.opCode(task), to);
        break;
      }
      default:
        this.mark(kind, trace.argument(event, AT.wait.reason), this.opCode(task), 0);
        break;
    }
  }

  /** Which kind of store follows what: a store through a stale or clean mapping looks new here. */
  private noteStore(trace: Trace, event: number, pageShift: number): void {
    const ino = trace.argument(event, STORE.ino);
    if (ino < 0) return;
    const page = trace.argument(event, STORE.offset) >> pageShift;
    this.onPage(EVENT.store, trace.task(event), ino, page, trace.argument(event, STORE.how));
  }

  /** `state` is those arguments of the event that are states, in one number. */
  private notePage(trace: Trace, event: number, state: number): void {
    const kind = trace.kind(event);
    const ino = trace.argument(event, INO_AT[kind] as number);
    const page = trace.argument(event, PAGE_AT[kind] as number);
    this.onPage(kind, trace.task(event), ino, page, state);
  }

  private opCode(task: number): number {
    return this.opCodes[task & TASK_MASK] as number;
  }

  private onPage(kind: number, task: number, ino: number, page: number, state: number): void {
    const op = this.opCode(task);
    this.mark(kind, state, op, 1);
    const place = ino * this.filePages + page;
    const last = this.lastOnPage[place] as number;
    const otherTask = last !== 0 && (last & TASK_MASK) !== task ? 1 : 0;
    const now = (kind << 8) | (state & 255);
    this.mark(last >> TASK_SHIFT, now, otherTask, 2);
    this.lastOnPage[place] = (now << TASK_SHIFT) | task;
  }

  private mark(a: number, b: number, c: number, d: number): void {
    const place = placeOf(a, b, c, d);
    if (this.map[place] !== 0) return;
    this.map[place] = 1;
    this.added++;
  }
}
