/**
 * Every crash state of one cut, one after the other: all choices of a prefix for each pending unit and of a
 * metadata version. This is the plain way that the fast checker is held against; it is only for programs
 * whose number of states is small.
 */
import type { PersistHistory } from '../persistency/history.js';
import type { CrashPlan, ShortUnit } from './plan.js';

/** The number of crash states at the point up to which `history` has been folded. */
export function countStates(history: PersistHistory): number {
  let states = history.versions.visible - history.versions.durable + 1;
  for (const unit of history.pending()) {
    states *= (history.visible[unit] as number) - (history.durable[unit] as number) + 1;
  }
  return states;
}

/** All plans at `cut`, the point up to which `history` has been folded. */
export function* allPlans(history: PersistHistory, cut: number): Generator<CrashPlan> {
  const units = history.pending();
  const kept = units.map((unit) => history.durable[unit] as number);
  for (;;) {
    const short: ShortUnit[] = units.map((unit, i) => ({ unit, kept: kept[i] as number }));
    for (let version = history.versions.durable; version <= history.versions.visible; version++) {
      yield { cut, version, short };
    }
    let place = 0;
    while (place < units.length) {
      const unit = units[place] as number;
      if ((kept[place] as number) < (history.visible[unit] as number)) {
        (kept[place] as number)++;
        break;
      }
      kept[place] = history.durable[unit] as number;
      place++;
    }
    if (place === units.length) return;
  }
}
