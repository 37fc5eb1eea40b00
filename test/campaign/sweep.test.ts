/** `run --scheduler exhaustive`: what it covers, what it finds, and what it says it did not cover. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CampaignSummary } from '../../src/campaign/summary.js';
import { Remaining } from '../../src/campaign/ranges.js';
import type { SweepSummary } from '../../src/campaign/sweep-counts.js';
import { daxfuzz } from '../helpers/cli.js';
import { inTemporaryDirectory } from '../helpers/temporary.js';

interface Swept {
  readonly status: number | null;
  readonly summary: CampaignSummary;
  readonly covered: SweepSummary;
}

async function sweep(...flags: readonly string[]): Promise<Swept> {
  return inTemporaryDirectory((directory) => {
    const words = ['run', '--scheduler', 'exhaustive', '--workers', '1', '--json', ...flags];
    const { status, stdout, stderr } = daxfuzz(directory, ...words);
    assert.match(stdout, /^\{\n[^]*\n\}\n$/, stderr);
    const summary = JSON.parse(stdout) as CampaignSummary;
    assert.ok(summary.exhaustive !== null);
    return { status, summary, covered: summary.exhaustive };
  });
}

const TIMES = { elapsedMs: 0, executionsPerSecond: 0, findingsMs: 0 };

describe('an exhaustive run', () => {
  test('on mainline covers everything within its bounds and finds nothing', async () => {
    const { status, summary, covered } = await sweep('--ops', '2');
    assert.equal(status, 0);
    assert.deepEqual(summary.findings, []);
    assert.equal(covered.programs, covered.programsInAll);
    assert.deepEqual(covered.left, []);
    const schedules = covered.themes.reduce((sum, theme) => sum + theme.schedules, 0);
    assert.equal(schedules, summary.executions);
    assert.ok(summary.executions > 10 * covered.programs, `${summary.executions} schedules`);
    assert.ok(covered.crashStates > summary.crashPoints, 'each cut has a state at least');
    for (const theme of covered.themes) assert.equal(theme.programs, theme.programsInAll);
  });

  test('finds a race of two threads that needs one preemption', async () => {
    const flags = ['--bug', 'A2', '--ops', '3', '--stop-on-first', '--programs', '1150..1200'];
    const { status, summary, covered } = await sweep(...flags, '--preemptions', '1');
    assert.equal(status, 1);
    // The program that shows it is among those that are left: not all of its schedules were run.
    assert.deepEqual(covered.left, [{ from: 1150 + covered.programs, to: 1200 }]);
    assert.deepEqual(
      summary.findings.map(({ signature }) => signature),
      ['P3 towrite-taken'],
    );
  });

  test('does not find it without preemptions', async () => {
    const flags = ['--bug', 'A2', '--ops', '3', '--preemptions', '0', '--programs', '1150..1200'];
    const { status } = await sweep(...flags);
    assert.equal(status, 0);
  });

  test('in parts comes to the same as in one', async () => {
    const whole = await sweep('--ops', '2', '--programs', '100..260');
    const parts = [
      await sweep('--ops', '2', '--programs', '100..177'),
      await sweep('--ops', '2', '--programs', '177..260', '--workers', '2'),
    ];
    const sum = (of: (swept: Swept) => number): number =>
      parts.reduce((total, part) => total + of(part), 0);
    assert.equal(
      sum(({ summary }) => summary.executions),
      whole.summary.executions,
    );
    assert.equal(
      sum(({ covered }) => covered.crashStates),
      whole.covered.crashStates,
    );
    assert.equal(
      sum(({ covered }) => covered.programs),
      160,
    );
  });

  test('is the same each time, with any number of workers', async () => {
    const one = await sweep('--ops', '2', '--programs', '0..90');
    const two = await sweep('--ops', '2', '--programs', '0..90', '--workers', '2');
    assert.deepEqual({ ...two.summary, ...TIMES, workers: 1 }, { ...one.summary, ...TIMES });
  });

  test('that is stopped says which programs it has not covered', async () => {
    const { status, covered } = await sweep('--time', '2s');
    assert.equal(status, 0);
    const [left, ...more] = covered.left;
    assert.deepEqual(more, []);
    assert.deepEqual(left, { from: covered.programs, to: covered.programsInAll });
    assert.ok(covered.programs < covered.programsInAll);
  });
});

describe('what remains of a range', () => {
  test('is handed out in pieces until nothing is left', () => {
    const remaining = new Remaining({ from: 3, to: 8 });
    assert.deepEqual(
      [remaining.take(2), remaining.take(2), remaining.take(2), remaining.take(2)],
      [{ from: 3, to: 5 }, { from: 5, to: 7 }, { from: 7, to: 8 }, null],
    );
  });

  test('comes back in order and joined', () => {
    const remaining = new Remaining({ from: 0, to: 30 });
    for (let i = 0; i < 3; i++) remaining.take(10);
    remaining.giveBack({ from: 25, to: 30 });
    remaining.giveBack({ from: 2, to: 10 });
    remaining.giveBack({ from: 20, to: 20 });
    assert.deepEqual(remaining.all, [
      { from: 2, to: 10 },
      { from: 25, to: 30 },
    ]);
    remaining.giveBack({ from: 10, to: 25 });
    assert.deepEqual(remaining.all, [{ from: 2, to: 30 }]);
  });
});
