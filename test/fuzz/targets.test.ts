/** The jsfuzz targets hold for any bytes; the canary, whose kernel is full of bugs, must not. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { fuzz as canary } from '../../fuzz/canary.js';
import { fuzz as checkers } from '../../fuzz/checkers.js';
import { FoundViolation } from '../../fuzz/hunt.js';
import { decodeInput, SCHEDULER_BYTES } from '../../fuzz/input.js';
import { fuzz as programForms } from '../../fuzz/program-forms.js';
import { fuzz as reproducer } from '../../fuzz/reproducer.js';
import { fuzz as wholeLine } from '../../fuzz/whole-line.js';
import { loadCorpus } from '../../src/corpus/files.js';
import { printReproducer, toReproducer } from '../../src/finding/reproducer.js';
import { signatureOf } from '../../src/finding/finding.js';
import { POINT_NAMES } from '../../src/kernel/points.js';
import { record } from '../../src/minimize/record.js';
import { encodeProgram } from '../../src/program/wire.js';
import { PctScheduler } from '../../src/schedule/pct.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { assert as check } from '../../src/support/assert.js';
import type { Choice } from '../../src/support/choice.js';
import { Prng } from '../../src/support/prng.js';
import { lineOf, runText } from '../helpers/lines.js';
import { filesBelow, inTemporaryDirectory, ROOT } from '../helpers/temporary.js';

const RANDOM_INPUTS = 200;
const LENGTH_MAX = 400;

const { programs, problems } = loadCorpus(path.join(ROOT, 'corpora', 'seeds'));
const PROGRAMS = programs.map((program) => Buffer.from(encodeProgram(program)));
const SCHEDULED = PROGRAMS.map((program) =>
  Buffer.concat([Buffer.alloc(SCHEDULER_BYTES), program]),
);

function randomBytes(choice: Choice): Buffer {
  const length = choice.below(LENGTH_MAX + 1);
  return Buffer.from(Array.from({ length }, () => choice.below(256)));
}

function randomInputs(seed: bigint): Buffer[] {
  const choice = Prng.fromSeed(seed);
  return Array.from({ length: RANDOM_INPUTS }, () => randomBytes(choice));
}

/** A stored finding, and the same text with one byte changed, cut or doubled at random places. */
function reproducers(): Buffer[] {
  const setup = {
    kernel: 'mainline',
    bugs: ['B01'],
    fs: 'ext4',
    domain: 'adr',
    persistency: 'line',
  } as const;
  const { program, execution, violations } = runText(
    `file a pages 1 allocated 1
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: store(m0, 0x40, 8)
      t0: fsync(f0)`,
    setup,
  );
  const [violation] = violations;
  check(violation !== undefined, 'B01 breaks fsync');
  const signature = signatureOf(violation);
  const line = lineOf({ bugs: ['B01'] });
  const recorded = record(line, setup, program, [...execution.schedule], signature);
  check(recorded !== null, 'it replays');
  const whole = Buffer.from(printReproducer(toReproducer(recorded.finding, POINT_NAMES)));
  const choice = Prng.fromSeed(22n);
  const damaged = Array.from({ length: RANDOM_INPUTS }, () => {
    const at = choice.below(whole.length);
    const tail = whole.subarray(at + choice.below(2));
    const patch = choice.below(2) === 0 ? Buffer.of(32 + choice.below(95)) : Buffer.of();
    return Buffer.concat([whole.subarray(0, at), patch, tail]);
  });
  return [whole, ...damaged];
}

test('the seeds that targets start from can all be read', () => {
  assert.deepEqual(problems, []);
  assert.ok(programs.length >= 10, `${programs.length}`);
});

describe('any bytes', () => {
  test('are a program and a scheduler, of either kind', () => {
    const kinds = new Set<unknown>();
    for (const bytes of [Buffer.of(), ...SCHEDULED, ...randomInputs(20n)]) {
      const { scheduler } = decodeInput(bytes);
      kinds.add(scheduler.constructor);
    }
    assert.deepEqual(kinds, new Set<unknown>([RandomScheduler, PctScheduler]));
  });

  const TARGETS: Record<string, { fuzz: (bytes: Buffer) => void; seeds: () => Buffer[] }> = {
    'whole-line': { fuzz: wholeLine, seeds: () => SCHEDULED },
    checkers: { fuzz: checkers, seeds: () => SCHEDULED },
    'program-forms': { fuzz: programForms, seeds: () => PROGRAMS },
    reproducer: { fuzz: reproducer, seeds: reproducers },
  };
  for (const [name, { fuzz, seeds }] of Object.entries(TARGETS)) {
    test(`hold for the target ${name}, and so do its seeds`, () => {
      for (const bytes of [...seeds(), ...randomInputs(21n)]) {
        assert.doesNotThrow(() => fuzz(bytes), bytes.toString('hex'));
      }
    });
  }
});

describe('the canary', () => {
  test('finds violations in the seeds, with a whole report in the message', () => {
    let found = 0;
    for (const bytes of SCHEDULED) {
      try {
        canary(bytes);
      } catch (error) {
        assert.ok(error instanceof FoundViolation, String(error));
        assert.match(error.message, /^P\d+ [a-z-]+\n[^]*\nProgram:\n[^]*\nSchedule:\n/);
        found++;
      }
    }
    assert.ok(found >= 3, `${found} of ${SCHEDULED.length}`);
  });

  test('started with jsfuzz finds its crash and leaves the input, which fails again', async () => {
    await inTemporaryDirectory((directory) => {
      // In a copy, because targets write their corpus and artifacts beside what they run.
      for (const part of ['dist/src', 'dist/fuzz', 'corpora/seeds']) {
        fs.cpSync(path.join(ROOT, part), path.join(directory, part), { recursive: true });
      }
      fs.symlinkSync(path.join(ROOT, 'node_modules'), path.join(directory, 'node_modules'));
      const words = ['dist/fuzz/start.js', 'canary', '--time', '60s'];
      const { status, stdout, stderr } = spawnSync(process.execPath, words, {
        cwd: directory,
        encoding: 'utf8',
        timeout: 100_000,
      });
      assert.equal(status, 1, stderr);
      const artifacts = filesBelow(path.join(directory, 'crashes', 'jsfuzz'));
      assert.equal(artifacts.length, 1, stdout);
      const file = path.join('crashes', 'jsfuzz', artifacts[0] ?? '');
      assert.ok(stdout.endsWith(`the input is in ${file}\n`), stdout);
      const bytes = fs.readFileSync(path.join(directory, file));
      assert.throws(() => canary(bytes), FoundViolation);
      assert.doesNotThrow(() => wholeLine(bytes));
    });
  });

  test('is refused by name when it is misspelt', () => {
    const words = [path.join(ROOT, 'dist', 'fuzz', 'start.js'), 'canari'];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    assert.equal(status, 2);
    assert.match(stderr, /expected a target \(whole-line, .*canary\), found "canari"/);
  });
});
