import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Prng } from '../../src/support/prng.js';
import { ForgetfulMemory } from './forgetful.js';
import { drawInput, measureJsfuzz } from './jsfuzz.js';
import { decode, fuzz, INPUT_BYTES, runInput } from './jsfuzz-target.js';
import { lineOf, Memory, OP_BOUND, OPS } from './store-flush-fence.js';

const INPUTS = 5000;

describe('the jsfuzz target', () => {
  test('holds for memory that keeps what was fenced, and not for one that forgets a line', () => {
    const choice = new Prng(1, 0);
    let lost = 0;
    for (let i = 0; i < INPUTS; i++) {
      const input = drawInput(choice);
      runInput(new Memory(), input);
      try {
        runInput(new ForgetfulMemory(), input);
      } catch {
        lost++;
      }
    }
    assert.ok(lost > 5 && lost < INPUTS / 2, `${lost} of ${INPUTS} inputs lose something`);
  });

  test('reads 50 operations, a cut and the seed of survivors out of any bytes', () => {
    const whole = drawInput(new Prng(2, 0));
    const inputs = [Buffer.alloc(0), whole.subarray(0, 7), whole, Buffer.concat([whole, whole])];
    for (const input of inputs) {
      const { ops, cut } = decode(input);
      assert.equal(ops.length, OPS);
      assert.ok(ops.every((op) => op >= 0 && op < OP_BOUND));
      assert.ok(cut >= 0 && cut <= OPS);
      fuzz(input);
    }
    assert.equal(whole.length, INPUT_BYTES);
    const copy = (input: Buffer): unknown => ({ ...decode(input), ops: [...decode(input).ops] });
    const once = copy(whole);
    assert.notDeepEqual(copy(drawInput(new Prng(9, 0))), once);
    assert.deepEqual(copy(Buffer.concat([whole, whole])), once);
  });

  test('reads what is missing as zero, not as what the input before had there', () => {
    decode(drawInput(new Prng(3, 0)));
    const { ops, cut, survivors } = decode(Buffer.from([0xff, 0x07]));
    assert.deepEqual([...ops].slice(0, 2), [OP_BOUND - 1, 0]);
    assert.deepEqual([cut, survivors], [0, 0]);
  });

  test('is drawn all lines and all cuts', () => {
    const choice = new Prng(4, 0);
    const lines = new Set<number>();
    const cuts = new Set<number>();
    for (let i = 0; i < 1000; i++) {
      const { ops, cut } = decode(drawInput(choice));
      for (const op of ops) lines.add(lineOf(op));
      cuts.add(cut);
    }
    assert.deepEqual([lines.size, cuts.size], [64, OPS + 1]);
  });

  test('under jsfuzz itself runs as often as it is told, with inputs that are not tiny', async () => {
    const found = await measureJsfuzz(100, 400);
    assert.equal(found.executions, 400);
    assert.equal(found.cuts, 400);
    assert.ok(found.operations > 400 && found.operations <= 400 * OPS, String(found.operations));
  });
});
