import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Corpus } from '../../src/corpus/corpus.js';
import { parseProgram } from '../../src/program/text.js';
import type { Schedule } from '../../src/schedule/schedule.js';
import { Prng } from '../../src/support/prng.js';

const HEAD = 'file a pages 2 allocated 2\nt0: f0 = open("a")\n';
const programs = Array.from({ length: 20 }, (_, i) =>
  parseProgram(`${HEAD}t0: m0 = mmap(f0, pages 0..2, MAP_SHARED)\nt0: store(m0, ${i}, 1)`),
);
const racing = parseProgram(`${HEAD}t0: spawn\nt0: fsync(f0)\nt1: fsync(f0)`);
const SWITCH = { from: 0, op: 1, point: 1, nth: 1, to: 1 };

describe('the corpus', () => {
  test('gives the text of a program that is new, and of no other', () => {
    const corpus = new Corpus();
    assert.match(corpus.add(racing) ?? '', /t1: fsync/);
    assert.equal(corpus.add(racing), null);
    assert.equal(corpus.size, 1);
  });

  test('keeps a program again for a schedule that showed something new, unless that is long', () => {
    const corpus = new Corpus();
    const schedule: Schedule = [SWITCH];
    assert.notEqual(corpus.add(racing, schedule), null);
    assert.equal(corpus.add(racing, schedule), null);
    assert.equal(corpus.size, 2);
    corpus.add(
      racing,
      Array.from({ length: 100 }, () => SWITCH),
    );
    assert.equal(corpus.size, 2);
  });

  test('chooses by what mutation has come to, and nothing where it is empty', () => {
    const corpus = new Corpus();
    const choice = Prng.fromSeed(1n);
    assert.equal(corpus.choose(choice), null);
    for (const program of programs) corpus.add(program);
    let good = corpus.any(choice);
    for (let i = 0; i < 400; i++) {
      const item = corpus.any(choice);
      assert.ok(item !== null);
      if (item.program === programs[0]) good = item;
      item.picks = 10;
      item.finds = item.program === programs[0] ? 10 : 0;
    }
    assert.equal(good?.program, programs[0]);
    const count = (draw: () => unknown): number =>
      Array.from({ length: 2000 }, draw).filter((item) => item === good).length;
    assert.ok(count(() => corpus.choose(choice)) > 2 * count(() => corpus.any(choice)));
  });
});
