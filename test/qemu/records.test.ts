import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RECORD, RECORD_BYTES } from '../../src/qemu/protocol.js';
import { firstDifference, RawTrace, replayStores } from '../../src/qemu/records.js';
import { Defect } from '../../src/support/assert.js';
import type { RawRecord } from '../helpers/raw-records.js';
import { rawTrace } from '../helpers/raw-records.js';

const store = (number: number, bytes: readonly number[]): RawRecord => ({
  kind: RECORD.store,
  size: bytes.length,
  number,
  bytes,
});

describe('a record', () => {
  test('has its fields where the plugin puts them', () => {
    // As the C compiler lays out struct record, little-endian.
    const bytes = Uint8Array.from([
      ...[1, 1, 8, 1, 0x40, 0x30, 0x20, 0x03],
      ...[0x90, 0x78, 0x56, 0x34, 0x12, 0xff, 0xff, 0xff],
      ...[1, 2, 3, 4, 5, 6, 7, 8],
      ...[0, 0, 0, 0, 0, 0, 0, 0],
    ]);
    const trace = new RawTrace(bytes, 1);
    assert.equal(trace.kind(0), RECORD.store);
    assert.deepEqual([trace.cpu(0), trace.size(0), trace.how(0)], [1, 8, 1]);
    assert.equal(trace.number(0), 0x03203040);
    assert.equal(trace.pc(0), 0xffffff1234567890n);
    assert.deepEqual([trace.value(0, 0), trace.value(0, 7)], [1, 8]);
  });

  test('of an exit gives negative results', () => {
    const trace = rawTrace([{ kind: RECORD.op_exit, number: 3, low: -14n }]);
    assert.equal(trace.result(0), -14);
  });

  test('beyond the last one is a defect', () => {
    const trace = new RawTrace(new Uint8Array(4 * RECORD_BYTES), 2);
    assert.throws(() => trace.kind(2), Defect);
    assert.throws(() => new RawTrace(new Uint8Array(RECORD_BYTES), 2), Defect);
  });
});

describe('a layout', () => {
  const extent = (how: number, logical: bigint): RawRecord => ({
    kind: RECORD.extent,
    how,
    number: 1,
    pc: logical,
    low: 0x5000n + logical,
    high: 0x1000n,
  });

  test('has the extents of its own file, also where a store lies between', () => {
    const trace = rawTrace([
      { kind: RECORD.layout, how: 1, number: 2, pc: 12n, low: 8192n },
      extent(1, 0n),
      store(64, [1]),
      extent(0, 0x9000n),
      extent(1, 0x4000n),
    ]);
    assert.deepEqual(trace.layout(0), {
      record: 0,
      file: 1,
      slot: null,
      ino: 12,
      size: 8192,
      extents: [
        { logical: 0, physical: 0x5000, length: 0x1000, flags: 1 },
        { logical: 0x4000, physical: 0x9000, length: 0x1000, flags: 1 },
      ],
    });
  });

  test('of an open file without a name says in which slot it is', () => {
    const trace = rawTrace([{ kind: RECORD.layout, how: 18, number: 0, pc: 12n, low: 0n }]);
    assert.deepEqual([trace.layout(0).file, trace.layout(0).slot], [null, 2]);
  });
});

describe('replaying stores', () => {
  test('keeps their order where they overlap', () => {
    const image = new Uint8Array(16);
    replayStores(rawTrace([store(0, [1, 1, 1, 1]), store(2, [2, 2, 2]), store(3, [3])]), image);
    assert.deepEqual([...image.subarray(0, 6)], [1, 1, 2, 3, 2, 0]);
  });

  test('ignores what other records carry, and what is beyond the image', () => {
    const image = new Uint8Array(4);
    const mark: RawRecord = { kind: RECORD.op_enter, number: 0, size: 4, low: 99n };
    replayStores(rawTrace([mark, store(2, [5, 6, 7, 8])]), image);
    assert.deepEqual([...image], [0, 0, 5, 6]);
  });
});

describe('the first difference', () => {
  test('is where the images differ first, or null', () => {
    const image = Uint8Array.from([1, 2, 3, 4]);
    assert.equal(firstDifference(image, Uint8Array.from(image)), null);
    assert.equal(firstDifference(image, Uint8Array.from([1, 2, 9, 9])), 2);
  });
});
