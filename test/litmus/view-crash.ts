/**
 * Post-crash memories of a state of the view machine. px86.md section 2: "each location independently takes
 * any write at time t such that no write to it lies in (t, max over threads of vpCommit[its line]]". So a
 * unit of persistence (section 4: a location, or a line) is cut at a time of its own, at the earliest where
 * it was committed, and shows what was newest there. With eADR (section 6) all units are cut at the end.
 */
import { stateKey } from '../../src/litmus/program.js';
import type { Compiled, State, Write } from './view-state.js';
import { latest, valueAt } from './view-state.js';
import type { WrongMachine } from './wrong-machines.js';

/** The values that a unit may have after the crash, one for each of its locations. */
type Survivors = readonly (readonly number[])[];

export class CrashCollector {
  readonly location = new Set<string>();
  readonly line = new Set<string>();
  readonly eadr = new Set<string>();
  private readonly words: readonly (readonly number[])[];
  private readonly known = new Set<string>();

  constructor(
    private readonly compiled: Compiled,
    private readonly wrong: WrongMachine | undefined,
  ) {
    this.words = compiled.locations.map((_, location) => [location]);
  }

  add(state: State): void {
    const { lines } = this.compiled;
    const byLine = this.wrong === 'location-mode-orders-by-line';
    const byWord = this.wrong === 'line-mode-orders-by-word';
    this.addUnits(state, byLine ? lines : this.words, this.location);
    this.addUnits(state, byWord ? this.words : lines, this.line);
    if (this.wrong === 'eadr-needs-flushes') this.addUnits(state, lines, this.eadr);
    else this.addVisible(state);
  }

  private addVisible({ writes, threads }: State): void {
    const kept =
      this.wrong === 'eadr-keeps-write-combining'
        ? threads.flatMap(({ floating }, thread) =>
            floating.flatMap((one): Write[] => (one.temporal ? [] : [{ ...one, thread }])),
          )
        : [];
    const all = [...writes, ...kept];
    this.eadr.add(this.visible(all));
  }

  /** The memory that the newest writes make. */
  visible(writes: readonly Write[]): string {
    return this.memory(writes, () => writes.length);
  }

  private memory(writes: readonly Write[], cutOf: (location: number) => number): string {
    const { locations } = this.compiled;
    const values: Record<string, number> = {};
    locations.forEach((name, location) => {
      const time = latest(writes, location, cutOf(location));
      values[name] = valueAt(this.compiled, writes, location, time);
    });
    return stateKey(values);
  }

  private addUnits(state: State, units: readonly (readonly number[])[], into: Set<string>): void {
    if (this.wrong === 'wide-store-is-atomic') {
      this.addUntorn(state, units, into);
      return;
    }
    const survivors = units.map((unit) => this.survivors(state, unit));
    // Many states leave the same choice.
    const shape = `${into === this.line ? 'line' : into === this.eadr ? 'eadr' : ''} ${JSON.stringify(survivors)}`;
    if (this.known.has(shape)) return;
    this.known.add(shape);
    const values = new Array<number>(this.compiled.locations.length).fill(0);
    const choose = (number: number): void => {
      const unit = units[number];
      if (unit === undefined) {
        const named = this.compiled.locations.map((name, location) => [name, values[location]]);
        into.add(stateKey(Object.fromEntries(named) as Record<string, number>));
        return;
      }
      for (const survivor of survivors[number] ?? []) {
        unit.forEach((location, index) => (values[location] = survivor[index] ?? 0));
        choose(number + 1);
      }
    };
    choose(0);
  }

  /** The times at which a unit may be cut: where it was committed, and at every later write to it. */
  private cuts({ writes, committed }: State, unit: readonly number[]): number[] {
    const earliest = Math.max(...unit.map((location) => committed[location] ?? 0));
    const cuts = [earliest];
    for (let time = earliest + 1; time <= writes.length; time++) {
      if (unit.includes(writes[time - 1]?.location ?? -1)) cuts.push(time);
    }
    return cuts;
  }

  private survivors(state: State, unit: readonly number[]): Survivors {
    return this.cuts(state, unit).map((cut) =>
      unit.map((location) =>
        valueAt(this.compiled, state.writes, location, latest(state.writes, location, cut)),
      ),
    );
  }

  /** For the wrong machine that never tears a wide store: only cuts that keep all of its parts or none. */
  private addUntorn(state: State, units: readonly (readonly number[])[], into: Set<string>): void {
    const cutOf = new Array<number>(this.compiled.locations.length).fill(0);
    const choose = (number: number): void => {
      const unit = units[number];
      if (unit === undefined) {
        const at = (location: number): number => cutOf[location] ?? 0;
        if (!this.tears(state.writes, at)) into.add(this.memory(state.writes, at));
        return;
      }
      for (const cut of this.cuts(state, unit)) {
        for (const location of unit) cutOf[location] = cut;
        choose(number + 1);
      }
    };
    choose(0);
  }

  private tears(writes: readonly Write[], cutOf: (location: number) => number): boolean {
    const kept = (write: Write): boolean => writes.indexOf(write) < cutOf(write.location);
    const parts = writes.filter(({ group }) => group > 0);
    return parts.some((one) =>
      parts.some((other) => other.group === one.group && kept(one) !== kept(other)),
    );
  }
}
