import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { inTemporaryDirectory } from '../helpers/temporary.js';
import { medianOf, recallOf, summaryOf } from './recall-figures.js';
import type { Hunt } from './recall-hunt.js';

const BENCH = path.join(__dirname, 'recall.js');

function huntOf(id: string, seed: string, seconds: number, found = true): Hunt {
  const signature = found ? 'P3 never-tagged' : null;
  return { mode: 'guided', id, seed, signature, executions: seconds * 1000, seconds };
}

describe('the figures of the recall benchmark', () => {
  const hunts = [
    huntOf('A1', '1', 1),
    huntOf('A1', '2', 3),
    huntOf('A2', '1', 2),
    huntOf('A2', '2', 70),
    huntOf('A3', '1', 60, false),
    huntOf('A3', '2', 4),
  ];

  test('are medians and worsts over the seeds of a row', () => {
    assert.deepEqual(recallOf(hunts, 'guided', 'A1'), {
      hunts: 2,
      found: 2,
      executions: { median: 2000, worst: 3000 },
      seconds: { median: 2, worst: 3 },
    });
    assert.equal(recallOf(hunts, 'bare', 'A1'), null);
    assert.equal(medianOf([3, 1, 10]), 3);
  });

  test('say which rows reach the goal, and which are slowest, those that a seed missed first', () => {
    const summary = summaryOf(hunts, 'guided', ['A1', 'A2', 'A3', 'B01']);
    assert.deepEqual(summary, {
      rows: 3,
      foundByAll: 2,
      withinGoal: 1,
      medianSeconds: 32,
      medianExecutions: 32_000,
      slowest: ['A3', 'A2', 'A1'],
    });
  });
});

test('a recall benchmark that was stopped goes on with the hunts that are missing', async () => {
  await inTemporaryDirectory((directory) => {
    const output = path.join(directory, 'recall.json');
    const kept = { daxfuzz: '', limitMs: 60_000, hunts: [huntOf('B01', '1', 1)] };
    fs.writeFileSync(output, JSON.stringify(kept));
    const words = [BENCH, '--ids', 'b01', '--seeds', '2', '--modes', 'guided', '--output', output];
    const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^B01 +2\/2 /m);
    const { hunts } = JSON.parse(fs.readFileSync(output, 'utf8')) as { hunts: Hunt[] };
    assert.deepEqual(hunts[0], kept.hunts[0]);
    assert.equal(hunts[1]?.seed, '2');
    assert.match(hunts[1]?.signature ?? '', /^P[3456] /);
  });
});

test('a mode that the recall benchmark does not know is refused', () => {
  const { status, stderr } = spawnSync(process.execPath, [BENCH, '--modes', 'blind'], {
    encoding: 'utf8',
  });
  assert.equal(status, 2);
  assert.match(
    stderr,
    /--modes: expected some of guided,unguided,random,unseeded,bare, found "blind"/,
  );
});
