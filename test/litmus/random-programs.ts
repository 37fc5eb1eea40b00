/**
 * Small random litmus programs, in shapes where machines differ: a store, a flush of it, a fence and
 * another store; a message from one thread to another and a flush of what it announces. Half of them are
 * neighbours of known tests.
 */
import type { LitmusOp, LitmusProgram, Value } from '../../src/litmus/program.js';
import type { Choice } from '../../src/support/choice.js';
import { between, chance, pick, pickWeighted } from '../../src/support/choice.js';
import { neighbour } from './neighbours.js';

export interface GeneratorOptions {
  /** With non-temporal stores, on which the sources leave much open. */
  readonly nonTemporal: boolean;
}

/** Locations on lines: by itself, together, two and one. */
const LINES: readonly (readonly (readonly string[])[])[] = [
  [['x']],
  [['x'], ['y']],
  [['x'], ['y']],
  [['x', 'y']],
  [['x', 'y'], ['z']],
  [['x', 'y'], ['z']],
  [['x', 'y', 'z']],
  [['x'], ['y'], ['z']],
];

/** Operations of each thread: in all few enough for every interleaving. */
const SIZES: readonly (readonly number[])[] = [
  [4],
  [5],
  [2, 2],
  [3, 3],
  [4, 2],
  [4, 3],
  [5, 3],
  [4, 4],
  [2, 2, 2],
  [3, 2, 2],
  [4, 2, 2],
  [3, 3, 2],
];

const FENCES = ['sfence', 'sfence', 'sfence', 'mfence'] as const;
const FLUSHES = ['clflush', 'clflushopt', 'clwb'] as const;

/** Kinds of operation and how often they are drawn. */
const WEIGHTS = {
  store: 8,
  load: 5,
  flush: 8,
  fence: 5,
  faa: 1,
  xchg: 2,
  cas: 3,
  wide: 1,
  if: 2,
} as const;
const KINDS = Object.keys(WEIGHTS) as (keyof typeof WEIGHTS)[];

export function randomProgram(choice: Choice, options: GeneratorOptions): LitmusProgram {
  if (chance(choice, 1, 2)) return neighbour(choice, options);
  return new Generator(choice, options).program();
}

/** Draws one program. */
class Generator {
  private readonly lines: readonly (readonly string[])[];
  private readonly locations: readonly string[];
  /** Values are distinct as far as possible: a set of memories then says more. */
  private values = 0;
  private registers: string[] = [];

  constructor(
    private readonly choice: Choice,
    private readonly options: GeneratorOptions,
  ) {
    this.lines = pick(choice, LINES);
    this.locations = this.lines.flat();
  }

  program(): LitmusProgram {
    const init = Object.fromEntries(
      this.locations.map((name) => [name, chance(this.choice, 1, 8) ? this.fresh() : 0]),
    );
    const threads = pick(this.choice, SIZES).map((size, thread) => {
      this.registers = [];
      return this.thread(size, thread);
    });
    return { lines: this.lines, init, threads };
  }

  private thread(size: number, thread: number): LitmusOp[] {
    const ops: LitmusOp[] = [];
    while (ops.length < size) {
      const shape = pickWeighted(this.choice, [3, 2, 1, 2]);
      if (shape === 1) ops.push(...this.persistThenStore());
      else if (shape === 2) ops.push(...this.message(thread));
      else if (shape === 3) ops.push(...this.flushThenRmw(thread));
      else ops.push(this.op(thread, size - ops.length));
    }
    return ops.slice(0, size);
  }

  /** x=1; clwb x; sfence; y=2 with any part left out. */
  private persistThenStore(): LitmusOp[] {
    const loc = this.location();
    const all = [this.store(loc), this.flush(loc), this.fence(), this.store(this.location())];
    return all.filter(() => !chance(this.choice, 1, 6));
  }

  /** r=x; clwb y; sfence; if r!=0 { z=1 } */
  private message(thread: number): LitmusOp[] {
    const loc = this.location();
    const load: LitmusOp = { op: 'load', loc, reg: this.register(thread) };
    const reg = this.registers.at(-1) ?? '';
    const then = [this.store(this.location())];
    const all: LitmusOp[] = [load, this.flush(this.location()), this.fence()];
    return [
      ...all.filter((_, index) => index === 0 || !chance(this.choice, 1, 3)),
      { op: 'if', reg, ne: 0, then },
    ];
  }

  /** clwb x; r=cas y 0 1; z=2 */
  private flushThenRmw(thread: number): LitmusOp[] {
    const kind = pick(this.choice, ['faa', 'xchg', 'cas', 'cas'] as const);
    const loc = this.location();
    return [
      this.store(loc),
      this.flush(loc),
      this.readModifyWrite(kind, thread),
      this.store(this.location()),
    ].filter((_, index) => index === 2 || !chance(this.choice, 1, 4));
  }

  private op(thread: number, room: number): LitmusOp {
    const kind = KINDS[pickWeighted(this.choice, Object.values(WEIGHTS))] ?? 'store';
    switch (kind) {
      case 'store':
        return this.store(this.location());
      case 'load':
        return { op: 'load', loc: this.location(), reg: this.register(thread) };
      case 'flush':
        return this.flush(this.location());
      case 'fence':
        return this.fence();
      case 'faa':
      case 'xchg':
      case 'cas':
        return this.readModifyWrite(kind, thread);
      case 'wide':
        return this.wide();
      case 'if':
        return this.branch(thread, room);
    }
  }

  private branch(thread: number, room: number): LitmusOp {
    const reg = pick(this.choice, [...this.registers, this.registers[0] ?? this.register(thread)]);
    const count = between(this.choice, 1, Math.min(2, room));
    const then = Array.from({ length: count }, () => this.op(thread, 1));
    const value = this.choice.below(this.values + 1);
    return chance(this.choice, 1, 2)
      ? { op: 'if', reg, eq: value, then }
      : { op: 'if', reg, ne: value, then };
  }

  private readModifyWrite(kind: 'faa' | 'xchg' | 'cas', thread: number): LitmusOp {
    const loc = this.location();
    const val = this.value();
    if (kind !== 'cas') return { op: kind, loc, val, reg: this.register(thread) };
    // Half of them fail for want of the right value.
    const exp = chance(this.choice, 1, 2) ? 0 : this.choice.below(this.values + 1);
    return { op: 'cas', loc, exp, new: val, reg: this.register(thread) };
  }

  private store(loc: string): LitmusOp {
    const nonTemporal = this.options.nonTemporal && chance(this.choice, 1, 2);
    return { op: nonTemporal ? 'ntstore' : 'store', loc, val: this.value() };
  }

  private flush(loc: string): LitmusOp {
    return { op: pick(this.choice, FLUSHES), loc };
  }

  private fence(): LitmusOp {
    return { op: pick(this.choice, FENCES) };
  }

  private wide(): LitmusOp {
    const across = chance(this.choice, 1, 3); // a line's end does not stop a wide store
    const words = across ? this.locations : pick(this.choice, this.lines);
    return { op: 'store_wide', parts: words.map((loc) => ({ loc, val: this.value() })) };
  }

  private location(): string {
    return pick(this.choice, this.locations);
  }

  private fresh(): number {
    this.values++;
    return this.values;
  }

  private value(): Value {
    const [reg] = this.registers;
    if (reg !== undefined && chance(this.choice, 1, 5)) {
      return { reg: pick(this.choice, this.registers) };
    }
    return this.fresh();
  }

  /** A new register, or one that is overwritten; threads share none. */
  private register(thread: number): string {
    if (this.registers.length >= 3 || (this.registers.length > 0 && chance(this.choice, 1, 8))) {
      const reg = pick(this.choice, this.registers);
      this.registers = [...this.registers.filter((other) => other !== reg), reg];
      return reg;
    }
    const reg = `r${thread}${'abc'[this.registers.length] ?? ''}`;
    this.registers.push(reg);
    return reg;
  }
}
