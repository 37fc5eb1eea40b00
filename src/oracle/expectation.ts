/**
 * What a recovered file may contain, byte by byte: the definition that everything else is held to.
 *
 * Each byte of a file has a history of *actions* in the order of the trace: stores, device writes, kernel
 * copies and zeroing, removal of its page. A promise settles every action that happened before its call
 * started. The byte may then hold what the last settled action left, or what any later action left that
 * had begun by the cut. Nothing is expected of a byte without settled actions, nor of one whose page a
 * truncate or punch was removing while the call ran. A write with O_DSYNC settles its own actions only.
 * A media error destroys bytes: of those nothing is expected until others are stored in their place, and
 * whoever can read their block again sees none of them.
 * Where an operation moves or shares blocks, `content` events say what came to a file with them.
 * This is plain on purpose. The fast checker confirms by it, the brute-force checker judges every image.
 */
import type { Disk, RecoveredFiles } from '../media/disk.js';
import type { Program } from '../program/program.js';
import type { Layout } from '../media/layout.js';
import { blockOf, HOLE, pageOf } from '../media/layout.js';
import type { Contract } from '../target/target.js';
import { AT, EVENT, STORE } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { dataByte } from '../trace/trace.js';
import type { Action } from './action.js';
import type { FileRange, PromiseMade } from './promise.js';
import { DestroyedBytes } from './destroyed.js';
import { FormerPages } from './former-pages.js';
import type { Mismatch } from './mismatch.js';
import { OF_SIZE } from './mismatch.js';
import { Removals } from './removals.js';
import { isSettled, settlesSizes, settlingOf } from './settling.js';
import { lateTimes, TimeBounds } from './times.js';
import { FileView } from './view.js';

/** Part of a page, and what was done to that, in order; undefined if nothing was. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly actions: readonly Action[] | undefined;
}

interface SizeChange {
  readonly event: number;
  readonly op: number;
  readonly size: number;
}

/** No action of a byte is settled. */
const UNSETTLED = -1;

export class Expectation {
  /** By page, as an index over all files. */
  private readonly actions: (Action[] | undefined)[] = [];
  /** A call's effects are events of their own; else they may have come at any time since its start. */
  private readonly tracesEffects: boolean;
  private readonly sizes: SizeChange[][] = [];
  private readonly initialSizes: number[] = [];
  private readonly removals: Removals;
  private readonly layout: Layout;
  private readonly view = new FileView();
  private readonly times = new TimeBounds();
  private readonly former = new FormerPages();
  /** What a media error has destroyed must not be seen in any file. */
  readonly destroyed: DestroyedBytes;

  constructor(
    private readonly program: Program,
    disk: Disk,
    private readonly trace: Trace,
    private readonly contract: Contract,
  ) {
    this.layout = disk.layout;
    this.tracesEffects = disk.kind === 'fresh';
    this.destroyed = new DestroyedBytes(trace, this.view, (page) => this.actions[page] ?? []);
    this.view.reset(program, disk, trace);
    this.times.reset(program, disk, trace);
    program.files.forEach((_, ino) => {
      this.sizes.push([]);
      this.initialSizes.push(this.view.sizes[ino] as number);
    });
    for (let event = 0; event < trace.length; event++) this.note(event);
    this.removals = new Removals(program, trace, this.view, this.tracesEffects);
  }

  /** Is the promise kept by these recovered files, for a cut at or after its return? */
  checkPromise(files: RecoveredFiles, made: PromiseMade, cut: number, page = -1): Mismatch | null {
    for (const range of made.ranges) {
      const size = files.sizeOf(range.ino);
      const wrongSize = this.checkSize(range, size, made, cut);
      if (wrongSize !== null) return wrongSize;
      const clipped = this.clip(range.from, Math.min(range.to, size), page);
      for (const { from, to, actions } of this.pieces(range.ino, clipped)) {
        if (actions === undefined) continue; // nothing is expected where nothing was done
        const settled = this.settledBytes(actions, from, to, made, cut);
        for (let offset = from; offset < to; offset++) {
          const found = files.byteOf(range.ino, offset);
          const last = settled[offset - from] as number;
          if (last === UNSETTLED || last === found) continue;
          if (this.removals.takes(range.ino, offset, made)) continue;
          const expected = this.allowedBytes(actions, offset, made, cut);
          if (expected === null || expected.includes(found)) continue;
          // Bytes that were never the file's own are exposure (checkExposure), not a lost store.
          if (found !== 0 && !this.everHeld(actions, offset, found, cut)) continue;
          return { ino: range.ino, offset, expected, found };
        }
      }
    }
    return null;
  }

  /** Are the times late enough? */
  checkTimes(files: RecoveredFiles, made: PromiseMade): Mismatch | null {
    return lateTimes(this.times, files, made);
  }

  /** Does some file show bytes that were never its own? */
  checkExposure(files: RecoveredFiles, cut: number, only = -1, page = -1): Mismatch | null {
    for (let ino = 0; ino < this.program.files.length; ino++) {
      if (only >= 0 && ino !== only) continue;
      for (const { from, to, actions } of this.pieces(ino, this.clip(0, files.sizeOf(ino), page))) {
        if (actions === undefined && files.isZero(ino, from, to)) continue;
        for (let offset = from; offset < to; offset++) {
          const found = files.byteOf(ino, offset);
          if (found === 0 || this.everHeld(actions ?? [], offset, found, cut)) continue;
          return { ino, offset, expected: [0], found };
        }
      }
    }
    return null;
  }

  /** Has the file held this byte at the offset, by event `cut`? */
  hasHeld(ino: number, offset: number, value: number, cut: number): boolean {
    const actions = this.actions[this.view.pageAt(ino, offset)] ?? [];
    return value === 0 || this.everHeld(actions, offset, value, cut);
  }

  /** The parts of a range by page, each with what was done to that page. */
  private *pieces(ino: number, { from, to }: { from: number; to: number }): Generator<Piece> {
    const { pageSize } = this.layout.geometry;
    for (let start = from; start < to;) {
      const end = Math.min(to, (pageOf(this.layout, start) + 1) * pageSize);
      yield { from: start, to: end, actions: this.actions[this.view.pageAt(ino, start)] };
      start = end;
    }
  }

  private clip(from: number, to: number, page: number): { from: number; to: number } {
    if (page < 0) return { from, to };
    const { pageSize } = this.layout.geometry;
    return { from: Math.max(from, page * pageSize), to: Math.min(to, (page + 1) * pageSize) };
  }

  private checkSize(
    { ino, to }: FileRange,
    found: number,
    made: PromiseMade,
    cut: number,
  ): Mismatch | null {
    let possible = [{ event: -1, size: this.initialSizes[ino] as number }];
    for (const change of this.sizes[ino] as SizeChange[]) {
      if (change.event > cut) break;
      if (settlesSizes(made.promise) && this.view.exitOf(change.op) < made.before) possible = [];
      possible.push(change);
    }
    // A write promises any size that what it wrote fits into, unless somebody has changed it since.
    const expected = possible
      .filter(({ event, size }) => made.promise !== 'P2' || size >= to || event > made.begin)
      .map(({ size }) => size);
    return expected.includes(found) ? null : { ino, offset: OF_SIZE, expected, found };
  }

  /** What the last settled action left in each byte of [from, to), in one pass over the actions. */
  private settledBytes(
    actions: readonly Action[],
    from: number,
    to: number,
    made: PromiseMade,
    cut: number,
  ): Int16Array {
    const settled = new Int16Array(to - from).fill(UNSETTLED);
    for (const action of actions) {
      if (action.event > cut) break;
      const end = Math.min(to, action.to);
      if (action.isLoss === true) {
        settled.fill(UNSETTLED, Math.max(from, action.from) - from, Math.max(0, end - from));
        continue;
      }
      if (!isSettled(this.trace, this.view, action, made)) continue;
      for (let offset = Math.max(from, action.from); offset < end; offset++) {
        settled[offset - from] = dataByte(this.trace, action.data, offset - action.from);
      }
    }
    return settled;
  }

  /** The values that a byte may have; null when the promise settles none of its actions. */
  private allowedBytes(
    actions: readonly Action[],
    offset: number,
    made: PromiseMade,
    cut: number,
  ): number[] | null {
    let allowed: number[] | null = null;
    for (const action of actions) {
      if (action.event > cut) break;
      if (offset < action.from || offset >= action.to) continue;
      const value = dataByte(this.trace, action.data, offset - action.from);
      if (action.isLoss === true) allowed = null;
      else if (isSettled(this.trace, this.view, action, made)) allowed = [value];
      else if (action.isCopy !== true) allowed?.push(value);
    }
    return allowed;
  }

  private everHeld(
    actions: readonly Action[],
    offset: number,
    value: number,
    cut: number,
  ): boolean {
    for (const action of actions) {
      if (action.event > cut) break;
      if (offset < action.from || offset >= action.to) continue;
      if (dataByte(this.trace, action.data, offset - action.from) === value) return true;
    }
    return false;
  }

  private note(event: number): void {
    const { trace, view } = this;
    switch (trace.kind(event)) {
      case EVENT.store:
        this.noteStore(event);
        break;
      case EVENT.extent_map:
        this.former.mapped(
          trace.argument(event, AT.extent_map.block),
          view.pageIndex(
            trace.argument(event, AT.extent_map.ino),
            trace.argument(event, AT.extent_map.page),
          ),
        );
        break;
      case EVENT.extent_unmap:
        this.noteUnmap(
          event,
          trace.argument(event, AT.extent_unmap.ino),
          trace.argument(event, AT.extent_unmap.page),
        );
        break;
      case EVENT.content:
        this.noteContent(event);
        break;
      case EVENT.media_error:
        this.noteLoss(event);
        break;
      case EVENT.i_size:
        (this.sizes[trace.argument(event, AT.i_size.ino)] as SizeChange[]).push({
          event,
          op: trace.op(event),
          size: trace.argument(event, AT.i_size.size),
        });
        break;
      default:
        break;
    }
    this.destroyed.note(event);
    view.apply(event);
    this.times.apply(event);
  }

  private noteStore(event: number): void {
    const { trace } = this;
    const ino = trace.argument(event, AT.store.ino);
    if (ino < 0) {
      this.noteCopy(event);
      return;
    }
    if (this.view.isFaultZeroing(event)) return; // not the program's wish
    const how = trace.argument(event, AT.store.how);
    const offset = trace.argument(event, AT.store.offset);
    const block = blockOf(this.layout, trace.argument(event, AT.store.address));
    const page = this.view.pageAt(ino, offset);
    // A device reached a block that the page has lost, or that nobody pins any more. Should the crash undo
    // that loss, the file shows what the device wrote: nobody promised it, and it is not foreign either.
    const lost = this.view.blocks[page] !== block || this.view.pins[block] === 0;
    const stray = (how & STORE.dma) !== 0 && lost;
    const action: Action = {
      ...this.deedOf(event),
      issued: trace.argument(event, AT.store.issued),
      from: offset,
      to: offset + trace.argument(event, AT.store.length),
      data: trace.argument(event, AT.store.data),
      settling: stray ? 'never' : settlingOf(how, this.contract),
      block,
    };
    this.addAction(ino, action);
    for (const left of this.former.of(block, page)) {
      if (this.view.blocks[left] !== block) this.addStray(action, left);
    }
  }

  /**
   * What the kernel writes to a block that it means to give to a page shows at once if a page has the block
   * already: around the bytes of a call that is under way, older ones.
   */
  private noteCopy(event: number): void {
    const { trace, layout, view } = this;
    const address = trace.argument(event, AT.store.address);
    if (!this.tracesEffects || address < layout.dataStart) return;
    const { pageSize } = layout.geometry;
    const block = blockOf(layout, address);
    for (const page of view.pagesOf(block)) {
      this.addInPage(page, address % pageSize, trace.argument(event, AT.store.length), {
        ...this.deedOf(event),
        data: trace.argument(event, AT.store.data),
        settling: 'never',
        block,
        isCopy: (trace.argument(event, AT.store.how) & STORE.nonTemporal) === 0,
      });
    }
  }

  /** A store as it shows in a page that its block has left, should that be undone. */
  private addStray(action: Action, page: number): void {
    const within = action.from % this.layout.geometry.pageSize;
    this.addInPage(page, within, action.to - action.from, { ...action, settling: 'never' });
  }

  private noteUnmap(event: number, ino: number, page: number): void {
    const { pageSize } = this.layout.geometry;
    this.former.unmapped(
      this.trace.argument(event, AT.extent_unmap.block),
      this.view.pageIndex(ino, page),
    );
    this.addAction(ino, {
      ...this.deedOf(event),
      from: page * pageSize,
      to: (page + 1) * pageSize,
      data: -1, // zeros
      settling: 'exit',
      block: HOLE,
    });
  }

  private noteContent(event: number): void {
    const { trace } = this;
    const ino = trace.argument(event, AT.content.ino);
    const offset = trace.argument(event, AT.content.offset);
    const page = this.view.pageAt(ino, offset);
    // To a page with a copy of its own the bytes came, not the block.
    if (this.view.copied[page] === 0) {
      this.former.brought(this.view.blocks[page] as number, page);
    }
    this.addAction(ino, {
      ...this.deedOf(event),
      from: offset,
      to: offset + trace.argument(event, AT.content.length),
      data: trace.argument(event, AT.content.data),
      settling: 'exit',
      block: HOLE,
    });
  }

  private noteLoss(event: number): void {
    const block = this.trace.argument(event, AT.media_error.block);
    const loss = {
      ...this.deedOf(event),
      settling: 'never',
      block,
      data: -1,
      isLoss: true,
    } as const;
    const { pageSize } = this.layout.geometry;
    for (const page of this.view.pagesOf(block)) this.addInPage(page, 0, pageSize, loss);
  }

  /** What happens at once, inside of an operation. */
  private deedOf(event: number): Pick<Action, 'event' | 'op' | 'task' | 'issued'> {
    return { event, op: this.trace.op(event), task: this.trace.task(event), issued: event };
  }

  /** `page` is an index over all files; of that page it is `length` bytes from `within` on. */
  private addInPage(
    page: number,
    within: number,
    length: number,
    action: Omit<Action, 'from' | 'to'>,
  ): void {
    const { filePages } = this.view;
    const from = (page % filePages) * this.layout.geometry.pageSize + within;
    this.addAction(Math.floor(page / filePages), { ...action, from, to: from + length });
  }

  private addAction(ino: number, action: Action): void {
    const last = this.view.pageAt(ino, action.to - 1);
    for (let page = this.view.pageAt(ino, action.from); page <= last; page++) {
      (this.actions[page] ??= []).push(action);
    }
  }
}
