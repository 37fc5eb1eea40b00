/** The public API, used as a script would: nothing here imports anything else of daxfuzz. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import type { Finding, Line, Outcome, Program, Scheduler } from '../src/index.js';
import * as api from '../src/index.js';
import {
  BUGS,
  DEFAULT_SETTINGS,
  Image,
  Judge,
  ModelTarget,
  OUTPUT_SCHEMAS,
  parseProgram,
  parseReproducer,
  parseSchedule,
  PctScheduler,
  PRESETS,
  printProgram,
  printReproducer,
  printSchedule,
  printTrace,
  Prng,
  programOf,
  PROMISES,
  RandomScheduler,
  ReplayScheduler,
  REPRODUCER_SCHEMA,
  resolveKernel,
  runOnce,
  scheduleOf,
  setupOf,
  signatureOf,
  titleOf,
  toReproducer,
  UsageError,
} from '../src/index.js';
import { ROOT } from './helpers/temporary.js';

/** A store through a PTE, then a PMD fault over it: with bug A1 fsync finds the entry no longer DIRTY. */
const REPLACED = `file a pages 4 allocated 4
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
  t0: m1 = mmap(f0, pages 0..4, MAP_SHARED)
  t0: store(m0, 0x0, 1)
  t0: load(m1, 0x0, 1)
  t0: fsync(f0)`;
const SIGNATURE = 'P3 tags-lost-on-replacement';

/** Two threads: different schedules make different traces. */
const RACING = `file a pages 2 allocated 2
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..2, MAP_SHARED)
  t0: spawn
  t0: store(m0, 0x0, 8)
  t0: fsync(f0)
  t1: store(m0, 0x40, 8)
  t1: fsync(f0)`;

function lineOn(kernel: string, ...bugs: string[]): Line {
  const target = ModelTarget.of(resolveKernel(kernel, bugs));
  return { target, judge: new Judge(new Image()), settings: DEFAULT_SETTINGS };
}

function runRandomly(line: Line, program: Program, seed = 1n): Outcome {
  return runOnce(line, program, new RandomScheduler(Prng.fromSeed(seed)));
}

/** The violation of the program above, as everything that replaying it needs. */
function findingWithA1(): { finding: Finding; pointNames: readonly string[] } {
  const line = lineOn('mainline', 'A1');
  const program = parseProgram(REPLACED);
  const { execution, verdict } = runRandomly(line, program);
  const [violation] = verdict.violations;
  assert.ok(violation !== undefined);
  const setup = { ...resolveKernel('mainline', ['A1']), ...DEFAULT_SETTINGS };
  const schedule = [...execution.schedule];
  const traceHash = execution.trace.hash();
  const { pointNames } = line.target;
  return { finding: { setup, program, schedule, violation, traceHash }, pointNames };
}

describe('the public API', () => {
  test('is what package.json names as the main module, and its types', () => {
    const packed = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
      main: string;
      types: string;
      version: string;
    };
    const main = createRequire(__filename)(ROOT) as typeof api;
    assert.deepEqual(Object.keys(main), Object.keys(api));
    assert.equal(main.runOnce, runOnce);
    assert.equal(packed.types, packed.main.replace(/js$/, 'd.ts'));
    assert.ok(fs.existsSync(path.join(ROOT, packed.types)));
    assert.equal(api.VERSION, packed.version);
  });

  test('loads without the native module and without worker threads', () => {
    const loaded = Object.keys(createRequire(__filename).cache);
    assert.ok(loaded.some((file) => file.endsWith(path.join('dist', 'src', 'index.js'))));
    const heavy = loaded.filter((file) => /node_modules\/.*(?:mmap-io|piscina)\//.test(file));
    assert.deepEqual(heavy, []);
  });

  test('shows the promise that bug A1 breaks, and that mainline keeps it', () => {
    const program = parseProgram(REPLACED);
    const broken = runRandomly(lineOn('mainline', 'A1'), program).verdict;
    assert.deepEqual(broken.violations.map(signatureOf), [SIGNATURE]);
    const [violation] = broken.violations;
    assert.match(titleOf(violation ?? assert.fail()), /^fsync returned 0 too early: /);
    assert.match(PROMISES[violation?.promise ?? 'P1'], /^fsync: /);
    assert.deepEqual([violation?.op, violation?.offset], [5, 0]);
    assert.notEqual(violation?.plan, null, 'no power failure shows it');

    const kept = runRandomly(lineOn('mainline'), program).verdict;
    assert.deepEqual(kept.violations, []);
    assert.equal(kept.promises, 1, 'the fsync was not judged');
  });

  test('runs one program after another on one line, each as on a fresh one', () => {
    const line = lineOn('mainline', 'A1');
    const signatures = [REPLACED, RACING, REPLACED].map((text) =>
      runRandomly(line, parseProgram(text)).verdict.violations.map(signatureOf),
    );
    assert.deepEqual(signatures, [[SIGNATURE], [], [SIGNATURE]]);
  });

  test('replays the schedule of a run to the same trace', () => {
    const line = lineOn('linux-6.16');
    const program = parseProgram(RACING);
    const { pointNames } = line.target;
    const strategies: ((seed: bigint) => Scheduler)[] = [
      (seed) => new RandomScheduler(Prng.fromSeed(seed)),
      (seed) => new PctScheduler(Prng.fromSeed(seed)),
    ];
    const traces = new Set<string>();
    for (const strategy of strategies) {
      for (let seed = 0n; seed < 20n; seed++) {
        const { execution } = runOnce(line, program, strategy(seed));
        const text = printSchedule(execution.schedule, pointNames);
        const trace = printTrace(execution.trace);
        const replay = new ReplayScheduler(parseSchedule(text, pointNames), pointNames, 'strict');
        assert.equal(printTrace(runOnce(line, program, replay).execution.trace), trace);
        replay.end();
        traces.add(trace);
      }
    }
    assert.ok(traces.size > 5, `only ${traces.size} different traces`);
  });

  test('makes a reproducer of a violation, which survives printing and replays to its hash', () => {
    const { finding, pointNames } = findingWithA1();
    const text = printReproducer(toReproducer(finding, pointNames));
    const reproducer = parseReproducer(text, 'text');
    const { kernel, bugs } = setupOf(reproducer);
    const line = lineOn(kernel, ...bugs);
    const schedule = scheduleOf(reproducer, line.target.pointNames);
    const replay = new ReplayScheduler(schedule, line.target.pointNames, 'strict');
    const { execution, verdict } = runOnce(line, programOf(reproducer), replay);
    replay.end();
    assert.equal(execution.trace.hash(), reproducer.traceHash);
    assert.deepEqual(verdict.violations.map(signatureOf), [reproducer.signature]);
  });

  test('gives the schemas of reproducers and of every --json output', () => {
    const { finding, pointNames } = findingWithA1();
    const isReproducer = new Ajv({ strict: true }).compile(REPRODUCER_SCHEMA);
    assert.ok(isReproducer(toReproducer(finding, pointNames)), JSON.stringify(isReproducer.errors));
    assert.ok(!isReproducer({ ...toReproducer(finding, pointNames), more: 1 }));
    const verbs = [
      'run',
      'replay',
      'compare',
      'validate',
      'conformance',
      'litmus',
      'kernels',
      'bugs',
    ];
    assert.deepEqual(Object.keys(OUTPUT_SCHEMAS), [...verbs, 'doctor']);
  });

  test('lists kernels and bugs that it also runs', () => {
    const program = parseProgram(REPLACED);
    const kernels = PRESETS.map(({ name }) => lineOn(name));
    const bugs = BUGS.map(({ id }) => lineOn('mainline', id));
    assert.ok(kernels.length > 1 && bugs.length > 1);
    for (const line of [...kernels, ...bugs]) {
      const { execution } = runRandomly(line, program);
      assert.deepEqual(execution.stuck, []);
      assert.ok(execution.trace.length > 0);
    }
  });

  test('prints the canonical text of a program', () => {
    const text = printProgram(parseProgram(REPLACED));
    assert.match(text, /^geometry .*\nfile a pages 4 allocated 4\nt0: f0 = open\("a"\)\n/);
    assert.equal(printProgram(parseProgram(text)), text);
  });

  test('refuses wrong input with a UsageError that says what and where', () => {
    const refused = (body: () => unknown, message: RegExp): void =>
      assert.throws(body, (error) => error instanceof UsageError && message.test(error.message));
    refused(() => parseProgram('t0: fly(f0)'), /line 1.*fly/);
    refused(() => parseSchedule('start -> t9', []), /line 1.*t9/);
    refused(() => parseReproducer('{}', 'mine.json'), /^mine\.json: /);
    refused(() => resolveKernel('mainline', ['A999']), /A999/);
    refused(() => resolveKernel('linux-0.01', []), /linux-0\.01.*mainline/);
  });
});
