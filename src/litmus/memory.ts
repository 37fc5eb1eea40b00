/**
 * The memory that all threads share, and what of it a power failure may leave.
 *
 * Px86 has a persistence buffer behind the store buffers: stores wait in it, and a flush in it holds back
 * everything younger until its line is on media. It is not modelled, because crash states come out the same
 * when a flush completes at once: a crash with the flush still waiting is a crash just before it. So each
 * unit that persists in order of its own (a location, or a line) has a set of contents that may survive:
 * its content after each store to it since its last flush, and that at the flush. Units are independent,
 * which makes the memories after a crash the product of these sets.
 */
import { at } from '../support/assert.js';
import { byText } from '../support/order.js';
import type { Locations } from './locations.js';
import type { MachineOptions } from './program.js';

export interface Write {
  readonly kind: 'write';
  readonly location: number;
  readonly value: number;
}

export interface Flush {
  readonly kind: 'flush';
  readonly line: number;
}

/** What was stored past the caches has reached media. */
export interface Arrival {
  readonly kind: 'arrival';
  readonly location: number;
}

export type Effect = Write | Flush | Arrival;

interface State {
  /** What loads see, by location. */
  readonly visible: readonly number[];
  /** By unit, in order: the contents that may survive, each as the values of the unit's locations. */
  readonly survivors: readonly (readonly string[])[];
}

export class Memory {
  /** Number of the state before the first store. */
  readonly start: number;
  private readonly units: readonly (readonly number[])[];
  private readonly unitOf: readonly number[];
  private readonly cachesSurvive: boolean;
  private readonly states: State[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly results: Map<Effect, number>[] = [];

  constructor(
    private readonly locations: Locations,
    { persistency, domain }: MachineOptions,
  ) {
    const { lines, lineOf, names, initial } = locations;
    this.units = persistency === 'line' ? lines : names.map((_, location) => [location]);
    this.unitOf = persistency === 'line' ? lineOf : names.map((_, location) => location);
    this.cachesSurvive = domain === 'eadr';
    const survivors = this.units.map((unit) => [this.content(unit, initial)]);
    this.start = this.intern({ visible: initial, survivors });
  }

  visible(state: number, location: number): number {
    return at(at(this.states, state).visible, location);
  }

  allVisible(state: number): readonly number[] {
    return at(this.states, state).visible;
  }

  /** The number of the state after an effect; effects that are one object are computed once. */
  apply(state: number, effect: Effect): number {
    const results = at(this.results, state);
    const known = results.get(effect);
    if (known !== undefined) return known;
    const before = at(this.states, state);
    const after = this.intern(this.changed(before, effect));
    results.set(effect, after);
    return after;
  }

  private changed(before: State, effect: Effect): State {
    switch (effect.kind) {
      case 'write':
        return this.written(before, effect);
      case 'flush':
        return this.settled(before, at(this.locations.lines, effect.line));
      case 'arrival':
        return this.settled(before, [effect.location]);
    }
  }

  /** Which states have survivors of their own: all others add nothing to the memories after a crash. */
  withDistinctSurvivors(): readonly (readonly string[])[][] {
    const found = new Map(this.states.map(({ survivors }) => [survivors.join('|'), survivors]));
    return [...found.values()].map((survivors) => [...survivors]);
  }

  /** The values of all locations, from one content a unit. */
  valuesOf(contents: readonly string[]): number[] {
    const values: number[] = [];
    contents.forEach((content, index) => {
      const unit = at(this.units, index);
      content.split(' ').forEach((value, place) => (values[at(unit, place)] = Number(value)));
    });
    return values;
  }

  private written(before: State, effect: Write): State {
    const { location, value } = effect;
    const visible = before.visible.map((old, index) => (index === location ? value : old));
    const changed = at(this.unitOf, location);
    const survivors = before.survivors.map((contents, index) => {
      if (index !== changed) return contents;
      const content = this.content(at(this.units, index), visible);
      if (this.cachesSurvive) return [content];
      return [...new Set([...contents, content])].sort(byText);
    });
    return { visible, survivors };
  }

  /** The units of these locations are on media as they are visible. */
  private settled(before: State, locations: readonly number[]): State {
    const units = new Set(locations.map((location) => this.unitOf[location]));
    const survivors = before.survivors.map((contents, index) =>
      units.has(index) ? [this.content(at(this.units, index), before.visible)] : contents,
    );
    return { visible: before.visible, survivors };
  }

  private content(unit: readonly number[], values: readonly number[]): string {
    return unit.map((location) => values[location]).join(' ');
  }

  private intern(state: State): number {
    const key = `${state.visible.join()}|${state.survivors.join('|')}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    this.numbers.set(key, this.states.length);
    this.results.push(new Map());
    return this.states.push(state) - 1;
  }
}
