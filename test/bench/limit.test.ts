import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Image } from '../../src/media/image.js';
import { PersistHistory } from '../../src/persistency/history.js';
import { AT, EVENT } from '../../src/trace/event.js';
import { Trace } from '../../src/trace/trace.js';
import { fold, limitLoop, STORES_PER_FENCE, StoreCostMeter, WORDS, writeStores } from './limit.js';

function countKind(trace: Trace, kind: number): number {
  let count = 0;
  for (let event = 0; event < trace.length; event++) if (trace.kind(event) === kind) count++;
  return count;
}

describe('the limit loop', () => {
  test('logs and copies every word', () => {
    const { log, image } = limitLoop();
    for (const array of [log, image]) {
      assert.equal(array.length, WORDS);
      assert.ok(array.every((value, word) => value === word + 0.5));
    }
  });
});

describe('the stores whose cost is measured', () => {
  for (const storesPerFence of STORES_PER_FENCE) {
    test(`are one to each word, all on media in the end, with a flush and a fence after ${storesPerFence}`, () => {
      const trace = new Trace();
      const history = new PersistHistory(new Image());
      writeStores(trace, storesPerFence);
      fold(history, trace);
      assert.equal(countKind(trace, EVENT.store), WORDS);
      assert.equal(countKind(trace, EVENT.flush), WORDS / storesPerFence);
      assert.equal(countKind(trace, EVENT.fence), WORDS / storesPerFence);
      for (let event = 0, word = 0; event < trace.length; event++) {
        if (trace.kind(event) !== EVENT.store) continue;
        const address = trace.argument(event, AT.store.address);
        const bytes = history.media.bytes.subarray(address, address + 8);
        assert.ok(bytes.every((byte) => byte === (word & 127)));
        word++;
      }
    });
  }

  test('are measured in each mix', () => {
    const { limit, costs } = new StoreCostMeter().measure(1);
    assert.ok(limit > 0);
    assert.deepEqual(
      costs.map((cost) => cost.storesPerFence),
      [...STORES_PER_FENCE],
    );
    assert.ok(costs.every(({ folded, writtenAndFolded }) => folded > 0 && writtenAndFolded > 0));
  });
});
