/** Every schedule within a bound, each once, against schedules drawn at random. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { POINT, POINT_NAMES } from '../../src/kernel/points.js';
import type { Program } from '../../src/program/program.js';
import { parseProgram } from '../../src/program/text.js';
import { ExhaustiveScheduler } from '../../src/schedule/exhaustive.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import type { Schedule, Switch } from '../../src/schedule/schedule.js';
import { isBuffer } from '../../src/schedule/schedule.js';
import { printSchedule } from '../../src/schedule/text.js';
import { Prng } from '../../src/support/prng.js';
import { lineOf } from '../helpers/lines.js';

const RACE = parseProgram(`
geometry page 128 pmd 2 file-pages 4 blocks 8
file a pages 1 allocated 1
t0: f0 = open("a")
t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
t0: spawn
t1: store(m0, 0x0, 1)
t1: fsync(f0)
t2: fsync(f0)
`);

const { target } = lineOf();

interface Everything {
  readonly schedules: readonly Schedule[];
  readonly traces: ReadonlySet<string>;
}

function everything(program: Program, preemptions: number): Everything {
  const scheduler = new ExhaustiveScheduler(preemptions, POINT.store_buffered);
  const schedules: Schedule[] = [];
  const traces = new Set<string>();
  do {
    const { schedule, trace } = target.execute(program, scheduler);
    schedules.push([...schedule]);
    traces.add(trace.hash());
  } while (scheduler.advance());
  return { schedules, traces };
}

/** A task that stopped where it could have gone on, because somebody wanted it to. */
function isPreemption({ from, point, to }: Switch): boolean {
  const name = POINT_NAMES[point] ?? '';
  return from >= 0 && from !== to && name !== 'task_end' && !name.startsWith('wait:');
}

const preemptionsOf = (schedule: Schedule): number => schedule.filter(isPreemption).length;
const usesBuffers = (schedule: Schedule): boolean =>
  schedule.some(({ from, to, point }) => {
    return isBuffer(from) || isBuffer(to) || point === POINT.store_buffered;
  });

describe('the exhaustive scheduler', () => {
  test('takes each schedule once', () => {
    for (const preemptions of [0, 1, 2]) {
      const { schedules } = everything(RACE, preemptions);
      const texts = schedules.map((schedule) => printSchedule(schedule, POINT_NAMES));
      assert.equal(new Set(texts).size, texts.length);
      assert.ok(schedules.every((schedule) => preemptionsOf(schedule) <= preemptions));
    }
  });

  test('takes more schedules with each preemption, and either thread first without any', () => {
    const counts = [0, 1, 2, 3].map(
      (preemptions) => everything(RACE, preemptions).schedules.length,
    );
    assert.equal(counts[0], 2);
    for (let i = 1; i < counts.length; i++) {
      assert.ok((counts[i] as number) > 3 * (counts[i - 1] as number), counts.join());
    }
  });

  test('gives every trace that random scheduling gives within the bound', () => {
    const PREEMPTIONS = 2;
    const { traces } = everything(RACE, PREEMPTIONS);
    const scheduler = new RandomScheduler(Prng.fromSeed(9n));
    const met = new Set<string>();
    for (let i = 0; i < 20_000; i++) {
      const { schedule, trace } = target.execute(RACE, scheduler);
      const setup = schedule.some(({ from, op }) => from === 0 && op >= 0);
      if (setup || usesBuffers(schedule) || preemptionsOf(schedule) > PREEMPTIONS) continue;
      met.add(trace.hash());
    }
    assert.ok(met.size > 100, `${met.size} traces within the bound`);
    assert.deepEqual(
      [...met].filter((hash) => !traces.has(hash)),
      [],
    );
  });

  test('holds stores back, at the price of a preemption each', () => {
    const held = ({ schedules }: Everything): number =>
      schedules.filter((schedule) => schedule.some(({ point }) => point === POINT.store_buffered))
        .length;
    assert.equal(held(everything(RACE, 0)), 0);
    assert.ok(held(everything(RACE, 1)) > 0);
  });

  test('goes through all schedules again after a restart', () => {
    const scheduler = new ExhaustiveScheduler(1, POINT.store_buffered);
    const count = (): number => {
      let schedules = 0;
      scheduler.restart();
      do {
        target.execute(RACE, scheduler);
        schedules++;
      } while (scheduler.advance());
      return schedules;
    };
    assert.equal(count(), count());
  });
});
