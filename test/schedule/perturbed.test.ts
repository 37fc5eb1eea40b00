import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PerturbedScheduler } from '../../src/schedule/perturbed.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import type { Schedule } from '../../src/schedule/schedule.js';
import type { Scheduler } from '../../src/schedule/scheduler.js';
import { printSchedule } from '../../src/schedule/text.js';
import { Prng } from '../../src/support/prng.js';
import { lineOf } from '../helpers/lines.js';
import { TWO_THREADS } from '../helpers/two-threads.js';

const EXECUTIONS = 300;

const { target } = lineOf();
const { pointNames } = target;

const textOf = (schedule: Schedule): string => printSchedule([...schedule], pointNames);

function executed(scheduler: Scheduler): { schedule: Schedule; points: number } {
  const { schedule, points } = target.execute(TWO_THREADS, scheduler);
  return { schedule: [...schedule], points };
}

/** An execution with a few switches to start from. */
function recorded(): { schedule: Schedule; points: number } {
  const random = new RandomScheduler(Prng.fromSeed(1n));
  for (;;) {
    const record = executed(random);
    if (record.schedule.length >= 6 && record.schedule.length <= 10) return record;
  }
}

function neighbours(record: { schedule: Schedule; points: number }, seed: bigint): Schedule[] {
  const scheduler = new PerturbedScheduler(Prng.fromSeed(seed), pointNames);
  return Array.from({ length: EXECUTIONS }, () => {
    scheduler.follow(record.schedule, record.points);
    return executed(scheduler).schedule;
  });
}

describe('a schedule with one change', () => {
  const record = recorded();

  test('is the same for the same seed, and another for another', () => {
    const run = (seed: bigint): string => neighbours(record, seed).map(textOf).join('\n');
    assert.equal(run(1n), run(1n));
    assert.notEqual(run(1n), run(2n));
  });

  test('is another schedule that begins as the recorded one far more often than a random one does', () => {
    const half = textOf(record.schedule.slice(0, record.schedule.length >> 1));
    const beginSo = (schedules: readonly Schedule[]): number =>
      schedules.filter((schedule) => textOf(schedule).startsWith(half)).length;
    const near = neighbours(record, 3n);
    const random = new RandomScheduler(Prng.fromSeed(3n));
    const anywhere = Array.from({ length: EXECUTIONS }, () => executed(random).schedule);
    assert.ok(beginSo(near) > EXECUTIONS / 3, `${beginSo(near)} begin as the record`);
    assert.ok(beginSo(anywhere) < EXECUTIONS / 30, `${beginSo(anywhere)} random ones do`);
    const changed = near.filter((schedule) => textOf(schedule) !== textOf(record.schedule));
    assert.ok(changed.length > EXECUTIONS / 2, `${changed.length} differ from the record`);
    assert.ok(new Set(near.map(textOf)).size > 30, 'they differ from each other');
  });

  test('has a switch more where the record has none', () => {
    const scheduler = new PerturbedScheduler(Prng.fromSeed(1n), pointNames);
    scheduler.follow([], 0);
    const alone = executed(scheduler);
    const lengths = neighbours({ schedule: [], points: alone.points }, 4n).map((s) => s.length);
    assert.ok(
      lengths.filter((length) => length > alone.schedule.length).length > EXECUTIONS / 2,
      lengths.join(' '),
    );
  });
});
