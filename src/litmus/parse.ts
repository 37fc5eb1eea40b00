/**
 * Files of litmus tests: found, read and checked before anything runs. The schema says what a test looks
 * like; what it cannot say (that locations are there, once, and have a value) is checked here.
 */
import { UsageError } from '../support/assert.js';
import { jsonFiles, readWhole } from '../support/files.js';
import { JsonForm, parseJson } from '../support/json.js';
import { registerNames, registersIn } from './code.js';
import schema from './litmus.schema.json';
import type { LitmusOp, LitmusProgram } from './program.js';

type State = Readonly<Record<string, number>>;

/** The sets that a test may have, as they are called in the file. */
export const SET_NAMES = [
  'post_crash',
  'post_crash_line_ordered',
  'post_crash_eadr',
  'post_crash_if_failed_cas_fences',
  'reads',
  'final_memory_crash_free',
] as const;
export type SetName = (typeof SET_NAMES)[number];

export interface ExpectedSet {
  readonly name: SetName;
  /** Is `allowed` all of it? Else it and `forbidden` are examples. */
  readonly complete: boolean;
  readonly allowed: readonly State[];
  readonly forbidden: readonly State[];
}

export interface LitmusTest {
  readonly file: string;
  readonly name: string;
  readonly program: LitmusProgram;
  readonly contested: boolean;
  readonly sets: readonly ExpectedSet[];
  /** Fields that look like sets but are none of those known: they are not compared. */
  readonly ignored: readonly string[];
}

interface JsonSet {
  readonly complete?: boolean;
  readonly same_as_post_crash?: boolean;
  readonly allowed: readonly JsonState[];
  readonly forbidden?: readonly JsonState[];
}

type JsonState = State | { readonly state: State } | { readonly regs: State };

interface JsonTest extends LitmusProgram, Partial<Readonly<Record<SetName, JsonSet>>> {
  readonly name: string;
  readonly contested?: string | boolean;
  readonly line_ordered_same_as_post_crash?: boolean;
}

const BYTES_MAX = 64 * 1024 * 1024;
/** Of lists and objects in each other; an `if` takes two. Recursion below is bounded by it. */
const DEPTH_MAX = 100;
const MENDED_BY = 'the form is in litmus.schema.json';
const TEST = new JsonForm<JsonTest>(schema, '#/definitions/test', {
  discriminator: true,
  // These two do not see that the other half of a rule is beside its oneOf.
  strictTypes: false,
  strictRequired: false,
});

/**
 * The tests of a file, or of the .json files below a directory, in the order of their names.
 * @throws UsageError for a wrong name or any test that is malformed.
 */
export function readTests(name: string): LitmusTest[] {
  const files = jsonFiles(name);
  if (files.length === 0) throw new UsageError(`${name}: no litmus test (a .json file) in there`);
  return files.flatMap((file) => parseTests(readWhole(file, BYTES_MAX), file));
}

/** @throws UsageError that starts with `source` and says which test is wrong, where and how. */
export function parseTests(text: string, source: string): LitmusTest[] {
  const value = parseJson(text, source);
  checkDepth(value, source);
  checkNumbers(text, source);
  const tests: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (tests.length === 0) throw new UsageError(`${source}: an empty list of tests`);
  return tests.map((test, index) => {
    const where = `${source}: test ${index + 1}${titleOf(test)}`;
    if (!TEST.fits(test)) {
      throw new UsageError(`${where}: ${TEST.firstProblem('it')}; ${MENDED_BY}`);
    }
    return checked(test, source, where);
  });
}

function titleOf(test: unknown): string {
  const name = (test as { name?: unknown } | null)?.name;
  return typeof name === 'string' ? ` ("${name.slice(0, 100)}")` : '';
}

function checkDepth(value: unknown, source: string): void {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_MAX) {
      throw new UsageError(`${source}: lists and objects more than ${DEPTH_MAX} deep`);
    }
    level = level.flatMap((inner): unknown[] =>
      typeof inner === 'object' && inner !== null ? Object.values(inner) : [],
    );
  }
}

/** Numbers beyond 2^53 are rounded; states that only differ there would become one. */
function checkNumbers(text: string, source: string): void {
  const spellings = new Map<number, string>();
  for (const [token] of text.matchAll(/"(?:[^"\\]+|\\.)*"|-?\d[\d.eE+-]*/g)) {
    if (token.startsWith('"') || Number.isSafeInteger(Number(token))) continue;
    const other = spellings.get(Number(token)) ?? token;
    if (other !== token) {
      throw new UsageError(
        `${source}: the numbers ${other} and ${token} are too large to be told apart; use smaller ones`,
      );
    }
    spellings.set(Number(token), token);
  }
}

function checked(test: JsonTest, file: string, where: string): LitmusTest {
  const fail = (what: string): never => {
    throw new UsageError(`${where}: ${what}`);
  };
  const { name, lines, init, threads } = test;
  const locations = new Set<string>();
  for (const location of lines.flat()) {
    if (locations.has(location)) fail(`location "${location}" is on a line twice`);
    if (!Object.hasOwn(init, location)) fail(`location "${location}" has no value in init`);
    locations.add(location);
  }
  for (const location of Object.keys(init)) {
    if (!locations.has(location)) fail(`location "${location}" of init is on no line`);
  }
  threads.forEach((ops, thread) => checkOps(ops, locations, `threads/${thread}`, fail));
  const sets = setsOf(test);
  if (sets.length === 0) fail(`no set of states to compare with: one of ${SET_NAMES.join(', ')}`);
  const registers = new Set(registerNames(threads.map(registersIn)));
  for (const set of sets) checkStates(set, set.name === 'reads' ? registers : locations, fail);
  return {
    file,
    name,
    program: { lines, init, threads },
    contested: test.contested !== undefined && test.contested !== false,
    sets,
    ignored: unknownSets(test),
  };
}

type Fail = (what: string) => never;

function checkOps(
  ops: readonly LitmusOp[],
  locations: ReadonlySet<string>,
  where: string,
  fail: Fail,
): void {
  ops.forEach((op, index) => {
    const here = `${where}/${index}`;
    const named = op.op === 'store_wide' ? op.parts.map(({ loc }) => loc) : [];
    if ('loc' in op) named.push(op.loc);
    for (const location of named) {
      if (!locations.has(location)) fail(`${here}: location "${location}" is on no line`);
    }
    if (new Set(named).size !== named.length) fail(`${here}: two parts are one location`);
    if (op.op !== 'if') return;
    if ((op.eq === undefined) === (op.ne === undefined)) fail(`${here}: needs one of eq and ne`);
    checkOps(op.then, locations, `${here}/then`, fail);
  });
}

function checkStates(set: ExpectedSet, names: ReadonlySet<string>, fail: Fail): void {
  for (const state of [...set.allowed, ...set.forbidden]) {
    const unknown = Object.keys(state).find((name) => !names.has(name));
    if (unknown !== undefined) {
      fail(`${set.name}: "${unknown}" is none of ${[...names].join(', ')}`);
    }
  }
}

function setsOf(test: JsonTest): ExpectedSet[] {
  return SET_NAMES.flatMap((name) => {
    const sameByLine =
      test.line_ordered_same_as_post_crash === true &&
      test.post_crash_line_ordered === undefined &&
      name === 'post_crash_line_ordered';
    const set = sameByLine ? test.post_crash : test[name];
    if (set === undefined) return [];
    const allowed = set.allowed.map(stateOf);
    const forbidden = (set.forbidden ?? []).map(stateOf);
    return [{ name, complete: set.complete ?? true, allowed, forbidden }];
  });
}

/** A location may be called "state" or "regs": then it has a number. */
function stateOf(entry: JsonState): State {
  const { state, regs } = entry as Readonly<Record<string, State | number>>;
  if (typeof state === 'object') return state;
  return typeof regs === 'object' ? regs : (entry as State);
}

function unknownSets(test: JsonTest): string[] {
  return Object.entries(test)
    .filter(([name, value]) => {
      const known = (SET_NAMES as readonly string[]).includes(name);
      return !known && typeof value === 'object' && value !== null && 'allowed' in value;
    })
    .map(([name]) => name);
}
