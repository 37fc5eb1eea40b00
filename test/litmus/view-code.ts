/** Litmus operations as instructions with numbers for names, and `if` as a jump. */
import type { LitmusOp, Value } from '../../src/litmus/program.js';

/** A constant, or a register of the thread. */
export type Operand = { readonly constant: number } | { readonly register: number };

export type Instruction =
  | { readonly kind: 'store' | 'ntstore'; readonly location: number; readonly value: Operand }
  | { readonly kind: 'wide'; readonly parts: readonly { location: number; value: Operand }[] }
  | { readonly kind: 'load'; readonly location: number; readonly into: number }
  | { readonly kind: 'clflush' | 'clflushopt'; readonly location: number }
  | { readonly kind: 'sfence' | 'mfence' }
  | {
      readonly kind: 'faa' | 'xchg' | 'cas';
      readonly location: number;
      readonly value: Operand;
      /** Of a compare-and-swap: what it expects. */
      readonly expected: Operand | null;
      readonly into: number;
    }
  | {
      readonly kind: 'branch';
      readonly register: number;
      readonly value: number;
      /** Goes on with the next instruction if the register equals the value, or if it differs. */
      readonly when: 'equal' | 'different';
      readonly otherwise: number;
    };

export interface ThreadCode {
  readonly code: readonly Instruction[];
  readonly registers: readonly string[];
}

/** One thread as instructions. */
export function codeOf(
  ops: readonly LitmusOp[],
  numberOf: ReadonlyMap<string, number>,
): ThreadCode {
  const code: Instruction[] = [];
  const registers: string[] = [];
  const registerOf = (name: string): number => {
    if (!registers.includes(name)) registers.push(name);
    return registers.indexOf(name);
  };
  const locationOf = (name: string): number => {
    const number = numberOf.get(name);
    if (number === undefined) throw new Error(`location ${name} is on no line`);
    return number;
  };
  const operand = (value: Value): Operand =>
    typeof value === 'number' ? { constant: value } : { register: registerOf(value.reg) };

  const emit = (op: LitmusOp): void => {
    switch (op.op) {
      case 'store':
      case 'ntstore':
        code.push({ kind: op.op, location: locationOf(op.loc), value: operand(op.val) });
        return;
      case 'store_wide': {
        const parts = op.parts.map(({ loc, val }) => ({
          location: locationOf(loc),
          value: operand(val),
        }));
        code.push({ kind: 'wide', parts });
        return;
      }
      case 'load':
        code.push({ kind: 'load', location: locationOf(op.loc), into: registerOf(op.reg) });
        return;
      case 'clflush':
        code.push({ kind: 'clflush', location: locationOf(op.loc) });
        return;
      case 'clflushopt':
      case 'clwb': // px86.md sections 2 and 3: one column, one row
        code.push({ kind: 'clflushopt', location: locationOf(op.loc) });
        return;
      case 'sfence':
      case 'mfence':
        code.push({ kind: op.op });
        return;
      case 'faa':
      case 'xchg':
      case 'cas':
        code.push({
          kind: op.op,
          location: locationOf(op.loc),
          value: operand(op.op === 'cas' ? op.new : op.val),
          expected: op.op === 'cas' ? operand(op.exp) : null,
          into: registerOf(op.reg),
        });
        return;
      case 'if': {
        const at = code.length;
        const when = op.eq === undefined ? 'different' : 'equal';
        const branch = { register: registerOf(op.reg), value: op.eq ?? op.ne ?? 0, when } as const;
        code.push({ kind: 'branch', ...branch, otherwise: -1 });
        op.then.forEach(emit);
        code[at] = { kind: 'branch', ...branch, otherwise: code.length };
        return;
      }
    }
  };
  ops.forEach(emit);
  return { code, registers };
}
