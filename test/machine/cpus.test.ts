import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Cpus } from '../../src/machine/cpus.js';
import { Defect } from '../../src/support/assert.js';
import { argumentsOf } from '../../src/trace/arguments.js';
import { AT, EVENT, FENCE, FLUSH, STORE } from '../../src/trace/event.js';
import { Trace } from '../../src/trace/trace.js';

function machine(): { cpus: Cpus; trace: Trace; memory: Uint8Array; kinds: () => string[] } {
  const trace = new Trace();
  const cpus = new Cpus(trace, 2);
  const memory = new Uint8Array(4096);
  cpus.reset(memory);
  const names = new Map<number, string>(Object.entries(EVENT).map(([name, kind]) => [kind, name]));
  const kinds = (): string[] =>
    Array.from({ length: trace.length }, (_, event) => {
      // Stores and flushes have it at the same place.
      const where =
        trace.kind(event) === EVENT.fence ? '' : ` ${trace.argument(event, AT.store.address)}`;
      return `${trace.task(event)} ${names.get(trace.kind(event)) ?? '?'}${where}`;
    });
  return { cpus, trace, memory, kinds };
}

const store = (cpus: Cpus, cpu: number, address: number, byte: number, length = 8): void =>
  cpus.store(cpu, 0, address, length, byte, 0, address);

function loaded(cpus: Cpus, trace: Trace, cpu: number, address: number): number {
  return trace.pool[cpus.load(cpu, address, 1)] as number;
}

describe('a store buffer', () => {
  test('hides a store from other processors until it drains, and never from its own', () => {
    const { cpus, trace, memory } = machine();
    store(cpus, 0, 64, 5);
    assert.equal(loaded(cpus, trace, 0, 64), 5);
    assert.equal(loaded(cpus, trace, 1, 64), 0);
    assert.equal(memory[64], 0);
    cpus.drainOldest(0);
    assert.equal(loaded(cpus, trace, 1, 64), 5);
  });

  test('forwards the newest of several stores to the same place', () => {
    const { cpus, trace } = machine();
    store(cpus, 0, 64, 5);
    store(cpus, 0, 64, 6);
    store(cpus, 0, 68, 7, 4);
    assert.equal(loaded(cpus, trace, 0, 67), 6);
    assert.equal(loaded(cpus, trace, 0, 68), 7);
  });

  test('drains in program order, whatever the addresses (total store order)', () => {
    const { cpus, kinds } = machine();
    for (const address of [128, 64, 192]) store(cpus, 0, address, 1);
    cpus.drain(0);
    assert.deepEqual(kinds(), ['0 store 128', '0 store 64', '0 store 192']);
  });

  test('that is full drains its oldest store to take another', () => {
    const { cpus, kinds } = machine();
    for (let i = 0; i < 9; i++) store(cpus, 0, 64 * i, 1);
    assert.deepEqual(kinds(), ['0 store 0']);
    assert.equal(cpus.heldStores(0), 8);
  });

  test('refuses a store that crosses a cache line: that would be two', () => {
    const { cpus } = machine();
    assert.throws(() => store(cpus, 0, 60, 1, 8), Defect);
  });
});

describe('a write-back', () => {
  test('comes after the older stores of its processor to that line, and leaves others buffered', () => {
    const { cpus, kinds } = machine();
    store(cpus, 0, 64, 1);
    store(cpus, 0, 192, 1);
    cpus.flush(0, 0, 64, 8);
    assert.deepEqual(kinds(), ['0 store 64', '0 flush 64']);
    assert.equal(cpus.heldStores(0), 1);
  });

  test('with clflush comes after all older stores of its processor, whatever their lines', () => {
    const { cpus, kinds } = machine();
    store(cpus, 0, 64, 1);
    store(cpus, 0, 192, 1);
    store(cpus, 1, 320, 1);
    cpus.flush(0, 0, 64, 8, FLUSH.clflush);
    assert.deepEqual(kinds(), ['0 store 64', '0 store 192', '0 flush 64']);
    assert.equal(cpus.heldStores(1), 1);
  });

  test('covers whole lines, whatever part of them is named', () => {
    const { cpus, trace } = machine();
    cpus.flush(1, 0, 100, 100, FLUSH.clflush);
    assert.deepEqual(argumentsOf(trace, 0), { address: 64, length: 192, how: FLUSH.clflush });
  });
});

describe('ordering instructions', () => {
  test('a fence drains the buffer first', () => {
    const { cpus, kinds } = machine();
    store(cpus, 0, 64, 1);
    cpus.fence(0, 0, FENCE.sfence);
    assert.deepEqual(kinds(), ['0 store 64', '0 fence']);
  });

  test('a locked operation drains, and counts as a fence where there is something to fence', () => {
    const { cpus, trace, kinds } = machine();
    cpus.locked(0, 0);
    store(cpus, 0, 64, 1);
    cpus.locked(0, 0);
    assert.deepEqual(kinds(), ['0 store 64']);
    cpus.flush(0, 0, 64, 8);
    cpus.locked(0, 0);
    assert.deepEqual(kinds(), ['0 store 64', '0 flush 64', '0 fence']);
    assert.equal(trace.argument(2, AT.fence.how), FENCE.locked);
    cpus.locked(0, 0);
    assert.equal(trace.length, 3, 'nothing is outstanding any more');
  });

  test('a kernel store is visible at once, after the older user stores of its processor', () => {
    const { cpus, kinds, memory } = machine();
    store(cpus, 0, 64, 1);
    cpus.storeNow(0, 0, 128, 16, 9, STORE.kernel | STORE.nonTemporal, 0, 0);
    assert.deepEqual(kinds(), ['0 store 64', '0 store 128']);
    assert.equal(memory[143], 9);
  });
});
