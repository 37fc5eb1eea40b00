import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { allPlans, countStates } from '../../src/crash/enumerate.js';
import { buildImage } from '../../src/crash/plan.js';
import { Image } from '../../src/media/image.js';
import { freshDisk } from '../../src/media/fresh.js';
import { layoutOf } from '../../src/media/layout.js';
import type { PersistencyOptions } from '../../src/persistency/history.js';
import { PersistHistory } from '../../src/persistency/history.js';
import { parseProgram } from '../../src/program/text.js';
import { EVENT, FENCE, FLUSH, STORE } from '../../src/trace/event.js';
import { fillData, Trace } from '../../src/trace/trace.js';

const program = parseProgram(
  'geometry page 64 pmd 2 file-pages 2 blocks 4\nfile a pages 2 allocated 2\nt0: sync()\n',
);
const layout = layoutOf(program.geometry, program.files.length);
/** Two lines of the device: X and Y. */
const X = layout.dataStart;
const Y = layout.dataStart + 64;

/** Writes traces in the manner of the litmus tests: one letter an instruction. */
class Machine {
  readonly trace = new Trace();

  st(cpu: number, address: number, byte: number, length = 8, how = 0): this {
    const at = this.trace.length;
    this.trace.append(
      EVENT.store,
      cpu,
      0,
      address,
      length,
      fillData(byte),
      how,
      0,
      address - X,
      at,
    );
    return this;
  }

  nt(cpu: number, address: number, byte: number, length = 8): this {
    return this.st(cpu, address, byte, length, STORE.nonTemporal | STORE.kernel);
  }

  flush(cpu: number, address: number, how: number = FLUSH.clwb): this {
    this.trace.append(EVENT.flush, cpu, 0, address & -64, 64, how);
    return this;
  }

  fence(cpu: number): this {
    this.trace.append(EVENT.fence, cpu, 0, FENCE.sfence);
    return this;
  }
}

/** Every post-crash value of some bytes at the last cut, as `x1 y0`, in order and once each. */
function states(
  machine: Machine,
  places: readonly number[],
  options: Partial<PersistencyOptions> = {},
): string[] {
  const history = new PersistHistory(new Image());
  const { trace } = machine;
  history.reset(freshDisk(program), trace, { persistency: 'line', domain: 'adr', ...options });
  for (let event = 0; event < trace.length; event++) history.apply(event);
  const seen = new Set<string>();
  let count = 0;
  for (const plan of allPlans(history, trace.length - 1)) {
    const image = buildImage(history, plan);
    seen.add(places.map((place) => image[place]).join(' '));
    count++;
  }
  assert.equal(count, countStates(history));
  assert.ok(Math.abs(history.statesLog2 - Math.log2(count)) < 1e-9, 'the running count is right');
  return [...seen].sort((a, b) => (a < b ? -1 : 1));
}

describe('a store', () => {
  test('may or may not have reached media until it is flushed', () => {
    assert.deepEqual(states(new Machine().st(0, X, 1), [X]), ['0', '1']);
  });

  test('persists in any order with one to another line', () => {
    const machine = new Machine().st(0, X, 1).st(0, Y, 1);
    assert.deepEqual(states(machine, [X, Y]), ['0 0', '0 1', '1 0', '1 1']);
  });

  test('persists after the older ones to its line, and only line by line if lines are not ordered', () => {
    const machine = new Machine().st(0, X, 1).st(0, X + 8, 1);
    assert.deepEqual(states(machine, [X, X + 8]), ['0 0', '1 0', '1 1']);
    const location = { persistency: 'location' } as const;
    assert.deepEqual(states(machine, [X, X + 8], location), ['0 0', '0 1', '1 0', '1 1']);
  });

  test('never tears within eight aligned bytes, and may between them', () => {
    assert.deepEqual(states(new Machine().st(0, X, 1), [X, X + 7]), ['0 0', '1 1']);
    const wide = new Machine().st(0, X + 8, 1, 16);
    assert.deepEqual(states(wide, [X + 15, X + 16]), ['0 0', '1 0', '1 1']);
    const unaligned = new Machine().st(0, X + 4, 1, 8);
    assert.deepEqual(states(unaligned, [X + 7, X + 8]), ['0 0', '1 0', '1 1']);
  });
});

describe('a write-back', () => {
  test('with clwb or clflushopt completes at the next fence of its own processor', () => {
    for (const how of [FLUSH.clwb, FLUSH.clflushopt]) {
      const machine = new Machine().st(0, X, 1).flush(0, X, how);
      assert.deepEqual(states(machine, [X]), ['0', '1']);
      assert.deepEqual(states(machine.fence(1), [X]), ['0', '1'], 'another processor');
      assert.deepEqual(states(machine.fence(0), [X]), ['1']);
    }
  });

  test('with clflush completes at once', () => {
    assert.deepEqual(states(new Machine().st(0, X, 1).flush(0, X, FLUSH.clflush), [X]), ['1']);
  });

  test('covers the stores of every processor that were visible when it was issued', () => {
    const machine = new Machine().st(1, X, 1).flush(0, X).fence(0);
    assert.deepEqual(states(machine, [X]), ['1']);
  });

  test('covers no store that became visible after it, fence or not', () => {
    const machine = new Machine().st(0, X, 1).flush(0, X).st(0, X, 2).fence(0);
    assert.deepEqual(states(machine, [X]), ['1', '2']);
  });

  test('of one line does nothing for another', () => {
    const machine = new Machine().st(0, X, 1).st(0, Y, 1).flush(0, X).fence(0);
    assert.deepEqual(states(machine, [X, Y]), ['1 0', '1 1']);
  });
});

describe('a non-temporal store', () => {
  test('needs a fence of its processor and no write-back', () => {
    const machine = new Machine().nt(0, X, 1);
    assert.deepEqual(states(machine, [X]), ['0', '1']);
    assert.deepEqual(states(machine.fence(0), [X]), ['1']);
  });

  test('may be torn between its words until then', () => {
    const machine = new Machine().nt(0, X, 1, 24);
    const location = { persistency: 'location' } as const;
    assert.equal(states(machine, [X, X + 8, X + 16], location).length, 8);
  });
});

describe('with eADR', () => {
  const eadr = { domain: 'eadr' } as const;

  test('a visible store survives without any write-back', () => {
    assert.deepEqual(states(new Machine().st(0, X, 1), [X], eadr), ['1']);
  });

  test('a non-temporal store still waits for its fence', () => {
    const machine = new Machine().nt(0, X, 1);
    assert.deepEqual(states(machine, [X], eadr), ['0', '1']);
    assert.deepEqual(states(machine.fence(0), [X], eadr), ['1']);
  });
});

describe('what is durable', () => {
  test('reaches the media as soon as it is, and nothing else does', () => {
    const machine = new Machine().st(0, X, 1).st(0, Y, 1).flush(0, X).fence(0);
    const media = new Image();
    const history = new PersistHistory(media);
    history.reset(freshDisk(program), machine.trace, { persistency: 'line', domain: 'adr' });
    for (let event = 0; event < machine.trace.length; event++) {
      assert.equal(media.bytes[X], 0);
      history.apply(event);
    }
    assert.deepEqual([media.bytes[X], media.bytes[Y]], [1, 0]);
    assert.deepEqual(history.pending(), [Y >> 6]);
  });

  test('never becomes less on the way through a trace', () => {
    const machine = new Machine();
    for (let i = 0; i < 200; i++) {
      machine.st(i % 2, i % 3 === 0 ? X : Y, i % 250);
      if (i % 5 === 0) machine.flush(i % 2, X);
      if (i % 7 === 0) machine.fence(i % 2);
      if (i % 11 === 0) machine.flush(1, Y, FLUSH.clflush);
    }
    const history = new PersistHistory(new Image());
    history.reset(freshDisk(program), machine.trace, { persistency: 'line', domain: 'adr' });
    let before = history.durable.slice();
    for (let event = 0; event < machine.trace.length; event++) {
      history.apply(event);
      assert.ok(history.durable.every((count, unit) => count >= (before[unit] as number)));
      before = history.durable.slice();
    }
  });
});
