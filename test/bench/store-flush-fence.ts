/**
 * The workload on which daxfuzz, fast-check and jsfuzz are compared: 64 lines of 8 words, programs of 50
 * operations, half of them stores, a quarter flushes of a line, a quarter fences. What was flushed and then
 * fenced must survive every power failure.
 *
 * This is the simulation that somebody would write who has a property-based testing library and an
 * afternoon: per line the stores in order, a random prefix of them at a crash, and beside it what the
 * fences promised, kept word by word. It decides one cut with one set of survivors a run.
 */
import type { Choice } from '../../src/support/choice.js';

export const LINES = 64;
export const WORDS_PER_LINE = 8;
export const OPS = 50;

/** An operation is one integer: two bits of kind, six of line, three of word. */
export const OP_BOUND = 4 * LINES * WORDS_PER_LINE;
export const kindOf = (op: number): 'store' | 'flush' | 'fence' =>
  (op & 3) < 2 ? 'store' : (op & 3) === 2 ? 'flush' : 'fence';
export const lineOf = (op: number): number => (op >> 2) & (LINES - 1);
export const wordOf = (op: number): number => op >> 8;

/** Draws a program into `ops`, and gives it; whoever measures keeps one for all programs. */
export function drawOps(choice: Choice, ops = new Int32Array(OPS)): Int32Array {
  for (let i = 0; i < ops.length; i++) ops[i] = choice.below(OP_BOUND);
  return ops;
}

interface Line {
  /** In order; what survives of them is a prefix. */
  readonly stores: { readonly word: number; readonly value: number }[];
  /** How many of them are on media for certain. */
  durable: number;
}

/** Memory under test. A test derives a faulty one from it, which the property has to find. */
export class Memory {
  protected readonly lines = new Map<number, Line>();
  private readonly flushed = new Map<number, number>();

  store(number: number, word: number, value: number): void {
    let line = this.lines.get(number);
    if (line === undefined) {
      line = { stores: [], durable: 0 };
      this.lines.set(number, line);
    }
    line.stores.push({ word, value });
  }

  flush(number: number): void {
    const line = this.lines.get(number);
    if (line !== undefined) this.flushed.set(number, line.stores.length);
  }

  fence(): void {
    for (const [number, count] of this.flushed) this.settle(number, count);
    this.flushed.clear();
  }

  protected settle(number: number, count: number): void {
    (this.lines.get(number) as Line).durable = count;
  }

  /** What one power failure leaves: the value of each word, by its number on the device. */
  crash(survivors: Choice): Map<number, number> {
    const media = new Map<number, number>();
    for (const [number, { stores, durable }] of this.lines) {
      const kept = durable + survivors.below(stores.length - durable + 1);
      for (let i = 0; i < kept; i++) {
        const { word, value } = stores[i] as Line['stores'][number];
        media.set(number * WORDS_PER_LINE + word, value);
      }
    }
    return media;
  }
}

/**
 * Is everything that was flushed and fenced in the first `cut` operations on media after a crash there?
 * The value of a store is its place in the program, so a later one may stand for an earlier one.
 */
export function survives(
  memory: Memory,
  ops: ArrayLike<number>,
  cut: number,
  survivors: Choice,
): boolean {
  const newest = new Map<number, number>();
  const flushed = new Map<number, number>();
  const promised = new Map<number, number>();
  for (let i = 0; i < cut; i++) {
    const op = ops[i] as number;
    const line = lineOf(op);
    const first = line * WORDS_PER_LINE;
    switch (kindOf(op)) {
      case 'store':
        memory.store(line, wordOf(op), i + 1);
        newest.set(first + wordOf(op), i + 1);
        break;
      case 'flush':
        memory.flush(line);
        for (let word = first; word < first + WORDS_PER_LINE; word++) {
          const value = newest.get(word);
          if (value !== undefined) flushed.set(word, value);
        }
        break;
      case 'fence':
        memory.fence();
        for (const [word, value] of flushed) promised.set(word, value);
        flushed.clear();
        break;
    }
  }
  const media = memory.crash(survivors);
  for (const [word, value] of promised) if ((media.get(word) ?? 0) < value) return false;
  return true;
}
