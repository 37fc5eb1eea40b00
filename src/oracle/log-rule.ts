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
import { homeAddress, pageOf, slotAddress } from '../media/layout.js';
import { readMetadata } from '../media/log.js';
import { AT } from '../trace/event.js';
import type { Mechanism } from './mechanism.js';
import type { Misread } from './misread.js';
import { misreadIn } from './misread.js';
import type { PromiseId } from './promise.js';
import type { JudgeState } from './state.js';
import { wrongIn } from './wrong.js';

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
    const misread = misreadIn(history.versions.metadata(version, trace), found);
    if (misread === null) return;
    this.look(cut, version, metadata, mechanism, misread);
    const unitsPerBlock = layout.geometry.pageSize >> history.unitShift;
    const first = layout.dataStart >> history.unitShift;
    for (const block of misread.blocks) {
      if ((history.pendingInBlock[block] as number) === 0) continue;
      for (let unit = 0; unit < unitsPerBlock; unit++) {
        for (const short of this.shorter(first + block * unitsPerBlock + unit)) {
          this.look(cut, version, [...metadata, short], mechanism, misread);
        }
      }
    }
  }

  private look(
    cut: number,
    version: number,
    short: ShortUnit[],
    mechanism: Mechanism,
    misread: Misread,
  ): void {
    const { state } = this;
    const plan: CrashPlan = { cut, version, short };
    const files = state.recover(plan);
    if (typeof files === 'string') {
      this.report('P0', mechanism, -1, -1, -1, `is not recovered: ${files}`, plan);
      return;
    }
    const { layout } = state;
    for (const { promise, op, ino, offset, detail } of wrongIn(state, files, cut)) {
      const isOurs = offset < 0 || misread.has(ino, pageOf(layout, offset));
      if (isOurs) this.report(promise, mechanism, op, ino, offset, detail, plan);
    }
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
