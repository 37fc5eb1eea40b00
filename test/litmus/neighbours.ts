/**
 * Programs one or two changes away from the tests of rules.ts. Some mistakes show in few shapes only (two
 * threads that flush each other's line early, say), which programs drawn from nothing hardly ever have.
 */
import type { LitmusOp, LitmusProgram } from '../../src/litmus/program.js';
import type { Choice } from '../../src/support/choice.js';
import { between, chance, pick } from '../../src/support/choice.js';
import { parse } from './notation.js';
import type { GeneratorOptions } from './random-programs.js';
import { RULES } from './rules.js';

const OPS_MAX = 5;
/** Of all threads; more take long. */
const OPS_TOTAL_MAX = 9;
const PROGRAMS = RULES.map((rule) => parse(rule.program));
const PLAIN_PROGRAMS = PROGRAMS.filter(
  ({ threads }) => !threads.flat().some(({ op }) => op === 'ntstore'),
);

export function neighbour(choice: Choice, { nonTemporal }: GeneratorOptions): LitmusProgram {
  const changed = new Neighbour(choice, pick(choice, nonTemporal ? PROGRAMS : PLAIN_PROGRAMS));
  for (let left = between(choice, 1, 2); left > 0; left--) changed.change();
  if (nonTemporal) changed.makeNonTemporal();
  return changed.program();
}

/** A program under change. */
class Neighbour {
  private lines: readonly (readonly string[])[];
  private readonly threads: LitmusOp[][];
  private readonly locations: readonly string[];
  private values = 2;

  constructor(
    private readonly choice: Choice,
    private readonly original: LitmusProgram,
  ) {
    this.lines = original.lines;
    this.locations = original.lines.flat();
    this.threads = original.threads.map((ops) => [...ops]);
  }

  program(): LitmusProgram {
    return { lines: this.lines, init: this.original.init, threads: this.threads };
  }

  change(): void {
    const thread = this.choice.below(this.threads.length);
    const ops = this.threads[thread] ?? [];
    const at = this.choice.below(ops.length + 1);
    const old = ops[at];
    switch (this.choice.below(6)) {
      case 0:
        this.regroup();
        return;
      case 1:
        ops.splice(at, 1);
        return;
      case 2:
      case 3:
        if (ops.length < OPS_MAX && this.opCount() < OPS_TOTAL_MAX)
          ops.splice(at, 0, this.fresh(thread));
        return;
      default:
        if (old !== undefined) ops[at] = this.another(old, thread);
    }
  }

  private opCount(): number {
    return this.threads.flat().length;
  }

  makeNonTemporal(): void {
    for (const ops of this.threads) {
      ops.forEach((op, at) => {
        if (op.op === 'store' && chance(this.choice, 1, 3)) ops[at] = { ...op, op: 'ntstore' };
      });
    }
  }

  /** Other lines for the same locations. */
  private regroup(): void {
    const lines: string[][] = [[], [], []];
    for (const name of this.locations) pick(this.choice, lines).push(name);
    this.lines = lines.filter((line) => line.length > 0);
  }

  /** The same operation on another location, or one of its kind. */
  private another(op: LitmusOp, thread: number): LitmusOp {
    switch (op.op) {
      case 'clflush':
      case 'clflushopt':
      case 'clwb':
        return chance(this.choice, 1, 2) ? { ...op, loc: this.location() } : this.flush(op.loc);
      case 'sfence':
      case 'mfence':
        return this.fence(thread);
      case 'store':
      case 'ntstore':
        if (chance(this.choice, 1, 2)) return { ...op, loc: this.location() };
        return { op: 'xchg', loc: op.loc, val: op.val, reg: `n${thread}` };
      case 'load':
        if (chance(this.choice, 1, 2)) return { ...op, loc: this.location() };
        return {
          op: 'cas',
          loc: op.loc,
          exp: this.choice.below(2),
          new: this.value(),
          reg: op.reg,
        };
      case 'faa':
      case 'xchg':
      case 'cas':
        return { ...op, loc: this.location() };
      case 'store_wide':
      case 'if':
        return op;
    }
  }

  private fresh(thread: number): LitmusOp {
    const loc = this.location();
    switch (this.choice.below(6)) {
      case 0:
      case 1:
        return this.flush(loc);
      case 2:
        return this.fence(thread);
      case 3:
        return { op: 'load', loc, reg: `n${thread}` };
      case 4:
        return { op: 'store_wide', parts: this.locations.map((name) => this.part(name)) };
      default:
        return { op: 'store', loc, val: this.value() };
    }
  }

  private part(loc: string): { loc: string; val: number } {
    return { loc, val: this.value() };
  }

  private flush(loc: string): LitmusOp {
    return { op: pick(this.choice, ['clflush', 'clflushopt', 'clwb'] as const), loc };
  }

  private fence(thread: number): LitmusOp {
    const loc = this.location();
    const reg = `n${thread}`;
    switch (this.choice.below(5)) {
      case 0:
      case 1:
        return { op: 'sfence' };
      case 2:
        return { op: 'mfence' };
      case 3:
        return { op: 'cas', loc, exp: this.choice.below(2), new: this.value(), reg };
      default:
        return { op: 'faa', loc, val: this.choice.below(2), reg };
    }
  }

  private location(): string {
    return pick(this.choice, this.locations);
  }

  private value(): number {
    return ++this.values;
  }
}
