/**
 * P15: what a media error has destroyed is not taken for good, and who touches it is told.
 *
 * The bytes of a block that goes bad are lost. No read and no load shows them until somebody has stored
 * others in their place, and neither does a file after a power failure, once its block can be read again. An
 * access through a mapping ends in the signal that says why. What was promised of the bytes before is void
 * (expectation.ts).
 */
import type { CrashPlan } from '../crash/plan.js';
import { blockOf } from '../media/layout.js';
import { OP } from '../program/op.js';
import { opAt } from '../program/program.js';
import { empty } from '../support/lists.js';
import { hex } from '../support/units.js';
import { AT, EVENT, FAULT_SIGBUS, LOAD } from '../trace/event.js';
import { dataByte, TASK_NUMBERS } from '../trace/trace.js';
import type { Mechanism } from './mechanism.js';
import type { JudgeState } from './state.js';

/** What an access gives that ends in a signal which does not say that memory is bad. */
const EFAULT = -14;
const NO_PAGE = -1;

/** Operations that touch memory themselves. */
const ACCESSES: ReadonlySet<number> = new Set([OP.load, OP.store, OP.user_flush]);
/** Operations that may take the page away from the file while it is touched. */
const REMOVALS: ReadonlySet<number> = new Set([OP.ftruncate, OP.fallocate]);

export class PoisonRule {
  /** Has there been a media error at all? Most programs have none. */
  any = false;
  /** Blocks that went bad, and the pages (over all files) that had them then. */
  private readonly struck: { readonly block: number; readonly page: number }[] = [];
  /** The bad page that each task has met in its operation, and how. */
  private readonly met = new Int32Array(TASK_NUMBERS).fill(NO_PAGE);
  private readonly metAt = new Int32Array(TASK_NUMBERS);
  private readonly how: Mechanism[] = [];

  constructor(private readonly state: JudgeState) {}

  reset(): void {
    if (!this.any) return;
    this.any = false;
    empty(this.struck);
  }

  /** Every event from the first media error on; the view has it already. */
  see(event: number, kind: number): void {
    if (kind === EVENT.media_error) this.strike(event);
    else if (kind === EVENT.clear_poison) this.clear(event);
    else if (kind === EVENT.journal_commit) this.commit(event);
    else if (kind === EVENT.op_enter) this.met[this.state.trace.task(event)] = NO_PAGE;
    else if (kind === EVENT.machine_check) this.meet(event, AT.machine_check, 'poison-left-mapped');
    else if (kind === EVENT.fault_done) this.faulted(event);
    else if (kind === EVENT.op_exit) this.exit(event);
  }

  /** True if a load shows bytes that are lost, which nobody can compare with anything. */
  showsLost(event: number): boolean {
    const { trace, view, layout } = this.state;
    const how = trace.argument(event, AT.load.how);
    const address = trace.argument(event, AT.load.address);
    // The zero page is not bad, and shows what the page held if that was nothing.
    if ((how & LOAD.private) !== 0 || address < 0) return false;
    const ino = trace.argument(event, AT.load.ino);
    const offset = trace.argument(event, AT.load.offset);
    const end = Math.min(offset + trace.argument(event, AT.load.length), view.sizes[ino] as number);
    const lost = view.firstLost(ino, offset, end);
    const mapped = view.blocks[view.pageAt(ino, offset)];
    if (lost < 0 || blockOf(layout, address) !== mapped) return false;
    // What a device is told is its driver's business.
    if ((how & LOAD.dma) === 0) {
      const found = dataByte(trace, trace.argument(event, AT.load.data), lost - offset);
      const detail = `reads ${hex(found)}, expected an error`;
      this.report(event, 'lost-bytes-read', ino, lost, detail);
    }
    return true;
  }

  private strike(event: number): void {
    const { trace, view } = this.state;
    if (!this.any) this.met.fill(NO_PAGE);
    this.any = true;
    const block = trace.argument(event, AT.media_error.block);
    for (const page of view.pagesOf(block)) this.struck.push({ block, page });
  }

  /** From now on the block can be read: does it hold what was stored since the error, in every survivor? */
  private clear(event: number): void {
    const { durable, visible } = this.state.history.versions;
    const cleared = this.state.trace.argument(event, AT.clear_poison.block);
    for (const { block, page } of this.struck) {
      for (let version = durable; block === cleared && version <= visible; version++) {
        if (this.isExposed(event, block, page, version)) break;
      }
    }
  }

  /** The same for a version of the metadata that is new, of which some page may have such a block again. */
  private commit(event: number): void {
    const { history, view } = this.state;
    for (const { block, page } of this.struck) {
      if (!view.poisoned.has(block)) this.isExposed(event, block, page, history.versions.visible);
    }
  }

  private isExposed(event: number, block: number, page: number, version: number): boolean {
    const { state } = this;
    const { history, trace, view, layout } = state;
    const { filePages } = view;
    const ino = Math.floor(page / filePages);
    const file = history.versions.metadata(version, trace).files[ino];
    if (file?.blocks[page % filePages] !== block) return false;
    if (state.isRepeat('P15', 'lost-bytes-exposed', trace.op(event), ino)) return true;
    for (const short of state.survivors(block)) {
      const plan: CrashPlan = { cut: event, version, short };
      const files = state.recover(plan);
      if (typeof files === 'string') return false; // the log's rule reports it
      const { pageSize } = layout.geometry;
      const wrong = [...state.expectation().destroyed.find(files, event)].find(
        (at) => at.ino === ino && Math.floor(at.offset / pageSize) === page % filePages,
      );
      if (wrong === undefined) continue;
      const op = trace.op(event);
      const found = { promise: 'P15', mechanism: 'lost-bytes-exposed', op, event, ino } as const;
      const detail = `reads ${hex(wrong.found)} after the crash, which was destroyed`;
      state.report({ ...found, offset: wrong.offset, store: -1, detail }, plan);
      return true;
    }
    return false;
  }

  private meet(event: number, at: { ino: number; page: number }, how: Mechanism): void {
    const { trace, view } = this.state;
    const task = trace.task(event);
    this.met[task] = view.pageIndex(trace.argument(event, at.ino), trace.argument(event, at.page));
    this.metAt[task] = event;
    this.how[task] = how;
  }

  /** A fault that was refused for something else is none of this rule's. */
  private faulted(event: number): void {
    const { trace } = this.state;
    const task = trace.task(event);
    this.met[task] = NO_PAGE;
    if (trace.argument(event, AT.fault_done.result) !== FAULT_SIGBUS) return;
    this.meet(event, AT.fault_done, 'poison-code-lost');
    if (!this.isBad(event, this.met[task])) this.met[task] = NO_PAGE;
  }

  private exit(event: number): void {
    const { trace, program, view, layout } = this.state;
    const task = trace.task(event);
    const page = this.met[task] as number;
    this.met[task] = NO_PAGE;
    if (page === NO_PAGE || trace.argument(event, AT.op_exit.result) !== EFAULT) return;
    const code = opAt(program, trace.op(event))?.code ?? -1;
    if (!ACCESSES.has(code) || !this.isBad(event, page)) return;
    const offset = (page % view.filePages) * layout.geometry.pageSize;
    const ino = Math.floor(page / view.filePages);
    if (this.isRemoving(ino, this.metAt[task] as number, event)) return;
    const detail = 'was touched, and the signal does not say that its memory is bad';
    this.report(event, this.how[task] as Mechanism, ino, offset, detail);
  }

  /** Is the page in its file, and its block bad? Of a file system that is down nothing is said. */
  private isBad(event: number, page: number): boolean {
    const { view, layout } = this.state;
    const start = (page % view.filePages) * layout.geometry.pageSize;
    const isIn = start < (view.sizes[Math.floor(page / view.filePages)] as number);
    return isIn && event < view.shutdownAt && view.poisoned.has(view.blocks[page] as number);
  }

  /** Was a call under way between two events that may remove pages of the file? */
  private isRemoving(ino: number, from: number, to: number): boolean {
    const { trace, program, view } = this.state;
    for (let event = 0; event < to; event++) {
      if (trace.kind(event) !== EVENT.op_enter) continue;
      if (trace.argument(event, AT.op_enter.ino) !== ino) continue;
      const removes = REMOVALS.has(opAt(program, trace.op(event))?.code ?? -1);
      if (removes && view.exitOf(trace.op(event)) > from) return true;
    }
    return false;
  }

  private report(
    event: number,
    mechanism: Mechanism,
    ino: number,
    offset: number,
    detail: string,
  ): void {
    const { state } = this;
    const op = state.trace.op(event);
    if (state.isRepeat('P15', mechanism, op, ino)) return;
    state.report({ promise: 'P15', mechanism, op, event, ino, offset, store: -1, detail }, null);
  }
}
