import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Image } from '../../src/media/image.js';
import { PersistHistory } from '../../src/persistency/history.js';
import type { Choice } from '../../src/support/choice.js';
import { Prng } from '../../src/support/prng.js';
import { AT, EVENT } from '../../src/trace/event.js';
import { Trace } from '../../src/trace/trace.js';
import { FORGOTTEN, ForgetfulMemory } from './forgetful.js';
import { addressOfLine, OnePass, writeTrace } from './one-pass.js';
import { propertyOf } from './property.js';
import { spreadOf } from './rounds.js';
import { drawOps, kindOf, Memory, OPS, survives } from './store-flush-fence.js';

/** The same fault in the persistency layer. */
class ForgetfulHistory extends PersistHistory {
  override apply(event: number): void {
    const { trace } = this;
    const forgets =
      trace.kind(event) === EVENT.flush &&
      trace.argument(event, AT.flush.address) === addressOfLine(FORGOTTEN);
    if (!forgets) super.apply(event);
  }
}

/** Nothing survives that need not. */
const WORST: Choice = { below: () => 0 };

/** The verdict of the simulation on every cut of a program with the worst survivors of each. */
function survivesEveryCut(create: () => Memory, ops: ArrayLike<number>): boolean {
  for (let cut = 0; cut <= OPS; cut++) if (!survives(create(), ops, cut, WORST)) return false;
  return true;
}

describe('the workload of the benchmark', () => {
  test('is half stores, a quarter flushes and a quarter fences', () => {
    const choice = new Prng(1, 0);
    const counts = { store: 0, flush: 0, fence: 0 };
    for (let i = 0; i < 400; i++) for (const op of drawOps(choice)) counts[kindOf(op)]++;
    assert.ok(Math.abs(counts.store - 10_000) < 500, `${counts.store} stores of 20,000`);
    assert.ok(Math.abs(counts.flush - 5_000) < 500, `${counts.flush} flushes of 20,000`);
    assert.ok(Math.abs(counts.fence - 5_000) < 500, `${counts.fence} fences of 20,000`);
  });

  test('as a property holds for memory that keeps what was fenced, and not for one that forgets a line', () => {
    const parameters = { numRuns: 5000, seed: 1, unbiased: true };
    assert.equal(
      fc.check(
        propertyOf(() => new Memory()),
        parameters,
      ).failed,
      false,
    );
    assert.equal(
      fc.check(
        propertyOf(() => new ForgetfulMemory()),
        parameters,
      ).failed,
      true,
    );
  });

  test('in one pass has the verdict that the simulation gives over all cuts, with and without a fault', () => {
    const choice = new Prng(2, 0);
    const trace = new Trace();
    const correct = new OnePass();
    const faulty = new OnePass(new ForgetfulHistory(new Image()));
    let lost = 0;
    for (let i = 0; i < 2000; i++) {
      const ops = drawOps(choice);
      writeTrace(trace, ops);
      assert.equal(correct.survives(trace), true);
      assert.equal(
        survivesEveryCut(() => new Memory(), ops),
        true,
      );
      const expected = survivesEveryCut(() => new ForgetfulMemory(), ops);
      assert.equal(faulty.survives(trace), expected, `program ${i}: ${ops.join(' ')}`);
      if (!expected) lost++;
    }
    assert.ok(lost > 20 && lost < 1000, `${lost} of 2,000 programs lose something`);
  });
});

describe('a spread', () => {
  test('has the middle value, or the mean of the two in the middle, and the ends', () => {
    assert.deepEqual(spreadOf([10, 9, 100]), { median: 10, min: 9, max: 100 });
    assert.deepEqual(spreadOf([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4 });
  });
});
