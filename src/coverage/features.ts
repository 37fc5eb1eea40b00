/**
 * What is new about an execution, as states and interleavings of the kernel and not as lines of its code.
 *
 * Each feature is a small tuple out of the trace, hashed to one of 65,536 places of a byte map:
 *
 *     event     what happened, in which operation, with the arguments that are states (tags, PTE states)
 *     follow    what had happened to the same page before, and whether another task did that
 *     switch    at which preemption point one operation made way for which other
 *
 * The map can be shared by workers: places only ever go from 0 to 1, so no lock is needed.
 */
import type { Geometry } from '../program/geometry.js';
import { EVENT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { STRIDE } from '../trace/trace.js';

export const COVERAGE_PLACES = 65_536;

const TASKS = 16;

function mix(a: number, b: number, c: number, d: number): number {
  let z =
    Math.imul(a + 1, 0x9e3779b1) ^ Math.imul(b + 3, 0x85ebca77) ^ Math.imul(c + 5, 0xc2b2ae3d);
  z = Math.imul(z ^ (z >>> 15) ^ Math.imul(d + 7, 0x27d4eb2f), 0x165667b1);
  return (z ^ (z >>> 13)) & (COVERAGE_PLACES - 1);
}

export class FeatureCollector {
  /** Code of the operation that each task is in. */
  private readonly opCodes = new Int32Array(TASKS);
  /** Class of the last event on each page, and the task that caused it. */
  private lastOnPage = new Int32Array(0);
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
    const rows = trace.rows;
    for (let event = 0; event < trace.length; event++) {
      const at = event * STRIDE;
      const header = rows[at] as number;
      const kind = header & 255;
      const task = (header >> 8) & 15;
      const a = rows[at + 1] as number;
      const b = rows[at + 2] as number;
      const c = rows[at + 3] as number;
      const d = rows[at + 4] as number;
      const e = rows[at + 5] as number;
      const f = rows[at + 6] as number;
      switch (kind) {
        case EVENT.op_enter:
          this.opCodes[task] = a;
          break;
        case EVENT.op_exit:
          this.mark(kind, this.opCode(task), Math.min(a, 0), 0);
          break;
        case EVENT.context_switch:
          this.mark(kind, a, this.opCode(task), this.opCode(b));
          break;
        case EVENT.wait:
          this.mark(kind, a, this.opCode(task), 0);
          break;
        case EVENT.fault:
          this.onPage(kind, task, a, b, d, filePages);
          break;
        case EVENT.fault_done:
        case EVENT.extent_map:
        case EVENT.extent_unmap:
          this.onPage(kind, task, a, b, kind === EVENT.fault_done ? c : 0, filePages);
          break;
        case EVENT.dax_insert_entry:
          this.onPage(kind, task, a, b, d | (f << 2) | (c > 1 ? 32 : 0), filePages);
          break;
        case EVENT.dax_delete_entry:
          this.onPage(kind, task, a, b, d | (e << 3) | (c > 1 ? 32 : 0), filePages);
          break;
        case EVENT.dax_tag:
          this.onPage(kind, task, a, b, c | (d << 2) | (e << 3), filePages);
          break;
        case EVENT.set_pte:
          this.onPage(kind, task, d, e, c | (f << 3) | (b > 1 ? 64 : 0), filePages);
          break;
        case EVENT.dax_writeback_one:
        case EVENT.dax_writeback_one_done:
        case EVENT.pfn_mkclean_range:
          this.onPage(kind, task, a, b, c > 1 ? 1 : 0, filePages);
          break;
        case EVENT.pin:
        case EVENT.unpin:
          this.onPage(kind, task, b, c, e, filePages);
          break;
        case EVENT.store:
          // Which kind of store follows what: a store through a stale or clean mapping looks new here.
          if (e >= 0) this.onPage(kind, task, e, Math.floor(f / geometry.pageSize), d, filePages);
          break;
        default:
          break;
      }
    }
    return this.added;
  }

  private opCode(task: number): number {
    return this.opCodes[task & (TASKS - 1)] as number;
  }

  private onPage(
    kind: number,
    task: number,
    ino: number,
    page: number,
    state: number,
    filePages: number,
  ): void {
    const op = this.opCode(task);
    this.mark(kind, state, op, 1);
    const place = ino * filePages + page;
    const last = this.lastOnPage[place] as number;
    const otherTask = last !== 0 && (last & 15) !== task ? 1 : 0;
    const now = (kind << 8) | (state & 255);
    this.mark(last >> 4, now, otherTask, 2);
    this.lastOnPage[place] = (now << 4) | task;
  }

  private mark(a: number, b: number, c: number, d: number): void {
    const place = mix(a, b, c, d);
    if (this.map[place] !== 0) return;
    this.map[place] = 1;
    this.added++;
  }
}
