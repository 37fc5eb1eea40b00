/**
 * The locations of a litmus program as small numbers, with the cache line of each.
 */
import { assert } from '../support/assert.js';
import type { LitmusProgram } from './program.js';

export class Locations {
  /** Name of each location; its index is the number that the machine uses. */
  readonly names: readonly string[];
  /** Line of each location. */
  readonly lineOf: readonly number[];
  /** Locations of each line. */
  readonly lines: readonly (readonly number[])[];
  readonly initial: readonly number[];
  private readonly numbers: ReadonlyMap<string, number>;

  constructor(program: LitmusProgram) {
    this.names = program.lines.flat();
    this.numbers = new Map(this.names.map((name, number) => [name, number]));
    this.lineOf = program.lines.flatMap((names, line) => names.map(() => line));
    this.lines = program.lines.map((names) => names.map((name) => this.numberOf(name)));
    this.initial = this.names.map((name) => program.init[name] ?? 0);
  }

  numberOf(name: string): number {
    const number = this.numbers.get(name);
    assert(number !== undefined, () => `location ${name} is on no line`);
    return number;
  }
}
