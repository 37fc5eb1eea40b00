/** Each bug of pins, layouts, removal and media errors by a program of its own, on which mainline holds. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PIN_BUGS } from '../../src/kernel/pin-bugs.js';
import { POISON_BUGS } from '../../src/kernel/poison-bugs.js';
import { REMOVAL_BUGS } from '../../src/kernel/removal-bugs.js';
import { parseProgram } from '../../src/program/text.js';
import { everySchedule } from '../helpers/every-schedule.js';
import { lineOf, runText } from '../helpers/lines.js';
import type { PinProgram } from '../helpers/pin-programs.js';
import { PIN_PROGRAMS } from '../helpers/pin-programs.js';
import { POISON_PROGRAMS } from '../helpers/poison-programs.js';
import { REMOVAL_PROGRAMS } from '../helpers/removal-programs.js';

const PROGRAMS = [...PIN_PROGRAMS, ...REMOVAL_PROGRAMS, ...POISON_PROGRAMS];

/** What a program shows under every schedule with at most one switch; ends early at `wanted`. */
function signaturesOf(
  { text, shares }: PinProgram,
  bugs: readonly string[],
  wanted: string | null,
): Set<string> {
  const line = lineOf({ bugs, settings: shares === true ? { fs: 'xfs-reflink' } : {} });
  const seen = new Set<string>();
  for (const { signatures } of everySchedule(line, parseProgram(text), 1)) {
    for (const signature of signatures) seen.add(signature);
    if (wanted !== null && seen.has(wanted)) break;
  }
  return seen;
}

test('every one of these bugs has a program that shows it', () => {
  const shown = new Set(PROGRAMS.map(({ bug }) => bug));
  assert.deepEqual(
    [...PIN_BUGS, ...REMOVAL_BUGS, ...POISON_BUGS]
      .map(({ id }) => id)
      .filter((id) => !shown.has(id)),
    [],
  );
});

for (const program of PROGRAMS) {
  const { bug, signature, text, schedule, shares } = program;
  describe(`${bug}, ${signature}`, () => {
    test('is found', () => {
      const settings = shares === true ? { fs: 'xfs-reflink' as const } : {};
      const seen =
        schedule === undefined
          ? signaturesOf(program, [bug], signature)
          : new Set(runText(text, { bugs: [bug], schedule, settings }).signatures);
      assert.ok(seen.has(signature), `found instead: ${[...seen].join(', ')}`);
    });

    test('is the bug: on mainline the program holds', () => {
      assert.deepEqual([...signaturesOf(program, [], null)], []);
    });
  });
}
