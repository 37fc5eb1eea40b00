/**
 * What `--json` prints: one object on stdout that fits its schema, and the exit code of the contract. The
 * schemas are the documentation of these outputs, so they are held to be complete and closed as well.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import type { JsonVerb } from '../../src/cli/schemas.js';
import { OUTPUT_SCHEMAS } from '../../src/cli/schemas.js';
import { readReproducer } from '../../src/finding/store.js';
import { bugByName } from '../../src/kernel/bugs.js';
import { resolveKernel } from '../../src/kernel/model-target.js';
import { PROMISES } from '../../src/oracle/promise.js';
import type { CliResult } from '../helpers/cli.js';
import { daxfuzz, MAIN } from '../helpers/cli.js';
import { writeLitmusExample } from '../helpers/litmus.js';
import { filesBelow, inTemporaryDirectory, ROOT } from '../helpers/temporary.js';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = Readonly<Record<string, Json>>;

const VERBS = Object.keys(OUTPUT_SCHEMAS) as JsonVerb[];
const SCHEMA_SUFFIX = '.schema.json';

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const validators = new Map<JsonVerb, ValidateFunction>();

/** null if the value fits the verb's schema, else why not. */
function misfit(verb: JsonVerb, value: unknown): string | null {
  const fits = validators.get(verb) ?? new Ajv({ strict: true }).compile(OUTPUT_SCHEMAS[verb]);
  validators.set(verb, fits);
  return fits(value) === true ? null : JSON.stringify(fits.errors);
}

let directory = '';
let reproducer = '';
/** One output a verb, with the last element of every list in it filled. */
let samples: Readonly<Record<JsonVerb, JsonObject>>;

/** Runs a verb with `--json` and gives its object; anything else on stdout fails to parse. */
function outputOf(verb: JsonVerb, exitCode: number, ...args: readonly string[]): JsonObject {
  const result = daxfuzz(directory, verb, ...args, '--json');
  assert.equal(result.status, exitCode, result.stderr);
  return checked(verb, result.stdout);
}

function checked(verb: JsonVerb, stdout: string): JsonObject {
  const value = JSON.parse(stdout) as Json;
  assert.ok(isObject(value), 'not an object');
  assert.equal(misfit(verb, value), null);
  assert.equal(value['format'], 1);
  return value;
}

/** Field `name` of each object of a list. */
function column(list: Json | undefined, name: string): Json[] {
  assert.ok(Array.isArray(list));
  return (list as JsonObject[]).map((row) => row[name] as Json);
}

/** A kernel of the model that is wrong stands for the real one. */
const CONFORMANCE = ['--kernel', 'mainline', '--bug', 'B01', '--programs', '5', '--seed', '1'];

const BEFORE = ['--before', 'mainline', '--bug-before', 'A1'];

before(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'daxfuzz-test-'));
  const found = ['--bug', 'A1', '--seed', '1', '--workers', '1', '--execs', '300000'];
  const run = outputOf('run', 1, ...found, '--stop-on-first', '--crashes', 'found');
  reproducer = column(run['findings'], 'file')[0] as string;
  const refused = [...BEFORE, '--after', 'dax-v8', '--execs', '40', '--crashes', 'counter'];
  const litmusFile = writeLitmusExample(directory);
  samples = {
    run,
    replay: outputOf('replay', 1, reproducer),
    compare: outputOf('compare', 1, reproducer, '--kernel', 'dax-v8', '--kernel', 'linux-4.0'),
    validate: outputOf('validate', 1, reproducer, ...refused),
    conformance: outputOf('conformance', 1, ...CONFORMANCE),
    litmus: outputOf('litmus', 1, litmusFile, '--persistency', 'location'),
    kernels: outputOf('kernels', 0),
    bugs: outputOf('bugs', 0),
    doctor: outputOf('doctor', 0),
  };
});

after(() => fs.rmSync(directory, { recursive: true, force: true }));

describe('run --json', () => {
  test('with a finding exits with 1 and names the reproducer that it stored', () => {
    const { kernel, bugs, seed, workers, findings } = samples.run;
    assert.deepEqual([kernel, bugs, seed, workers], ['mainline', ['A1'], '1', 1]);
    assert.deepEqual(filesBelow(path.join(directory, 'found')), [
      path.relative('found', path.join(path.dirname(reproducer), 'finding.json')),
      path.relative('found', path.join(path.dirname(reproducer), 'report.txt')),
    ]);
    const [finding] = findings as JsonObject[];
    const stored = readReproducer(path.join(directory, reproducer));
    for (const name of ['id', 'signature', 'promise', 'title', 'ops', 'threads'] as const) {
      assert.equal(finding?.[name], stored[name], name);
    }
    assert.deepEqual(finding?.['catalogue'], stored.catalogue);
    assert.equal(finding?.['contextSwitches'], stored.contextSwitches);
  });

  test('without a finding exits with 0 and counts exactly the executions asked for', () => {
    const output = outputOf('run', 0, '--seed', '0', '--workers', '2', '--execs', '300');
    assert.deepEqual([output['executions'], output['findings']], [300, []]);
    assert.equal(output['crashPoints'], (output['events'] as number) + 300);
  });

  test('gives a drawn seed in full, so that the run can be repeated from it', () => {
    const flags = ['--workers', '1', '--execs', '50', '--no-seeds'];
    const first = outputOf('run', 0, ...flags);
    const again = outputOf('run', 0, ...flags, '--seed', first['seed'] as string);
    const times = { elapsedMs: 0, executionsPerSecond: 0, findingsMs: 0 };
    assert.deepEqual({ ...again, ...times }, { ...first, ...times });
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`that ${signal} stops still prints its object, and exits as its findings say`, async () => {
      // No bound: it ends by the signal or not at all.
      const child = spawn(process.execPath, [MAIN, 'run', '--workers', '1', '--json'], {
        cwd: directory,
      });
      let stdout = '';
      child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.once('data', () => child.kill(signal));
      const status = await new Promise((resolve) => child.once('close', resolve));
      const { findings } = checked('run', stdout);
      assert.deepEqual([status, findings], [0, []]);
    });
  }
});

describe('replay --json', () => {
  test('on the recorded kernel follows every switch to the recorded trace and exits with 1', () => {
    const stored = readReproducer(path.join(directory, reproducer));
    const { traceHash, signature, schedule, violation } = stored;
    assert.deepEqual(samples.replay, {
      format: 1,
      file: reproducer,
      kernel: 'mainline',
      bugs: ['A1'],
      module: null,
      exact: true,
      traceHash,
      switchesFollowed: schedule.length,
      switchesRecorded: schedule.length,
      verdict: 'fails',
      signature,
      recordedSignature: signature,
      detail: violation.detail,
    });
  });

  test('on a kernel with the fix holds and exits with 0', () => {
    const output = outputOf('replay', 0, reproducer, '--kernel', 'mainline');
    assert.deepEqual([output['exact'], output['verdict']], [false, 'holds']);
    assert.deepEqual([output['signature'], output['detail']], [null, null]);
  });

  test('tells a failure of another kind from the recorded one', () => {
    const output = outputOf('replay', 1, reproducer, '--kernel', 'linux-4.0');
    assert.equal(output['verdict'], 'fails');
    assert.notEqual(output['signature'], output['recordedSignature']);
  });

  test('is the same object with several workers', () => {
    assert.deepEqual(outputOf('replay', 1, reproducer, '--workers', '2'), samples.replay);
  });
});

describe('validate --json', () => {
  test('of a fix exits with 0', () => {
    const flags = [...BEFORE, '--after', 'mainline', '--execs', '200', '--seed', '7'];
    const output = outputOf('validate', 0, reproducer, ...flags);
    assert.deepEqual([output['accepted'], output['seed']], [true, '7']);
    assert.deepEqual(output['before'], { kernel: 'mainline', bugs: ['A1'], module: null });
    assert.deepEqual(output['after'], { kernel: 'mainline', bugs: [], module: null });
    assert.deepEqual(column(output['reproducers'], 'accepted'), [true]);
    assert.equal((output['neighbourhood'] as JsonObject)['executions'], 200);
  });

  test('of a kernel that still fails exits with 1 and names counter-examples that replay', () => {
    const { accepted, counterExamples } = samples.validate;
    assert.equal(accepted, false);
    const files = column(counterExamples, 'file') as string[];
    const signatures = column(counterExamples, 'signature');
    assert.ok(files.length > 0);
    const replayed = outputOf('replay', 1, files[0] as string);
    assert.deepEqual([replayed['exact'], replayed['signature']], [true, signatures[0]]);
  });

  test('exits with 1 where the reproducer holds before the fix already', () => {
    const flags = ['--before', 'mainline', '--after', 'mainline', '--execs', '40'];
    const output = outputOf('validate', 1, reproducer, ...flags);
    assert.deepEqual([output['accepted'], output['counterExamples']], [false, []]);
    assert.deepEqual(column(output['reproducers'], 'before'), [null]);
  });
});

describe('kernels --json and bugs --json', () => {
  test('list names that --kernel takes, mainline first', () => {
    const names = column(samples.kernels['kernels'], 'name') as string[];
    assert.equal(names[0], 'mainline');
    for (const name of names) assert.equal(resolveKernel(name, []).kernel, name);
  });

  test('list ids and slugs that --bug takes for the same bug', () => {
    const { bugs } = samples.bugs;
    const ids = column(bugs, 'id') as string[];
    const slugs = column(bugs, 'slug') as string[];
    assert.equal(new Set([...ids, ...slugs]).size, 2 * ids.length, 'a name is there twice');
    ids.forEach((id, row) => assert.equal(bugByName(slugs[row] as string), bugByName(id)));
    for (const row of bugs as JsonObject[]) {
      assert.equal(row['promise'], (row['promises'] as Json[])[0]);
    }
  });
});

describe('doctor --json', () => {
  test('exits with 0 where everything works', () => {
    assert.equal(samples.doctor['works'], true);
    assert.ok(!column(samples.doctor['checks'], 'status').includes('missing'));
  });

  test('exits with 3 where something is missing, and says what to change', async () => {
    await inTemporaryDirectory((blocked) => {
      fs.writeFileSync(path.join(blocked, 'crashes'), 'a file where the directory would be');
      const { status, stdout } = daxfuzz(blocked, 'doctor', '--json');
      const output = checked('doctor', stdout);
      assert.deepEqual([status, output['works']], [3, false]);
      const missing = (output['checks'] as JsonObject[]).filter(
        (check) => check['status'] === 'missing',
      );
      assert.deepEqual(column(missing, 'name'), ['crashes/']);
      assert.match(missing[0]?.['detail'] as string, /rename/);
    });
  });
});

describe('with --json, wrong input', () => {
  const CASES: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an unknown kernel', ['run', '--kernel', 'nonsense'], /nonsense/],
    ['an unknown bug', ['run', '--bug', 'A999'], /A999/],
    ['a number out of range', ['run', '--execs', '0'], /--execs/],
    ['a reproducer that is not there', ['replay', 'nowhere.json'], /nowhere\.json/],
    ['a missing flag', ['validate', 'nowhere.json'], /--before/],
    ['an unknown flag', ['kernels', '--nonsense'], /--nonsense/],
  ];
  for (const [what, args, message] of CASES) {
    test(`(${what}) gives exit code 2, one message and an empty stdout`, async () => {
      await inTemporaryDirectory((empty) => {
        const { status, stdout, stderr }: CliResult = daxfuzz(empty, ...args, '--json');
        assert.deepEqual([status, stdout], [2, '']);
        assert.match(stderr, message);
        assert.match(stderr, /^daxfuzz: [^\n]+\n$/);
        assert.deepEqual(filesBelow(empty), []);
      });
    });
  }
});

/** Every place in a value, as the path of keys that leads to it; of lists only the last element. */
function pathsOf(value: Json, here: readonly string[] = []): string[][] {
  const keys = Array.isArray(value)
    ? Object.keys(value).slice(-1)
    : isObject(value)
      ? Object.keys(value)
      : [];
  const below = keys.flatMap((key) => pathsOf((value as JsonObject)[key] as Json, [...here, key]));
  return [[...here], ...below];
}

/** A copy in which the object or list that holds the last key has been changed by `change`. */
function changed(
  value: Json,
  keys: readonly string[],
  change: (holder: Record<string, Json>, key: string) => void,
): Json {
  const copy = structuredClone(value);
  let holder = copy as unknown as Record<string, Json>;
  for (const key of keys.slice(0, -1)) holder = holder[key] as unknown as Record<string, Json>;
  change(holder, keys.at(-1) as string);
  return copy;
}

const at = (value: Json, keys: readonly string[]): Json | undefined =>
  keys.reduce<Json | undefined>((inner, key) => (inner as JsonObject | undefined)?.[key], value);

/** Calls `visit` with every schema below `schema` that describes a value of the output. */
function visitFields(
  schema: JsonObject,
  where: string,
  visit: (field: JsonObject, where: string) => void,
): void {
  visit(schema, where);
  const fields = schema['properties'];
  if (isObject(fields)) {
    for (const [name, field] of Object.entries(fields)) {
      visitFields(field as JsonObject, `${where}.${name}`, visit);
    }
  }
  const items = schema['items'];
  // What a list of plain values holds is said by the list.
  if (isObject(items) && isObject(items['properties'])) visitFields(items, `${where}[]`, visit);
}

describe('the schema', () => {
  test('of every verb is in the package beside the code, and there is no other', () => {
    const folder = path.join(ROOT, 'dist', 'src', 'cli', 'schemas');
    const expected = VERBS.map((verb) => `${verb}${SCHEMA_SUFFIX}`);
    assert.deepEqual(new Set(filesBelow(folder)), new Set(expected));
    for (const verb of VERBS) {
      const text = fs.readFileSync(path.join(folder, `${verb}${SCHEMA_SUFFIX}`), 'utf8');
      assert.deepEqual(JSON.parse(text), OUTPUT_SCHEMAS[verb]);
    }
  });

  for (const verb of VERBS) {
    const schema = OUTPUT_SCHEMAS[verb] as JsonObject;

    test(`of ${verb} says what every field is, and closes every object`, () => {
      visitFields(schema, verb, (field, where) => {
        for (const words of ['title', 'description']) {
          assert.match((field[words] ?? '') as string, /^[A-Za-z].*/, `${where} has no ${words}`);
        }
        if (!isObject(field['properties'])) return;
        assert.equal(field['additionalProperties'], false, where);
        assert.deepEqual(
          new Set(field['required'] as string[]),
          new Set(Object.keys(field['properties'])),
          where,
        );
      });
    });

    test(`of ${verb} refuses its output with a field dropped, added or of another type`, () => {
      const sample = samples[verb];
      assert.equal(misfit(verb, sample), null);
      for (const keys of pathsOf(sample)) {
        const value = at(sample, keys);
        const where = [verb, ...keys].join('.');
        const refused = (mutant: Json, how: string): void =>
          assert.notEqual(misfit(verb, mutant), null, `${where} ${how} is accepted`);
        if (isObject(value)) {
          const more = changed(sample, [...keys, 'more'], (holder, key) => (holder[key] = 1));
          refused(more, 'with another field');
        }
        if (keys.length === 0) continue;
        const replaced = (other: Json): Json =>
          changed(sample, keys, (holder, key) => (holder[key] = other));
        if (!Array.isArray(at(sample, keys.slice(0, -1)))) {
          refused(
            changed(sample, keys, (holder, key) => delete holder[key]),
            'dropped',
          );
        }
        const other = value === null ? true : typeof value === 'object' ? 'text' : {};
        refused(replaced(other), 'of another type');
        if (typeof value === 'number') refused(replaced(-1), 'below zero');
      }
    });
  }

  test('of replay and validate refuses a verdict that contradicts its reasons', () => {
    const { replay, validate } = samples;
    assert.notEqual(misfit('replay', { ...replay, verdict: 'holds' }), null);
    assert.notEqual(misfit('replay', { ...replay, signature: null }), null);
    assert.equal(
      misfit('replay', { ...replay, verdict: 'holds', signature: null, detail: null }),
      null,
    );
    assert.notEqual(misfit('validate', { ...validate, accepted: true }), null);
  });

  test('of run and bugs names the promises that the oracle enforces', () => {
    const enums: Json[] = [];
    for (const verb of VERBS) {
      visitFields(OUTPUT_SCHEMAS[verb] as JsonObject, verb, (field) => {
        if (field['title'] === 'Promise') enums.push(field['enum'] as Json);
        if (field['title'] === 'Promises')
          enums.push((field['items'] as JsonObject)['enum'] as Json);
      });
    }
    assert.deepEqual(
      enums,
      [0, 1, 2].map(() => Object.keys(PROMISES)),
    );
  });
});
