import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProgramGenerator } from '../../src/program/generate.js';
import { PctScheduler } from '../../src/schedule/pct.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { ReplayScheduler } from '../../src/schedule/replay.js';
import { contextSwitches } from '../../src/schedule/schedule.js';
import type { Scheduler } from '../../src/schedule/scheduler.js';
import { parseSchedule, printSchedule } from '../../src/schedule/text.js';
import { UsageError } from '../../src/support/assert.js';
import type { Choice } from '../../src/support/choice.js';
import { Prng } from '../../src/support/prng.js';
import { ascending } from '../../src/support/order.js';
import { eventsOf, lineOf } from '../helpers/lines.js';
import { TWO_THREADS } from '../helpers/two-threads.js';

const SCHEDULERS: Record<string, (choice: Choice) => Scheduler> = {
  random: (choice) => new RandomScheduler(choice),
  pct: (choice) => new PctScheduler(choice),
};

for (const [name, make] of Object.entries(SCHEDULERS)) {
  describe(`the ${name} scheduler`, () => {
    test('gives the same schedule for the same seed, and others for others', () => {
      const { target } = lineOf();
      const run = (seed: bigint): string => {
        const scheduler = make(Prng.fromSeed(seed));
        const schedules = Array.from({ length: 20 }, () =>
          printSchedule(target.execute(TWO_THREADS, scheduler).schedule, target.pointNames),
        );
        return schedules.join('\n');
      };
      assert.equal(run(1n), run(1n));
      assert.notEqual(run(1n), run(2n));
    });

    test('lets either thread go first, and switches inside operations', () => {
      const { target } = lineOf();
      const scheduler = make(Prng.fromSeed(3n));
      const firsts = new Set<number>();
      let inside = 0;
      for (let i = 0; i < 300; i++) {
        const { trace, schedule } = target.execute(TWO_THREADS, scheduler);
        const stores = eventsOf(trace, 'store').map((event) => trace.op(event));
        firsts.add(stores[0] as number);
        const points = schedule.map((step) => target.pointNames[step.point] as string);
        if (points.some((point) => point.includes(':') && !point.startsWith('wait:'))) inside++;
      }
      assert.deepEqual([...firsts].sort(ascending), [2, 4]);
      assert.ok(inside > 30, `${inside} of 300`);
    });

    test('ends every generated program', () => {
      const { target } = lineOf();
      const choice = Prng.fromSeed(5n);
      const scheduler = make(choice);
      const generator = new ProgramGenerator();
      for (let i = 0; i < 2000; i++) target.execute(generator.generate(choice), scheduler);
    });
  });
}

test('pct makes far fewer context switches than uniform random choice', () => {
  const { target } = lineOf();
  const count = (scheduler: Scheduler): number => {
    let switches = 0;
    for (let i = 0; i < 500; i++) {
      switches += contextSwitches(target.execute(TWO_THREADS, scheduler).schedule);
    }
    return switches;
  };
  const pct = count(new PctScheduler(Prng.fromSeed(6n)));
  const random = count(new RandomScheduler(Prng.fromSeed(6n)));
  assert.ok(2 * pct < random, `pct ${pct}, random ${random}`);
});

describe('replaying a schedule', () => {
  test('gives the same trace, byte for byte, for a thousand drawn programs', () => {
    const { target } = lineOf();
    const choice = Prng.fromSeed(7n);
    const generator = new ProgramGenerator();
    for (let i = 0; i < 1000; i++) {
      const program = generator.generate(choice);
      const first = target.execute(program, new RandomScheduler(choice));
      const hash = first.trace.hash();
      const schedule = [...first.schedule];
      const again = target.execute(program, new ReplayScheduler(schedule, target.pointNames));
      assert.equal(again.trace.hash(), hash);
      assert.deepEqual(again.schedule, schedule);
    }
  });

  test('says what was expected and what was found when a step cannot be followed', () => {
    const { target } = lineOf();
    const text = 'start -> t0\nt0 op 3 at jbd2_commit:locked #7 -> t1\n';
    const schedule = parseSchedule(text, target.pointNames);
    const scheduler = new ReplayScheduler(schedule, target.pointNames);
    assert.throws(
      () => target.execute(TWO_THREADS, scheduler),
      (error) =>
        error instanceof UsageError &&
        /step 1: expected t0 op 3 at jbd2_commit:locked #7, found t0 at task_end/.test(
          error.message,
        ),
    );
  });

  test('carries on past steps that cannot be followed when told to be lenient', () => {
    const { target } = lineOf();
    const text =
      'start -> t0\nt0 op 2 at jbd2_commit:locked #7 -> t1\nt0 op 3 at op_start #1 -> t1\n';
    const schedule = parseSchedule(text, target.pointNames);
    const scheduler = new ReplayScheduler(schedule, target.pointNames, 'lenient');
    const { trace } = target.execute(TWO_THREADS, scheduler);
    assert.equal(eventsOf(trace, 'op_exit').length, 6);
    assert.ok(scheduler.followed >= 1 && scheduler.followed < 3, `${scheduler.followed}`);
  });
});
