import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { EventName } from '../../src/trace/event.js';
import { EVENT, EVENT_ARGUMENTS } from '../../src/trace/event.js';
import { printEvent } from '../../src/trace/text.js';
import { dataByte, DEVICE_TASK, fillData, NO_TASK, Trace } from '../../src/trace/trace.js';

describe('a trace', () => {
  test('gives back what was appended, also after its arrays have grown', () => {
    const trace = new Trace();
    for (let i = 0; i < 5000; i++) trace.append(EVENT.flush, i % 9, i - 1, i, -i, 3, 4, 5, 6, 7);
    assert.equal(trace.length, 5000);
    for (const i of [0, 1, 2047, 4999]) {
      assert.equal(trace.kind(i), EVENT.flush);
      assert.equal(trace.task(i), i % 9);
      assert.equal(trace.op(i), i - 1);
      assert.deepEqual(
        [0, 1, 2, 3, 4, 5, 6].map((which) => trace.argument(i, which)),
        [i, 0 - i, 3, 4, 5, 6, 7],
      );
    }
  });

  test('keeps bytes in a pool that grows, and single repeated bytes without it', () => {
    const trace = new Trace();
    const source = Uint8Array.from({ length: 3000 }, (_, n) => n % 251);
    const places = Array.from({ length: 20 }, () => trace.appendBytes(source, 0, source.length));
    for (const place of places) assert.equal(dataByte(trace, place, 2999), 2999 % 251);
    assert.equal(dataByte(trace, fillData(0), 77), 0);
    assert.equal(dataByte(trace, fillData(255), 77), 255);
  });

  test('has another hash as soon as one argument or one byte differs', () => {
    const make = (length: number, byte: number): string => {
      const trace = new Trace();
      const data = trace.appendBytes(Uint8Array.of(byte), 0, 1);
      trace.append(EVENT.store, 0, 0, 64, length, data, 0, 0, 0, 0);
      return trace.hash();
    };
    assert.equal(make(8, 1), make(8, 1));
    assert.notEqual(make(8, 1), make(16, 1));
    assert.notEqual(make(8, 1), make(8, 2));
  });

  test('starts afresh after clear', () => {
    const trace = new Trace();
    const empty = trace.hash();
    trace.append(EVENT.sync_range, 0, 0);
    trace.appendBytes(Uint8Array.of(1), 0, 1);
    trace.clear();
    assert.equal(trace.hash(), empty);
  });
});

describe('the vocabulary', () => {
  test('has one number, and at most seven named arguments, for each kind', () => {
    const kinds = Object.values(EVENT);
    assert.equal(new Set(kinds).size, kinds.length);
    for (const name of Object.keys(EVENT) as EventName[]) {
      assert.ok(EVENT_ARGUMENTS[name].length <= 7, name);
      assert.ok(EVENT[name] < 256, name);
    }
  });

  test('prints one line an event, with sizes in bytes and places in hex', () => {
    const trace = new Trace();
    trace.append(EVENT.store, 0, 2, 0x5040, 8, fillData(3), 0, 0, 0x1040, 17);
    trace.append(EVENT.fence, DEVICE_TASK, -1, 0);
    trace.append(EVENT.context_switch, NO_TASK, -1, 0, 1);
    assert.equal(
      printEvent(trace, 0),
      '000000 t0  op 2  store address=0x5040 length=8 data=fill(3) how=0 ino=0 offset=0x1040 issued=17',
    );
    assert.equal(printEvent(trace, 1), '000001 dev       fence how=0');
    assert.equal(printEvent(trace, 2), '000002 -         context_switch point=0 to=1');
  });
});
