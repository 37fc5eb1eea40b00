/** Each bug of faults, holes, entry locks and copies by a program of its own; mainline holds on the same. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FAULT_BUGS } from '../../src/kernel/fault-bugs.js';
import { parseProgram } from '../../src/program/text.js';
import { PctScheduler } from '../../src/schedule/pct.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { Prng } from '../../src/support/prng.js';
import { FAULT_PROGRAMS } from '../helpers/fault-programs.js';
import { lineOf, runProgram, runText } from '../helpers/lines.js';

/** Far more than any of these programs has windows. */
const SCHEDULES = 3000;

/** What a program shows under many schedules of both kinds; ends early at `wanted`. */
function signaturesOf(
  text: string,
  bugs: readonly string[],
  wanted: string | null,
  most = SCHEDULES,
): Set<string> {
  const line = lineOf({ bugs });
  const program = parseProgram(text);
  const choice = Prng.fromSeed(7n);
  const schedulers = [new RandomScheduler(choice.split()), new PctScheduler(choice.split())];
  const tries = program.threads.length === 1 ? 1 : most;
  const seen = new Set<string>();
  for (let i = 0; i < tries; i++) {
    const scheduler = schedulers[i & 1] as RandomScheduler;
    for (const found of runProgram(line, program, scheduler).signatures) seen.add(found);
    if (wanted !== null && seen.has(wanted)) break;
  }
  return seen;
}

test('every one of these bugs has a program that shows it', () => {
  const shown = new Set(FAULT_PROGRAMS.map(({ bug }) => bug));
  assert.deepEqual(
    FAULT_BUGS.map(({ id }) => id).filter((id) => !shown.has(id)),
    [],
  );
});

for (const { bug, signature, text, schedule } of FAULT_PROGRAMS) {
  describe(`${bug}, ${signature}`, () => {
    test('is found', () => {
      const seen =
        schedule === undefined
          ? signaturesOf(text, [bug], signature)
          : new Set(runText(text, { bugs: [bug], schedule }).signatures);
      assert.ok(seen.has(signature), `found instead: ${[...seen].join(', ')}`);
    });

    test('is the bug: on mainline the program holds', () => {
      assert.deepEqual([...signaturesOf(text, [], null)], []);
    });
  });
}

test('a huge fault that was woken for the entry of a small page wakes whoever waits behind it', () => {
  const text = `file a pages 4 allocated 0
    t0: f0 = open("a")
    t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
    t0: load(m0, 0x0, 1)
    t1: pwrite(f0, 0x0, 1)
    t1: store(m0, 0x0, 1)
    t1: fsync(f0)
    t2: store(m0, 0x0, 1)`;
  assert.deepEqual([...signaturesOf(text, [], null, 20_000)], []);
});
