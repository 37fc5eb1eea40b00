import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RandomScheduler } from '../../src/schedule/random.js';
import { Prng } from '../../src/support/prng.js';
import { argumentsOf } from '../../src/trace/arguments.js';
import type { EventName } from '../../src/trace/event.js';
import { AT, EVENT, EVENT_ARGUMENTS, EVENT_NAMES } from '../../src/trace/event.js';
import { Trace } from '../../src/trace/trace.js';
import { samples } from '../helpers/fingerprint.js';
import { lineOf, runText } from '../helpers/lines.js';

const NAMES = Object.keys(EVENT) as EventName[];
const PLACES = [0, 1, 2, 3, 4, 5, 6];

describe('the places of arguments', () => {
  test('are those of their names, from 0 and without a gap', () => {
    assert.deepEqual(Object.keys(AT), NAMES);
    for (const name of NAMES) {
      const places: Readonly<Record<string, number>> = AT[name];
      const inOrder = EVENT_ARGUMENTS[name].map((argument) => places[argument]);
      assert.deepEqual(inOrder, PLACES.slice(0, Object.keys(places).length), name);
    }
  });

  test('are where an event gives each argument back by its name', () => {
    const trace = new Trace();
    trace.append(EVENT.dax_tag, 0, 0, 11, 12, 13, 14, 15);
    assert.deepEqual(argumentsOf(trace, 0), { ino: 11, page: 12, tag: 13, set: 14, why: 15 });
    assert.equal(trace.argument(0, AT.dax_tag.why), 15);
  });
});

describe('the kernel model', () => {
  const EXECUTIONS = 300;
  const CLONE = `file a pages 2 allocated 2
    t0: f0 = open("a")
    t0: reflink_range(f0, 0x0, 4096, f0, page 1)
    t0: pwrite(f0, 0x0, 8)`;
  const POISONED = `file a pages 1 allocated 1
    t0: f0 = open("a")
    t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
    t0: load(m0, 0x0, 8)
    t0: spawn
    t0: poison(f0, pages 0..1)
    t1: load(m0, 0x0, 8)`;

  test('gives events of every kind, and no argument that the kind has no name for', () => {
    const { target } = lineOf();
    /** The last place at which some event of a kind had something else than zero. */
    const last = new Map<EventName, number>();
    const note = (trace: Trace): void => {
      for (let event = 0; event < trace.length; event++) {
        const name = EVENT_NAMES[trace.kind(event)] as EventName;
        const used = PLACES.filter((place) => trace.argument(event, place) !== 0).pop() ?? -1;
        last.set(name, Math.max(used, last.get(name) ?? -1));
      }
    };
    for (const { program, seed } of samples(5n, EXECUTIONS)) {
      note(target.execute(program, new RandomScheduler(Prng.fromSeed(seed))).trace);
    }
    note(runText(CLONE, { settings: { fs: 'xfs-reflink' } }).trace); // which is drawn only where asked for
    const early = 'start -> t0\nt0 op 3 at nfit_handle_mce:start #1 -> t1';
    note(runText(POISONED, { schedule: early }).trace); // which few programs have
    assert.deepEqual(new Set(last.keys()), new Set(NAMES));
    for (const [name, place] of last) assert.ok(place < EVENT_ARGUMENTS[name].length, name);
  });
});
