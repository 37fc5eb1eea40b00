/**
 * The sets that a program in one row leaves, as short text. The threads are in the notation of notation.ts,
 * separated by `||`; a set of states is the values in the order of their names: `00 10 11` of x and y.
 */
import { runMachine } from '../../src/litmus/machine.js';
import type { LitmusProgram, MachineOptions } from '../../src/litmus/program.js';
import { byText } from '../../src/support/order.js';
import { parse } from './notation.js';

/** Lines as `x y | z`; every location starts at 0. */
export function litmusProgram(lines: string, text: string): LitmusProgram {
  const threads = text.split('||').map((ops, thread) => `t${thread}: ${ops}`);
  return parse([`lines ${lines}`, ...threads].join('\n'));
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
  const outcomes = runMachine(litmusProgram(lines, text), {
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
