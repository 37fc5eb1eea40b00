/**
 * From what the plugin recorded to the trace vocabulary: stores with the files that they belong to, flushes
 * and fences, the operations and what they changed in the files' extents and sizes. From here on nobody
 * knows that the kernel was a real one.
 *
 * A thread of the program runs on the CPU of its number; what the kernel does on a CPU belongs to the
 * operation there.
 */
import type { Layout } from '../media/layout.js';
import type { Metadata } from '../media/log.js';
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import type { Op } from '../program/op.js';
import { FALLOCATE, movesBlocks, OP } from '../program/op.js';
import { NO_OP } from '../schedule/schedule.js';
import { LINE_SIZE } from '../support/units.js';
import { EVENT, STORE } from '../trace/event.js';
import { TASK_NUMBERS } from '../trace/trace.js';
import type { Trace } from '../trace/trace.js';
import { blockContent } from './block-content.js';
import type { Audience } from './extents.js';
import { Extents, placeReports } from './extents.js';
import { GUEST_PAGE_BYTES } from './guest-program.js';
import type { RawTrace } from './records.js';
import { RECORD, STORE_NON_TEMPORAL } from './protocol.js';
import type { PageRange } from './slots.js';
import { Slots } from './slots.js';
import { StoreRun } from './store-run.js';

/** Addresses of user programs are below. */
const KERNEL_ADDRESSES = 1n << 47n;

export interface TranslateOptions {
  /** All bytes of the file system when the trace began. */
  readonly content: Uint8Array;
  /** Whether a write-back issued at this address is to be left out, as if the kernel had forgotten it. */
  readonly ignoresFlush: (pc: bigint) => boolean;
}

export interface Translated {
  readonly layout: Layout;
  /** Of the files when the trace began. */
  readonly metadata: Metadata;
}

/** Pages that a file can have: operations end before the bound of the program, but insertions push on. */
function filePagesOf(program: Program): number {
  const inserted = program.threads
    .flat()
    .filter((op) => op.code === OP.fallocate && op.flags === FALLOCATE.insertRange)
    .map((op) => Math.ceil(op.length / GUEST_PAGE_BYTES));
  return inserted.reduce((sum, pages) => sum + pages, program.geometry.filePagesMax);
}

/** The device as the oracle sees it: no blocks in front of the files', and no commit record. */
function layoutOfDevice(program: Program, bytes: number): Layout {
  const filePagesMax = filePagesOf(program);
  return {
    geometry: { ...program.geometry, filePagesMax, blockCount: bytes / GUEST_PAGE_BYTES },
    pageShift: Math.log2(GUEST_PAGE_BYTES),
    fileCount: program.files.length,
    inodeBytes: 0,
    homesStart: 0,
    logStart: 0,
    slotBytes: 0,
    logEnd: 0,
    dataStart: 0,
    mediaBytes: bytes,
  };
}

/** Writes `trace` anew. */
export function translate(
  raw: RawTrace,
  program: Program,
  trace: Trace,
  options: TranslateOptions,
): Translated {
  return new Translation(raw, program, trace, options).run();
}

class Translation {
  private readonly layout: Layout;
  private readonly extents: Extents;
  private readonly stores: StoreRun;
  private readonly slots = new Slots();
  /** The operation that each thread is in. */
  private readonly open: number[] = new Array<number>(TASK_NUMBERS).fill(NO_OP);
  /** What each operation is to change, by its number. */
  private readonly meant = new Map<number, PageRange>();
  /** CPUs with write-backs or non-temporal stores that no fence has completed. */
  private readonly outstanding = new Uint8Array(TASK_NUMBERS);

  constructor(
    private readonly raw: RawTrace,
    private readonly program: Program,
    private readonly trace: Trace,
    private readonly options: TranslateOptions,
  ) {
    this.layout = layoutOfDevice(program, options.content.length);
    this.extents = new Extents(program.files.length, this.layout.geometry.filePagesMax);
    this.stores = new StoreRun(trace, this.extents, (op) => this.meant.get(op) ?? null);
  }

  run(): Translated {
    const { raw, extents } = this;
    this.trace.clear();
    const reports = placeReports(raw);
    let next = 0;
    for (; next < reports.length && reports[next]?.from === -1; next++) {
      extents.apply((reports[next] as (typeof reports)[number]).report, null);
    }
    const metadata = { tid: 0, files: extents.files() };
    for (let record = 0; record < raw.length; record++) {
      this.record(record);
      for (; next < reports.length && reports[next]?.from === record; next++) {
        const { report, ops } = reports[next] as (typeof reports)[number];
        extents.apply(report, this.audience(record, ops));
      }
    }
    this.stores.end();
    return { layout: this.layout, metadata };
  }

  /** For a report that holds from the start of an operation on, with those that were under way. */
  private audience(record: number, ops: readonly number[]): Audience {
    const { raw, trace, options } = this;
    const moves = ops.some((number) => movesBlocks(opAt(this.program, number) as Op));
    return {
      trace,
      task: raw.size(record),
      op: raw.number(record),
      contentOf: moves ? (block) => blockContent(options.content, raw, block, record) : null,
    };
  }

  private record(record: number): void {
    switch (this.raw.kind(record)) {
      case RECORD.store:
        this.store(record);
        break;
      case RECORD.flush:
        this.stores.pause(this.raw);
        this.flush(record);
        break;
      case RECORD.fence:
        this.fence(record);
        break;
      case RECORD.op_enter:
        this.stores.end();
        this.enter(record);
        break;
      case RECORD.op_exit:
        this.stores.end();
        this.exit(record);
        break;
      default:
        break;
    }
  }

  /** The operation to which something on a CPU belongs. */
  private opOn(cpu: number): number {
    return this.open[cpu] ?? NO_OP;
  }

  private store(record: number): void {
    const { raw } = this;
    const cpu = raw.cpu(record);
    let how = 0;
    if ((raw.how(record) & STORE_NON_TEMPORAL) !== 0) {
      how |= STORE.nonTemporal;
      this.outstanding[cpu] = 1;
    }
    if (raw.pc(record) >= KERNEL_ADDRESSES) how |= STORE.kernel;
    if (raw.number(record) + raw.size(record) > this.options.content.length) return; // behind the file system
    this.stores.add(raw, record, this.opOn(cpu), how);
  }

  private flush(record: number): void {
    const { raw, trace } = this;
    if (this.options.ignoresFlush(raw.pc(record))) return;
    const address = raw.number(record);
    if (address >= this.options.content.length) return;
    const cpu = raw.cpu(record);
    const line = address - (address % LINE_SIZE);
    trace.append(EVENT.flush, cpu, this.opOn(cpu), line, LINE_SIZE, raw.how(record));
    this.outstanding[cpu] = 1;
  }

  /** Locked instructions are many; only one that completes something matters. */
  private fence(record: number): void {
    const { raw, trace } = this;
    const cpu = raw.cpu(record);
    if (this.outstanding[cpu] === 0) return;
    this.stores.pause(raw);
    trace.append(EVENT.fence, cpu, this.opOn(cpu), raw.how(record));
    this.outstanding[cpu] = 0;
  }

  private enter(record: number): void {
    const { raw, trace, slots } = this;
    const number = raw.number(record);
    const task = raw.size(record);
    const op = opAt(this.program, number) as Op;
    this.open[task] = number;
    trace.append(EVENT.op_enter, task, number, op.code, slots.fileOf(op));
    const meant = slots.meantBy(op);
    if (meant !== null) this.meant.set(number, meant);
    const range = slots.syncRange(op);
    if (range !== null) {
      trace.append(EVENT.sync_range, task, number, range.ino, range.page, range.pages);
    }
  }

  private exit(record: number): void {
    const { raw, trace } = this;
    const number = raw.number(record);
    const task = raw.size(record);
    const result = raw.result(record);
    trace.append(EVENT.op_exit, task, number, result);
    this.slots.done(opAt(this.program, number) as Op, result);
    this.open[task] = NO_OP;
  }
}
