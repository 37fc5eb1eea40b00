/**
 * The file system's own metadata: whatever the head of the log says that survives, recovery finds what it is
 * to find. The other rules ask what a version was meant to be; this one, whether the media have it.
 *
 * Two things can go wrong. A commit moves the head while something that it needs may still be lost: looked
 * at when the head moves, and at every promise and store while that is so. And something is written over:
 * looked at when a store hits what a version needs that can be the survivor.
 */
import type { CrashPlan, ShortUnit } from '../crash/plan.js';
import { buildMetadata } from '../crash/plan.js';
import { HOLE, homeAddress, pageOf, slotAddress } from '../media/layout.js';
import type { FileMetadata, Metadata } from '../media/log.js';
import { readMetadata } from '../media/log.js';
import { hex } from '../support/units.js';
import { AT } from '../trace/event.js';
import type { Mechanism } from './mechanism.js';
import type { Mismatch } from './mismatch.js';
import { afterCrash, OF_SIZE } from './mismatch.js';
import type { PromiseId } from './promise.js';
import type { JudgeState } from './state.js';

/** Where metadata differ from those that were meant. */
interface Changes {
  readonly isNone: boolean;
  /** Blocks of the pages that are read otherwise than was meant. */
  readonly blocks: ReadonlySet<number>;
  readonly has: (ino: number, page: number) => boolean;
}

const NOT_READ: Changes = { isNone: false, blocks: new Set(), has: () => true };

/** Another size shows other bytes of every page, another block those of its own. */
function changesBetween(meant: Metadata, found: Metadata): Changes {
  const blocks = new Set<number>();
  const places = new Map<number, ReadonlySet<number>>();
  found.files.forEach((file, ino) => {
    const before = meant.files[ino] as FileMetadata;
    const { size, mtime, ctime } = file;
    const all = [...file.blocks.keys()];
    const pages = all.filter(
      (page) => size !== before.size || file.blocks[page] !== before.blocks[page],
    );
    if (pages.length > 0 || mtime !== before.mtime || ctime !== before.ctime)
      places.set(ino, new Set(pages));
    for (const page of pages)
      if (file.blocks[page] !== HOLE) blocks.add(file.blocks[page] as number);
  });
  return {
    isNone: places.size === 0,
    blocks,
    has: (ino, page) => places.get(ino)?.has(page) === true,
  };
}

export class LogRule {
  constructor(private readonly state: JudgeState) {}

  /** The head or the tail of the log has moved. */
  commit(event: number): void {
    this.checkPending(event);
  }

  /** A call has returned, and what it promised is on the list. */
  exit(event: number): void {
    this.checkPending(event);
  }

  private checkPending(event: number): void {
    const { history } = this.state;
    if (history.pendingInMetadata === 0) return;
    const units = this.pendingUnits();
    const { durable, visible } = history.versions;
    for (let version = durable; version <= visible; version++) {
      for (const unit of units) {
        const start = unit << history.unitShift;
        if (!this.needs(version, start, start + (1 << history.unitShift))) continue;
        for (const short of this.shorter(unit)) {
          this.lookBeside(event, version, [short], 'log-not-whole');
        }
      }
    }
  }

  store(event: number): void {
    const { trace, layout, disk } = this.state;
    if (disk.kind === 'opaque') return;
    this.checkPending(event);
    const address = trace.argument(event, AT.store.address);
    if (address < layout.dataStart) this.metadata(event, address);
  }

  /** A store to metadata: is it over what a version needs? */
  private metadata(event: number, address: number): void {
    const { trace, history } = this.state;
    const end = address + trace.argument(event, AT.store.length);
    const { durable, visible } = history.versions;
    for (let version = durable; version <= visible; version++) {
      if (!this.needs(version, address, end)) continue;
      this.lookBeside(event, version, [], 'metadata-overwritten');
      const first = address >> history.unitShift;
      const last = (end - 1) >> history.unitShift;
      for (let unit = first; unit <= last; unit++) {
        for (const short of this.shorter(unit)) {
          this.lookBeside(event, version, [short], 'metadata-overwritten');
        }
      }
    }
  }

  /** Does what a version is read from lie in [from, to)? Homes of inodes that its log has do not count. */
  private needs(version: number, from: number, to: number): boolean {
    const { layout, history, trace } = this.state;
    const tail = history.versions.tails[version] as number;
    const head = history.versions.heads[version] as number;
    for (let tid = tail + 1; tid <= head; tid++) {
      const slot = slotAddress(layout, tid);
      if (slot < to && from < slot + layout.slotBytes) return true;
    }
    const logged = history.versions.loggedIn(version, trace);
    for (let ino = 0; ino < layout.fileCount; ino++) {
      const home = homeAddress(layout, ino);
      if (home < to && from < home + layout.inodeBytes && !logged.has(ino)) return true;
    }
    return false;
  }

  private pendingUnits(): number[] {
    const { history, layout } = this.state;
    const end = layout.dataStart >> history.unitShift;
    return history.pending().filter((unit) => unit < end);
  }

  /** All that a unit may keep but everything. */
  private shorter(unit: number): ShortUnit[] {
    const { history } = this.state;
    const durable = history.durable[unit] as number;
    const visible = history.visible[unit] as number;
    return Array.from({ length: visible - durable }, (_, more) => ({ unit, kept: durable + more }));
  }

  /**
   * Metadata that nobody wrote may name any block: each byte of the files depends on one more unit. What is
   * read as it was meant is left to the other rules, which know why its bytes are lost.
   */
  private lookBeside(
    cut: number,
    version: number,
    metadata: ShortUnit[],
    mechanism: Mechanism,
  ): void {
    const { history, layout, trace } = this.state;
    const found = readMetadata(layout, buildMetadata(history, { cut, version, short: metadata }));
    const changes =
      typeof found === 'string'
        ? NOT_READ
        : changesBetween(history.versions.metadata(version, trace), found);
    if (changes.isNone) return;
    this.look(cut, version, metadata, mechanism, changes);
    const unitsPerBlock = layout.geometry.pageSize >> history.unitShift;
    const first = layout.dataStart >> history.unitShift;
    for (const block of changes.blocks) {
      if ((history.pendingInBlock[block] as number) === 0) continue;
      for (let unit = 0; unit < unitsPerBlock; unit++) {
        for (const short of this.shorter(first + block * unitsPerBlock + unit)) {
          this.look(cut, version, [...metadata, short], mechanism, changes);
        }
      }
    }
  }

  private look(
    cut: number,
    version: number,
    short: ShortUnit[],
    mechanism: Mechanism,
    changes: Changes,
  ): void {
    const { state } = this;
    const plan: CrashPlan = { cut, version, short };
    const files = state.recover(plan);
    if (typeof files === 'string') {
      this.report('P0', mechanism, -1, -1, -1, `is not recovered: ${files}`, plan);
      return;
    }
    const { layout } = state;
    const isOurs = ({ ino, offset }: Mismatch): boolean =>
      offset === OF_SIZE || changes.has(ino, pageOf(layout, offset));
    const expectation = state.expectation();
    for (const { promise, made } of state.kept) {
      const wrong = expectation.checkPromise(files, made, cut);
      if (wrong !== null && isOurs(wrong)) {
        this.report(promise, mechanism, made.op, wrong.ino, wrong.offset, afterCrash(wrong), plan);
      }
      const late = expectation.checkTimes(files, made);
      if (late !== null) {
        this.report('P10', mechanism, made.op, late.ino, late.offset, afterCrash(late), plan);
      }
    }
    const foreign = expectation.checkExposure(files, cut);
    if (foreign === null || !isOurs(foreign)) return;
    const detail = `reads ${hex(foreign.found)} after the crash, which was never written there`;
    this.report('P9', mechanism, -1, foreign.ino, foreign.offset, detail, plan);
  }

  private report(
    promise: PromiseId,
    mechanism: Mechanism,
    op: number,
    ino: number,
    offset: number,
    detail: string,
    plan: CrashPlan,
  ): void {
    const { state } = this;
    if (state.isRepeat(promise, mechanism, op, ino)) return;
    const event = plan.cut;
    state.report({ promise, mechanism, op, event, ino, offset, store: -1, detail }, plan);
  }
}
