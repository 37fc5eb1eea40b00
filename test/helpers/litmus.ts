/**
 * Litmus programs and sets as short text. Threads are separated by `||`, operations by `;`:
 *
 *     x = 1; nt y = a; a = x; a = faa x 1; a = xchg x 1; a = cas x 0 1; wide x 1 y 2
 *     clflush x; clwb x; sfence; mfence; if a == 1 { x = 2 }
 *
 * A set of states is the values in the order of their names: `00 10 11` of x and y.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { MachineOutcomes } from '../../src/litmus/machine.js';
import { runMachine } from '../../src/litmus/machine.js';
import type { LitmusOp, LitmusProgram, MachineOptions, Value } from '../../src/litmus/program.js';
import { byText } from '../../src/support/order.js';

class Reader {
  private readonly words: string[];

  constructor(
    text: string,
    private readonly locations: ReadonlySet<string>,
  ) {
    this.words = text
      .replace(/[;{}]/g, ' $& ')
      .split(/\s+/)
      .filter((word) => word !== '');
  }

  ops(): LitmusOp[] {
    const found: LitmusOp[] = [];
    for (;;) {
      const word = this.next();
      if (word === '' || word === '}') return found;
      if (word !== ';') found.push(this.op(word));
    }
  }

  private next(): string {
    return this.words.shift() ?? '';
  }

  private value(): Value {
    const word = this.next();
    return /^-?\d+$/.test(word) ? Number(word) : { reg: word };
  }

  private op(word: string): LitmusOp {
    switch (word) {
      case 'sfence':
      case 'mfence':
        return { op: word };
      case 'clflush':
      case 'clflushopt':
      case 'clwb':
        return { op: word, loc: this.next() };
      case 'nt':
        return { op: 'ntstore', loc: this.next(), val: this.assigned() };
      case 'wide': {
        const parts: { loc: string; val: Value }[] = [];
        while (this.locations.has(this.words[0] ?? '')) {
          parts.push({ loc: this.next(), val: this.value() });
        }
        return { op: 'store_wide', parts };
      }
      case 'if': {
        const [reg, how, value] = [this.next(), this.next(), Number(this.next())];
        this.next(); // {
        return { op: 'if', reg, [how === '==' ? 'eq' : 'ne']: value, then: this.ops() };
      }
      default:
        return this.locations.has(word)
          ? { op: 'store', loc: word, val: this.assigned() }
          : this.into(word);
    }
  }

  private assigned(): Value {
    this.next(); // =
    return this.value();
  }

  /** What puts something into a register. */
  private into(reg: string): LitmusOp {
    this.next(); // =
    const word = this.next();
    if (word === 'faa' || word === 'xchg') {
      return { op: word, loc: this.next(), val: this.value(), reg };
    }
    if (word !== 'cas') return { op: 'load', loc: word, reg };
    return { op: 'cas', loc: this.next(), exp: this.value(), new: this.value(), reg };
  }
}

/** Lines as `x y | z`; every location starts at 0. */
export function litmusProgram(lines: string, text: string): LitmusProgram {
  const locations = lines.split('|').map((line) => line.trim().split(/\s+/));
  const names = new Set(locations.flat());
  return {
    lines: locations,
    init: Object.fromEntries([...names].map((name) => [name, 0])),
    threads: text.split('||').map((thread) => new Reader(thread, names).ops()),
  };
}

export interface Sets {
  readonly crash: string;
  readonly registers: string;
}

/** The sets that the program leaves, by location and ADR unless said otherwise. */
export function litmusSets(
  lines: string,
  text: string,
  options: Partial<MachineOptions> = {},
): Sets {
  const outcomes: MachineOutcomes = runMachine(litmusProgram(lines, text), {
    persistency: 'location',
    domain: 'adr',
    failedCasFences: false,
    ...options,
  });
  return { crash: digits(outcomes.postCrash), registers: digits(outcomes.registers) };
}

function digits(states: ReadonlySet<string>): string {
  return [...states]
    .map((state) => state.replace(/[^\s=]+=/g, '').replaceAll(' ', ''))
    .sort(byText)
    .join(' ');
}

/**
 * A file of two tests of one store: one has a set of eADR only, the other expects a 2 where a 1 is left, and
 * has a set that nobody knows. Gives its name in the directory.
 */
export function writeLitmusExample(directory: string): string {
  const threads = [[{ op: 'store', loc: 'x', val: 1 }]];
  const program = { lines: [['x']], init: { x: 0 }, threads };
  const wrong = { allowed: [{ x: 0 }, { x: 2 }] };
  const tests = [
    { ...program, name: 'eadr', post_crash_eadr: { allowed: [{ x: 0 }, { x: 1 }] } },
    { ...program, name: 'wrong', post_crash: wrong, post_crash_on_mars: wrong },
  ];
  fs.writeFileSync(path.join(directory, 'litmus.json'), JSON.stringify(tests));
  return 'litmus.json';
}
