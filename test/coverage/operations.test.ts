import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OperationFeatures } from '../../src/coverage/operations.js';
import { COVERAGE_PLACES } from '../../src/coverage/place.js';
import { runText } from '../helpers/lines.js';

const MAPPED = `file a pages 4 allocated 4
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
`;
const BASE = `${MAPPED} t0: store(m0, 0x40, 8)\n t0: fsync(f0)`;

function afterBase(): (program: string) => number {
  const features = new OperationFeatures(new Uint8Array(COVERAGE_PLACES));
  const collect = (text: string): number => {
    const { trace, program } = runText(text);
    return features.collect(trace, program);
  };
  assert.ok(collect(BASE) > 0);
  return collect;
}

describe('operations', () => {
  test('show nothing new the second time, wherever they store', () => {
    const collect = afterBase();
    assert.equal(collect(BASE), 0);
    assert.equal(collect(`${MAPPED} t0: store(m0, 0x2040, 8)\n t0: fsync(f0)`), 0);
  });

  test('in another order are new', () => {
    assert.ok(afterBase()(`${MAPPED} t0: fsync(f0)\n t0: store(m0, 0x40, 8)`) > 0);
  });

  test('that write back nothing, or far more, are new', () => {
    const collect = afterBase();
    const again = `${BASE}\n t0: fsync(f0)`;
    assert.ok(collect(again) > 0);
    assert.equal(collect(again), 0);
    assert.ok(collect(`${MAPPED} t0: store(m0, 0x40, 0x3000)\n t0: fsync(f0)`) > 0);
  });

  test('that fail are new', () => {
    const collect = afterBase();
    const synced = `${BASE}\n t0: munmap(m0, pages 0..4)`;
    collect(`${synced}\n t0: msync(m0, pages 0..1, MS_SYNC)`);
    assert.ok(collect(`${BASE}\n t0: msync(m0, pages 0..1, MS_SYNC)`) > 0);
  });
});
