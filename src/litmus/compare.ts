/**
 * What a litmus test expects against what the machine gives: which set is of which mode, and what is
 * missing from a set or should not be in it.
 */
import { assert, UsageError } from '../support/assert.js';
import { byText } from '../support/order.js';
import type { MachineOutcomes } from './machine.js';
import { runMachine } from './machine.js';
import type { ExpectedSet, LitmusTest, SetName } from './parse.js';
import type { LitmusProgram, MachineOptions } from './program.js';
import { stateKey } from './program.js';

export type Machine = (program: LitmusProgram, options: MachineOptions) => MachineOutcomes;

/** Of which sets to compare; what is not given is not asked about. */
export interface Mode {
  readonly persistency?: 'line' | 'location';
  readonly domain?: 'adr' | 'eadr';
}

/** One state in one set. */
export interface Difference {
  readonly set: SetName;
  readonly state: string;
}

export interface TestResult {
  readonly file: string;
  readonly name: string;
  readonly verdict: 'equal' | 'different' | 'contested';
  /** The sets that were compared. */
  readonly sets: readonly SetName[];
  /** Expected, and the machine never leaves it. */
  readonly missing: readonly Difference[];
  /** The machine can leave it, and it is not expected. */
  readonly unexpected: readonly Difference[];
  /** Why not all was compared, so that nobody can call the test equal; empty if all was. */
  readonly problem: string;
}

interface Meaning {
  readonly options: MachineOptions;
  readonly of: 'postCrash' | 'registers' | 'finalMemory';
}

const LOCATION = { persistency: 'location', domain: 'adr', failedCasFences: false } as const;
const LINE = { ...LOCATION, persistency: 'line' } as const;
const EADR = { ...LINE, domain: 'eadr' } as const;
/** Without a crash all modes are the same; this one has the fewest states. */
const CRASH_FREE = EADR;

const MEANING: Readonly<Record<SetName, Meaning>> = {
  post_crash: { options: LOCATION, of: 'postCrash' },
  post_crash_line_ordered: { options: LINE, of: 'postCrash' },
  post_crash_eadr: { options: EADR, of: 'postCrash' },
  post_crash_if_failed_cas_fences: {
    options: { ...LOCATION, failedCasFences: true },
    of: 'postCrash',
  },
  reads: { options: CRASH_FREE, of: 'registers' },
  final_memory_crash_free: { options: CRASH_FREE, of: 'finalMemory' },
};

/** Sets of runs without a crash are of every mode; with eADR nothing depends on the order of persists. */
function isOf({ options, of }: Meaning, { persistency, domain }: Mode): boolean {
  if (of !== 'postCrash') return true;
  if (domain !== undefined && domain !== options.domain) return false;
  if (options.domain === 'eadr') return domain === 'eadr' || persistency === undefined;
  return persistency === undefined || persistency === options.persistency;
}

/** null if the test has no set of that mode. */
export function compareTest(
  test: LitmusTest,
  mode: Mode = {},
  machine: Machine = runMachine,
): TestResult | null {
  const sets = test.sets.filter(({ name }) => isOf(MEANING[name], mode));
  if (sets.length === 0) return null;
  const runs = new Map<string, MachineOutcomes>();
  const outcomesOf = ({ options, of }: Meaning): ReadonlySet<string> => {
    const key = JSON.stringify(options);
    const outcomes = runs.get(key) ?? machine(test.program, options);
    runs.set(key, outcomes);
    return outcomes[of];
  };
  const missing: Difference[] = [];
  const unexpected: Difference[] = [];
  let problem = '';
  try {
    for (const set of sets) {
      const differences = compareSet(set, outcomesOf(MEANING[set.name]));
      missing.push(...differences.missing);
      unexpected.push(...differences.unexpected);
    }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    problem = error.message;
  }
  const { file, name, contested } = test;
  const equal = missing.length === 0 && unexpected.length === 0 && problem === '';
  const verdict = contested ? 'contested' : equal ? 'equal' : 'different';
  return { file, name, verdict, sets: sets.map((set) => set.name), missing, unexpected, problem };
}

type Values = ReadonlyMap<string, string>;

function compareSet(
  set: ExpectedSet,
  outcomes: ReadonlySet<string>,
): { readonly missing: Difference[]; readonly unexpected: Difference[] } {
  const found = new Map([...outcomes].sort(byText).map((key) => [key, valuesOf(key)]));
  const differences = (states: readonly string[]): Difference[] =>
    [...new Set(states)].map((state) => ({ set: set.name, state }));
  const allowed = set.allowed.map(stateKey);
  const forbidden = set.forbidden.map(stateKey);
  const isReached = reachedIn(found);
  const missing = allowed.filter((pattern) => !isReached(pattern));
  const isAllowed = matcher(allowed);
  const isForbidden = matcher(forbidden);
  const unexpected = [...found].filter(
    ([key, values]) => isForbidden(key, values) || (set.complete && !isAllowed(key, values)),
  );
  return {
    missing: differences(missing),
    unexpected: differences(unexpected.map(([key]) => key)),
  };
}

function valuesOf(key: string): Values {
  const words = key === '' ? [] : key.split(' ');
  return new Map(
    words.map((word): [string, string] => {
      const at = word.indexOf('=');
      assert(at > 0, () => `not a state: ${key}`);
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}

const fits = (pattern: Values, state: Values): boolean =>
  [...pattern].every(([name, value]) => state.get(name) === value);

/** A state that names everything is its own only pattern, so most questions need no search. */
function reachedIn(found: ReadonlyMap<string, Values>): (pattern: string) => boolean {
  return (pattern) => {
    if (found.has(pattern)) return true;
    const values = valuesOf(pattern);
    return [...found.values()].some((state) => fits(values, state));
  };
}

function matcher(patterns: readonly string[]): (key: string, state: Values) => boolean {
  const exact = new Set(patterns);
  const parsed = patterns.map(valuesOf);
  return (key, state) => exact.has(key) || parsed.some((pattern) => fits(pattern, state));
}
