/**
 * One thread of the machine: its place in the code, its registers and its store buffer, interned so that
 * the exploration handles numbers. A thread does at once whatever no other thread can tell from doing it
 * later: it evaluates conditions and puts stores, flushes and sfences into its buffer until it comes to
 * something that depends on memory (a load, a locked instruction) or on its buffer (a fence).
 */
import { assert, at, Defect, UsageError } from '../support/assert.js';
import type { Entry } from './buffer.js';
import { blocks, newestStore } from './buffer.js';
import type { Instruction } from './code.js';
import { compile, registersIn } from './code.js';
import type { Locations } from './locations.js';
import type { Effect } from './memory.js';
import type { LitmusOp, Value } from './program.js';

/** What a step does to memory, and the thread's state after it. */
export interface Step {
  readonly effect: Effect | null;
  readonly next: number;
}

/** A possible next step of a thread. */
export interface Move {
  /** The location whose value in memory the step depends on; null if on none. */
  readonly reads: number | null;
  /** null if the step is not possible with that value. */
  readonly step: (value: number) => Step | null;
}

interface State {
  readonly at: number;
  readonly registers: readonly number[];
  readonly buffer: readonly Entry[];
}

/** What an entry does to memory when it leaves the buffer. */
function effectOf({ kind, location, line, value }: Entry): Effect {
  switch (kind) {
    case 'store':
    case 'ntstore':
      return { kind: 'write', location, value };
    case 'arrival':
      return { kind, location };
    case 'clflush':
    case 'clflushopt':
      return { kind: 'flush', line };
    case 'sfence':
      throw new Defect('an sfence leaves the buffer by itself');
  }
}

type Locked = Extract<Instruction, { op: 'faa' | 'xchg' | 'cas' }>;

export class Thread {
  /** Number of the state that the thread begins in. */
  readonly start: number;
  readonly registerNames: readonly string[];
  private readonly code: readonly Instruction[];
  private readonly states: State[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly effects = new Map<string, Effect>();
  private readonly movesOf: (readonly Move[] | undefined)[] = [];

  constructor(
    ops: readonly LitmusOp[],
    private readonly locations: Locations,
    private readonly failedCasFences: boolean,
  ) {
    this.code = compile(ops);
    this.registerNames = registersIn(ops);
    this.start = this.settle(
      0,
      this.registerNames.map(() => 0),
      [],
    );
  }

  /** All instructions done and the buffer drained? */
  ended(state: number): boolean {
    const { at: place, buffer } = at(this.states, state);
    return place === this.code.length && buffer.length === 0;
  }

  registers(state: number): readonly number[] {
    return at(this.states, state).registers;
  }

  moves(state: number): readonly Move[] {
    return (this.movesOf[state] ??= this.findMoves(at(this.states, state)));
  }

  /** The number of the state in which nothing is left to be done at once. */
  private settle(from: number, registers: readonly number[], waiting: readonly Entry[]): number {
    let place = from;
    const buffer = [...waiting];
    for (;;) {
      while (buffer[0]?.kind === 'sfence') buffer.shift();
      const instruction = this.code[place];
      if (instruction === undefined) break;
      if (instruction.op === 'jump-unless') {
        const same = this.register(registers, instruction.reg) === instruction.value;
        place = same === instruction.equal ? place + 1 : instruction.to;
      } else if (instruction.op === 'mfence') {
        if (buffer.length > 0) break;
        place++;
      } else {
        const entries = this.issued(instruction, place, registers);
        if (entries.length === 0) break;
        buffer.push(...entries);
        place++;
      }
    }
    return this.intern({ at: place, registers, buffer });
  }

  private intern(state: State): number {
    const buffer = state.buffer.map(
      ({ at: origin, kind, location, value }) =>
        `${origin}.${kind === 'arrival' ? '!' : ''}${location}=${value}`,
    );
    const key = `${state.at}/${state.registers.join()}/${buffer.join()}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    this.numbers.set(key, this.states.length);
    return this.states.push(state) - 1;
  }

  /** What an instruction puts into the buffer; nothing if it is none of those. */
  private issued(instruction: Instruction, place: number, registers: readonly number[]): Entry[] {
    const entry = (kind: Entry['kind'], name: string, value: Value): Entry => {
      const location = this.locations.numberOf(name);
      const line = at(this.locations.lineOf, location);
      return { kind, at: place, location, line, value: this.evaluate(registers, value) };
    };
    switch (instruction.op) {
      case 'store':
      case 'ntstore':
        return [entry(instruction.op, instruction.loc, instruction.val)];
      case 'store_wide':
        return instruction.parts.map(({ loc, val }) => entry('store', loc, val));
      case 'clflush':
        return [entry('clflush', instruction.loc, 0)];
      case 'clflushopt':
      case 'clwb':
        return [entry('clflushopt', instruction.loc, 0)];
      case 'sfence':
        return [{ kind: 'sfence', at: place, location: -1, line: -1, value: 0 }];
      default:
        return [];
    }
  }

  private findMoves(state: State): Move[] {
    const moves = state.buffer.flatMap((entry, index) => {
      const older = state.buffer.slice(0, index);
      if (entry.kind === 'sfence' || older.some((other) => blocks(other, entry))) return [];
      return [this.leaving(state, entry)];
    });
    const instruction = this.code[state.at];
    if (instruction?.op === 'load') {
      moves.push(this.load(state, instruction.loc, instruction.reg));
    } else if (
      instruction?.op === 'faa' ||
      instruction?.op === 'xchg' ||
      instruction?.op === 'cas'
    ) {
      moves.push(...this.locked(state, instruction));
    }
    return moves;
  }

  private leaving(state: State, entry: Entry): Move {
    const arrival: Entry = { ...entry, kind: 'arrival', value: 0 };
    const rest = entry.kind === 'ntstore' ? [arrival] : [];
    const buffer = state.buffer.flatMap((other) => (other === entry ? rest : [other]));
    const next = this.settle(state.at, state.registers, buffer);
    const effect = this.effect(effectOf(entry));
    return { reads: null, step: () => ({ effect, next }) };
  }

  private load(state: State, name: string, reg: string): Move {
    const location = this.locations.numberOf(name);
    const own = newestStore(state.buffer, location);
    const step = (value: number): Step => this.readInto(state, reg, own?.value ?? value, null);
    return { reads: own === undefined ? location : null, step };
  }

  /** A locked instruction: with an empty buffer, but for a failed compare-and-swap that is a mere load. */
  private locked(state: State, instruction: Locked): Move[] {
    const location = this.locations.numberOf(instruction.loc);
    const { registers, buffer } = state;
    const mereLoad = instruction.op === 'cas' && !this.failedCasFences;
    if (buffer.length > 0 && !mereLoad) return [];
    const own = newestStore(buffer, location);
    const step = (value: number): Step | null => {
      const old = own?.value ?? value;
      const written = this.writtenOver(old, instruction, registers);
      if (written === null) return this.readInto(state, instruction.reg, old, null);
      if (buffer.length > 0) return null;
      const effect = this.effect({ kind: 'write', location, value: written });
      return this.readInto(state, instruction.reg, old, effect);
    };
    return [{ reads: own === undefined ? location : null, step }];
  }

  /** What the instruction writes where it reads `old`; null if nothing. */
  private writtenOver(
    old: number,
    instruction: Locked,
    registers: readonly number[],
  ): number | null {
    switch (instruction.op) {
      case 'xchg':
        return this.evaluate(registers, instruction.val);
      case 'cas':
        if (old !== this.evaluate(registers, instruction.exp)) return null;
        return this.evaluate(registers, instruction.new);
      case 'faa': {
        const sum = old + this.evaluate(registers, instruction.val);
        if (Number.isSafeInteger(sum)) return sum;
        throw new UsageError(
          `faa on "${instruction.loc}" leaves the 53 bits that are computed with`,
        );
      }
    }
  }

  /** Past the instruction, with `value` in the register. */
  private readInto(state: State, reg: string, value: number, effect: Effect | null): Step {
    const target = this.registerNames.indexOf(reg);
    const registers = state.registers.map((old, index) => (index === target ? value : old));
    return { effect, next: this.settle(state.at + 1, registers, state.buffer) };
  }

  /** Equal effects as one object. */
  private effect(effect: Effect): Effect {
    const key = Object.values(effect).join();
    const known = this.effects.get(key) ?? effect;
    this.effects.set(key, known);
    return known;
  }

  private evaluate(registers: readonly number[], value: Value): number {
    return typeof value === 'number' ? value : this.register(registers, value.reg);
  }

  private register(registers: readonly number[], name: string): number {
    const value = registers[this.registerNames.indexOf(name)];
    assert(value !== undefined, () => `register ${name} is not in the code`);
    return value;
  }
}
