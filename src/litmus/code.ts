/**
 * One thread of a litmus program as flat code: nested `if` become forward jumps, so that a place in the
 * program is one number. There are no loops, hence every place is passed at most once in a run.
 */
import type { LitmusOp } from './program.js';

/** Goes on at `to` unless the register is (or, with `equal` false, is not) `value`. */
export interface Jump {
  readonly op: 'jump-unless';
  readonly reg: string;
  readonly equal: boolean;
  readonly value: number;
  readonly to: number;
}

export type Instruction = Exclude<LitmusOp, { op: 'if' }> | Jump;

export function compile(ops: readonly LitmusOp[], from = 0): Instruction[] {
  const code: Instruction[] = [];
  for (const op of ops) {
    if (op.op !== 'if') {
      code.push(op);
      continue;
    }
    const start = from + code.length + 1;
    const body = compile(op.then, start);
    const [equal, value] = op.eq !== undefined ? [true, op.eq] : [false, op.ne ?? 0];
    code.push({ op: 'jump-unless', reg: op.reg, equal, value, to: start + body.length }, ...body);
  }
  return code;
}

/** Every register that the operations name, each once, in the order of the text. */
export function registersIn(ops: readonly LitmusOp[]): string[] {
  const names = new Set<string>();
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [field, inner] of Object.entries(value)) {
      if (field === 'reg' && typeof inner === 'string') names.add(inner);
      else visit(inner);
    }
  };
  ops.forEach(visit);
  return [...names];
}

/**
 * One name a register, from the names in each thread: registers belong to threads, so a name that several
 * threads use is said with its thread, `1:r`.
 */
export function registerNames(threads: readonly (readonly string[])[]): string[] {
  const all = threads.flat();
  return threads.flatMap((names, thread) =>
    names.map((name) => (all.indexOf(name) === all.lastIndexOf(name) ? name : `${thread}:${name}`)),
  );
}
