import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MemoryCells } from './memory-cells.js';
import type { Minute } from './memory-minutes.js';
import { flatnessOf, minutesOf } from './memory-minutes.js';

describe('samples of memory', () => {
  test('become the peaks of each minute, the process and each worker for itself', () => {
    const samples = [
      { middleMs: 5_000, rss: 100, workers: [10, 40], corpus: 1 },
      { middleMs: 55_000, rss: 90, workers: [30, 20], corpus: 2 },
      { middleMs: 60_000, rss: 70, workers: [1, 2], corpus: 3 },
    ];
    assert.deepEqual(minutesOf(samples), [
      { minute: 1, rss: 100, workers: [30, 40], corpus: 2 },
      { minute: 2, rss: 70, workers: [1, 2], corpus: 3 },
    ]);
  });
});

describe('memory', () => {
  const minutes = (...peaks: readonly number[]): Minute[] =>
    peaks.map((rss, index) => ({ minute: index + 1, rss, workers: [], corpus: 0 }));
  const isFlat = (...peaks: readonly number[]): boolean =>
    flatnessOf(minutes(...peaks), ({ rss }) => rss).isFlat;

  test('is flat if the last minute is within a tenth of the first', () => {
    assert.equal(isFlat(100, 109), true);
    assert.equal(isFlat(100, 91), true);
    assert.equal(isFlat(100, 150, 100), true);
  });

  test('is not flat if it grew or shrank by more, or if nothing is known of it', () => {
    assert.equal(isFlat(100, 111), false);
    assert.equal(isFlat(100, 89), false);
    assert.equal(isFlat(0, 0), false);
    assert.equal(isFlat(), false);
  });
});

describe('the cells of memory', () => {
  test('hold the peak of each worker until somebody takes it', () => {
    const cells = MemoryCells.forWorkers(2);
    const [first, second] = [cells.takeNumber(), cells.takeNumber()];
    const inThread = new MemoryCells(cells.memory);
    inThread.note(first, 5);
    inThread.note(first, 3);
    inThread.note(second, 7);
    assert.deepEqual(cells.takePeaks(), [5, 7]);
    assert.deepEqual(cells.takePeaks(), [0, 0]);
  });
});
