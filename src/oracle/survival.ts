/**
 * Which survivors an image of an opaque disk has. A unit keeps a prefix of its chain; but what a block
 * device writes goes to media in pieces that a file system may take to be written as a whole or not at all.
 * All units of such a piece keep what was written to them up to one and the same store.
 */
import type { ShortUnit } from '../crash/plan.js';
import type { PersistHistory } from '../persistency/history.js';
import { NO_RECORD } from '../persistency/history.js';
import { AT, STORE } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { WORD_SIZE } from '../support/units.js';

/** Gives a number of [from, to]. */
export type Draw = (from: number, to: number) => number;

/** Before every store. */
const NOTHING = -1;

export class Survival {
  constructor(
    private readonly history: PersistHistory,
    private readonly trace: Trace,
  ) {}

  /** What each pending unit keeps where pieces of `atomicBytes` are whole. */
  draw(atomicBytes: number, draw: Draw): ShortUnit[] {
    const { history } = this;
    const units = history.pending();
    const pieces = new Map<number, number>();
    const written =
      atomicBytes > WORD_SIZE ? this.writesOf(units, atomicBytes) : new Map<number, number[]>();
    return units.map((unit) => {
      const piece = this.pieceOf(unit, atomicBytes);
      const writes = written.get(piece);
      if (writes === undefined || !this.isBlockWrite(unit)) {
        const kept = draw(history.durable[unit] as number, history.visible[unit] as number);
        return { unit, kept };
      }
      let last = pieces.get(piece);
      if (last === undefined) {
        last = writes[draw(0, writes.length) - 1] ?? NOTHING;
        pieces.set(piece, last);
      }
      return { unit, kept: this.keptUpTo(unit, last) };
    });
  }

  /** The same survivors without any write of a block of which only a part is kept; null if there is none. */
  withoutTearing(short: readonly ShortUnit[], blockBytes: number): ShortUnit[] | null {
    const { history } = this;
    const kept = new Map(short.map((unit) => [unit.unit, unit.kept]));
    const units = [...kept.keys()].filter((unit) => this.isBlockWrite(unit));
    let tore = false;
    // What is taken back may tear a later write.
    for (let torn = this.tornWrites(units, kept, blockBytes); torn.size > 0;) {
      tore = true;
      for (const unit of units) {
        for (const record of this.pendingRecords(unit)) {
          const write = this.writeOf(unit, record, blockBytes);
          const before = history.recordBefore[record] as number;
          if (torn.has(write) && before < (kept.get(unit) as number)) kept.set(unit, before);
        }
      }
      torn = this.tornWrites(units, kept, blockBytes);
    }
    return tore ? short.map(({ unit }) => ({ unit, kept: kept.get(unit) as number })) : null;
  }

  /** Writes of blocks of which something is kept and something is not. */
  private tornWrites(
    units: readonly number[],
    kept: ReadonlyMap<number, number>,
    blockBytes: number,
  ): Set<string> {
    const { history } = this;
    const whole = new Set<string>();
    const missing = new Set<string>();
    for (const unit of units) {
      const words = kept.get(unit) as number;
      for (const record of this.pendingRecords(unit)) {
        const write = this.writeOf(unit, record, blockBytes);
        const before = history.recordBefore[record] as number;
        if (before < words) whole.add(write);
        if (before + (history.recordWords[record] as number) > words) missing.add(write);
      }
    }
    return new Set([...whole].filter((write) => missing.has(write)));
  }

  /** What is written to a block by one store, by name. */
  private writeOf(unit: number, record: number, blockBytes: number): string {
    return `${this.history.recordEvent[record]} ${this.pieceOf(unit, blockBytes)}`;
  }

  private *pendingRecords(unit: number): Generator<number> {
    const { history } = this;
    for (
      let record = history.firstPending(unit);
      record !== NO_RECORD;
      record = history.recordNext[record] as number
    ) {
      yield record;
    }
  }

  private pieceOf(unit: number, bytes: number): number {
    return Math.floor((unit << this.history.unitShift) / bytes);
  }

  /** By piece, the pending stores to it, in order. */
  private writesOf(units: readonly number[], bytes: number): Map<number, number[]> {
    const { history } = this;
    const writes = new Map<number, number[]>();
    for (const unit of units) {
      if (!this.isBlockWrite(unit)) continue;
      const piece = this.pieceOf(unit, bytes);
      let list = writes.get(piece);
      if (list === undefined) writes.set(piece, (list = []));
      for (const record of this.pendingRecords(unit)) {
        const event = history.recordEvent[record] as number;
        if (!list.includes(event)) list.push(event);
      }
    }
    for (const list of writes.values()) list.sort((a, b) => a - b);
    return writes;
  }

  /** Is the unit's next store one of a block device: metadata that bypasses the cache? */
  private isBlockWrite(unit: number): boolean {
    const { history, trace } = this;
    const record = history.firstPending(unit);
    if (record === NO_RECORD) return false;
    const event = history.recordEvent[record] as number;
    const bypasses = (trace.argument(event, AT.store.how) & STORE.nonTemporal) !== 0;
    return bypasses && trace.argument(event, AT.store.ino) < 0;
  }

  /** The words of a unit's chain that were stored up to an event. */
  private keptUpTo(unit: number, last: number): number {
    const { history } = this;
    let kept = history.durable[unit] as number;
    for (const record of this.pendingRecords(unit)) {
      if ((history.recordEvent[record] as number) > last) break;
      kept = (history.recordBefore[record] as number) + (history.recordWords[record] as number);
    }
    return kept;
  }
}
