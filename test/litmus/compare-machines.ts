/**
 * The store-buffer machine of src/litmus against the view machine of this folder on random programs: whole
 * sets, in every mode. They share no code but the types, and look at the rules from two sides.
 */
import { runMachine } from '../../src/litmus/machine.js';
import type { LitmusProgram, MachineOptions, Outcomes } from '../../src/litmus/program.js';
import { byText } from '../../src/support/order.js';
import { Prng } from '../../src/support/prng.js';
import { print } from './notation.js';
import type { GeneratorOptions } from './random-programs.js';
import { randomProgram } from './random-programs.js';
import type { NonTemporalReading } from './view-context.js';
import { PROJECT_READING } from './view-context.js';
import type { AllOutcomes } from './view-machine.js';
import { exploreAll } from './view-machine.js';

export type OtherMachine = (
  program: LitmusProgram,
  options: MachineOptions,
) => Outcomes & { readonly finalMemory: ReadonlySet<string> };

export interface Setup extends GeneratorOptions {
  readonly seed: bigint;
  readonly programs: number;
  /** Comparison stops after so many differences. */
  readonly differencesMax: number;
  readonly reading?: NonTemporalReading;
  readonly other?: OtherMachine;
  readonly progress?: (done: number) => void;
}

export interface Compared {
  readonly programs: number;
  /** Programs on which two modes have different sets: only these say that the mode has an effect. */
  readonly byPersistency: number;
  readonly byDomain: number;
  readonly byFailedCas: number;
  /** Post-crash memories and final registers compared, over all modes. */
  readonly states: number;
  /** Each as text: the program and both sets. */
  readonly differences: readonly string[];
}

export function compareOnRandomPrograms(setup: Setup): Compared {
  const choice = Prng.fromSeed(setup.seed);
  const total = { programs: 0, byPersistency: 0, byDomain: 0, byFailedCas: 0, states: 0 };
  const differences: string[] = [];
  while (total.programs < setup.programs && differences.length < setup.differencesMax) {
    const program = randomProgram(choice, setup);
    const views = viewsOf(program, setup.reading ?? PROJECT_READING);
    const difference = differenceOn(program, views, setup.other ?? runMachine);
    if (difference !== null) differences.push(difference);
    const { plain, fencing } = views;
    total.programs++;
    total.byPersistency += Number(!same(plain.location, plain.line));
    total.byDomain += Number(!same(plain.line, plain.eadr));
    total.byFailedCas += Number(!same(plain.location, fencing.location));
    total.states += plain.location.size + plain.registers.size;
    setup.progress?.(total.programs);
  }
  return { ...total, differences };
}

/** The view machine's sets under both readings of a failed compare-and-swap. */
export interface Views {
  readonly plain: AllOutcomes;
  readonly fencing: AllOutcomes;
}

export function viewsOf(program: LitmusProgram, reading: NonTemporalReading): Views {
  const plain = exploreAll(program, { failedCasFences: false, reading });
  const swaps = JSON.stringify(program.threads).includes('"op":"cas"');
  const fencing = swaps ? exploreAll(program, { failedCasFences: true, reading }) : plain;
  return { plain, fencing };
}

/** The program and both machines' sets in each mode where they differ; null if they never do. */
export function differenceOn(
  program: LitmusProgram,
  { plain, fencing }: Views,
  other: OtherMachine,
): string | null {
  const found: string[] = [];
  for (const options of modes(plain !== fencing)) {
    const { persistency, domain, failedCasFences } = options;
    const views = failedCasFences ? fencing : plain;
    const buffers = other(program, options);
    const pairs = [
      ['after a crash', domain === 'eadr' ? views.eadr : views[persistency], buffers.postCrash],
      ['registers', views.registers, buffers.registers],
      ['final memory', views.finalMemory, buffers.finalMemory],
    ] as const;
    const failed = failedCasFences ? 'a failed CAS fences' : 'a failed CAS is a load';
    for (const [what, left, right] of pairs) {
      if (same(left, right)) continue;
      const both = new Set([...left].filter((state) => right.has(state)));
      found.push(
        `${what} (${persistency}, ${domain}, ${failed})`,
        `  both machines   ${textOf(both)}`,
        `  only views      ${textOf(left, right)}`,
        `  only buffers    ${textOf(right, left)}`,
      );
    }
  }
  return found.length === 0 ? null : [print(program), ...found, ''].join('\n');
}

function modes(withSwaps: boolean): MachineOptions[] {
  return (withSwaps ? [false, true] : [false]).flatMap((failedCasFences) =>
    (['adr', 'eadr'] as const).flatMap((domain) =>
      (['location', 'line'] as const).map((persistency) => ({
        persistency,
        domain,
        failedCasFences,
      })),
    ),
  );
}

const same = (left: ReadonlySet<string>, right: ReadonlySet<string>): boolean =>
  left.size === right.size && [...left].every((state) => right.has(state));

const textOf = (states: ReadonlySet<string>, without: ReadonlySet<string> = new Set()): string =>
  [...states]
    .filter((state) => !without.has(state))
    .sort(byText)
    .map((state) => `[${state}]`)
    .join(' ');
