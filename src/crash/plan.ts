/**
 * A crash plan: one power failure, made concrete. The cut, the metadata version that survives, and for
 * each unit that loses something how much of its chain is kept. All other pending units keep everything:
 * a witness shows no more loss than it needs.
 */
import type { PersistHistory } from '../persistency/history.js';

export interface ShortUnit {
  readonly unit: number;
  /** Words of the chain that survive. */
  readonly kept: number;
}

export interface CrashPlan {
  /** Power fails right after this event; -1 is before the first. */
  readonly cut: number;
  /** Number of the surviving metadata version; 0 is mkfs. */
  readonly version: number;
  readonly short: readonly ShortUnit[];
}

/** The image that a plan leaves; `history` has been folded up to and including the plan's cut. */
export function buildImage(history: PersistHistory, plan: CrashPlan): Uint8Array {
  // A copy, whatever kind of array the media is: slice() of a mapped file would be the file itself.
  const image = new Uint8Array(history.media.bytes);
  writeSurvivors(history, plan, image);
  return image;
}

/** The same for what is before the data blocks. */
export function buildMetadata(history: PersistHistory, plan: CrashPlan): Uint8Array {
  const { logEnd, dataStart } = history.layout;
  const image = new Uint8Array(history.media.bytes.subarray(0, logEnd));
  const short = new Map(plan.short.map((unit) => [unit.unit, unit.kept]));
  const end = dataStart >> history.unitShift;
  for (const unit of history.pendingInMetadata === 0 ? [] : history.pending()) {
    if (unit >= end) continue;
    history.writePrefix(image, unit, short.get(unit) ?? (history.visible[unit] as number));
  }
  history.versions.putWord(plan.version, image);
  return image;
}

/** What a plan keeps beside what is durable for certain, which `image` holds. */
export function writeSurvivors(history: PersistHistory, plan: CrashPlan, image: Uint8Array): void {
  const short = new Map(plan.short.map((unit) => [unit.unit, unit.kept]));
  for (const unit of history.pending()) {
    history.writePrefix(image, unit, short.get(unit) ?? (history.visible[unit] as number));
  }
  history.versions.putWord(plan.version, image);
}
