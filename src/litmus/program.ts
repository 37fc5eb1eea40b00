/**
 * Persistency litmus tests as data: small programs over named locations, and the exact sets of states that a
 * machine can leave. The JSON form is parsed elsewhere; machines see only this.
 */

/** An operand: a number, or the value of a register. */
export type Value = number | { readonly reg: string };

export type LitmusOp =
  | { readonly op: 'store' | 'ntstore'; readonly loc: string; readonly val: Value }
  | { readonly op: 'load'; readonly loc: string; readonly reg: string }
  | { readonly op: 'clflush' | 'clflushopt' | 'clwb'; readonly loc: string }
  | { readonly op: 'sfence' | 'mfence' }
  | { readonly op: 'faa' | 'xchg'; readonly loc: string; readonly val: Value; readonly reg: string }
  | {
      readonly op: 'cas';
      readonly loc: string;
      readonly exp: Value;
      readonly new: Value;
      /** Gets the old value, whether it was equal or not. */
      readonly reg: string;
    }
  | {
      readonly op: 'if';
      readonly reg: string;
      /** Exactly one of the two is there. */
      readonly eq?: number;
      readonly ne?: number;
      readonly then: readonly LitmusOp[];
    }
  /** One wide store; each part is an aligned word of its own. */
  | { readonly op: 'store_wide'; readonly parts: readonly { loc: string; val: Value }[] };

export interface LitmusProgram {
  /** The locations of each cache line. */
  readonly lines: readonly (readonly string[])[];
  /** Initial value of every location, durable before the program starts. */
  readonly init: Readonly<Record<string, number>>;
  readonly threads: readonly (readonly LitmusOp[])[];
}

export interface MachineOptions {
  /** What persists in order: stores to a line, or only those to one location. */
  readonly persistency: 'line' | 'location';
  /** eadr: caches survive a power failure, store buffers do not. */
  readonly domain: 'adr' | 'eadr';
  /** Sources disagree on whether a compare-and-swap that fails is a fence. */
  readonly failedCasFences: boolean;
}

/** Exact sets, each element in the form of `stateKey`. */
export interface Outcomes {
  /** Memories after a crash at any point, also after the end. */
  readonly postCrash: ReadonlySet<string>;
  /** Final registers of runs without a crash. */
  readonly registers: ReadonlySet<string>;
}

/** `x=0 y=1`, names in order: equal states, equal text. */
export function stateKey(state: Readonly<Record<string, number>>): string {
  const names = Object.keys(state).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return names.map((name) => `${name}=${state[name]}`).join(' ');
}
