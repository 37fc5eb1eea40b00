import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { POINT_NAMES } from '../../src/kernel/points.js';
import { ProgramGenerator } from '../../src/program/generate.js';
import { contextSwitches } from '../../src/schedule/schedule.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { parseSchedule, printSchedule } from '../../src/schedule/text.js';
import { UsageError } from '../../src/support/assert.js';
import { Prng } from '../../src/support/prng.js';
import { lineOf } from '../helpers/lines.js';

describe('the text form of a schedule', () => {
  test('leads back to the same schedule for a thousand recorded ones', () => {
    const { target } = lineOf();
    const choice = Prng.fromSeed(31n);
    const generator = new ProgramGenerator();
    for (let i = 0; i < 1000; i++) {
      const { schedule } = target.execute(generator.generate(choice), new RandomScheduler(choice));
      const text = printSchedule(schedule, POINT_NAMES);
      assert.deepEqual(parseSchedule(text, POINT_NAMES), schedule);
    }
  });

  const WRONG: readonly (readonly [string, string, RegExp])[] = [
    [
      'an unknown point',
      't0 op 1 at nowhere #1 -> t1',
      /line 1: unknown preemption point "nowhere"/,
    ],
    ['an unknown agent', 'start -> t7', /line 1: expected t0\.\.t3 or b0\.\.b3, found "t7"/],
    ['half a line', 'start -> t0\nt0 op 1 at op_end', /line 2: expected "tN op N at POINT/],
    ['a huge number', 't0 op 99999999 at op_end #1 -> t1', /line 1/],
  ];
  for (const [what, text, message] of WRONG) {
    test(`refuses ${what} and says where`, () => {
      assert.throws(
        () => parseSchedule(text, POINT_NAMES),
        (error) => error instanceof UsageError && message.test(error.message),
      );
    });
  }

  test('counts switches between threads and not those of store buffers', () => {
    const text = [
      'start -> t0',
      't0 op 1 at store_buffered #1 -> t1',
      't1 op 2 at op_end #1 -> b0',
      'b0 at buffer_drained #0 -> t1',
      't1 at task_end #0 -> t0',
    ].join('\n');
    assert.equal(contextSwitches(parseSchedule(text, POINT_NAMES)), 2);
  });
});
