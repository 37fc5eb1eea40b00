/** Each bug of the catalogue is found from a fixed seed within a budget, and nothing where there is none. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { CampaignSummary } from '../../src/campaign/summary.js';
import { bugByName } from '../../src/kernel/bugs.js';
import { daxfuzz } from '../helpers/cli.js';
import { filesBelow, inTemporaryDirectory } from '../helpers/temporary.js';

const EXECUTIONS_MAX = 300_000;

const HUNTED = [
  'A1',
  'A2',
  'A3',
  'A4',
  'A5',
  'A9',
  'A11',
  'A20',
  'A21',
  'A23',
  'A27',
  'A28',
  'B01',
  'B04',
  'B06',
  'B07',
  'B09',
  'B15',
  'B34',
];

interface Hunt {
  readonly status: number | null;
  readonly summary: CampaignSummary;
  readonly stderr: string;
  readonly files: readonly string[];
}

/** A campaign on mainline from seed 1; its stdout must be one JSON object and nothing else. */
async function hunt(...flags: readonly string[]): Promise<Hunt> {
  return inTemporaryDirectory((directory) => {
    const words = ['run', '--kernel', 'mainline', '--seed', '1', '--workers', '1', '--json'];
    const { status, stdout, stderr } = daxfuzz(directory, ...words, ...flags);
    assert.match(stdout, /^\{\n[^]*\n\}\n$/, stderr);
    const summary = JSON.parse(stdout) as CampaignSummary;
    return { status, summary, stderr, files: filesBelow(directory) };
  });
}

describe('a campaign on mainline with one fix taken back', () => {
  for (const id of HUNTED) {
    const bug = bugByName(id);
    test(`finds ${id}, ${bug.slug}`, async () => {
      const flags = ['--bug', id, '--execs', String(EXECUTIONS_MAX), '--stop-on-first'];
      const { status, summary, files } = await hunt(...flags);
      assert.equal(status, 1);
      assert.deepEqual(summary.bugs, [id]);
      assert.equal(summary.findings.length, 1);
      const [finding] = summary.findings;
      assert.ok(finding !== undefined);
      assert.ok(bug.promises.includes(finding.promise), finding.signature);
      assert.ok(finding.catalogue.includes(id), finding.signature);
      assert.ok(finding.executionsToFind <= summary.executions);
      assert.ok(summary.executions <= EXECUTIONS_MAX);
      assert.ok(files.includes(finding.file), `${finding.file} is not among ${files.join(' ')}`);
    });
  }
});

describe('a campaign without the seed programs', () => {
  // With them these are found by the first few executions.
  for (const id of ['A3', 'A5', 'A21', 'A28', 'B01', 'B09']) {
    test(`finds ${id} as well`, async () => {
      const flags = ['--bug', id, '--execs', String(EXECUTIONS_MAX), '--stop-on-first'];
      const { status, summary } = await hunt('--no-seeds', ...flags);
      assert.equal(status, 1);
      assert.deepEqual(
        summary.findings.map(({ catalogue }) => catalogue.includes(id)),
        [true],
      );
    });
  }
});

describe('a campaign without guidance', () => {
  test('keeps no program but the seeds', async () => {
    const { status, summary, files } = await hunt('--no-guidance', '--execs', '3000');
    assert.equal(status, 0);
    assert.equal(summary.coverage, 0);
    assert.equal(summary.guidance, false);
    assert.deepEqual(files, []);
  });
});

test('a campaign that does not minimise files what it found as it came', async () => {
  const flags = ['--bug', 'B01', '--no-seeds', '--execs', '3000', '--stop-on-first'];
  const [asItCame] = (await hunt('--no-minimize', ...flags)).summary.findings;
  const [small] = (await hunt(...flags)).summary.findings;
  assert.ok(asItCame !== undefined && small !== undefined);
  assert.equal(asItCame.executionsToFind, small.executionsToFind);
  assert.equal(asItCame.signature, small.signature);
  assert.ok(asItCame.ops > small.ops, `${asItCame.ops} operations, minimised ${small.ops}`);
});

describe('a campaign on mainline', () => {
  test('finds nothing in 20,000 executions, and no invariant that does not hold', async () => {
    const { status, summary, stderr, files } = await hunt('--invariants', '--execs', '20000');
    assert.equal(summary.invariants, true);
    assert.equal(status, 0, stderr);
    assert.deepEqual(summary.findings, []);
    assert.equal(summary.executions, 20_000);
    assert.ok(summary.promisesDecided > 20_000, `${summary.promisesDecided} promises decided`);
    assert.ok(summary.crashPoints > summary.events, 'a cut after each event and one before');
    assert.equal(summary.workersLost, 0);
    assert.ok(files.length > 0 && files.every((file) => file.startsWith('corpora')), files.join());
  });
});

test('a campaign with invariants finds one that does not hold long before the promise is broken', async () => {
  const flags = ['--bug', 'B36', '--no-seeds', '--execs', '3000', '--stop-on-first'];
  const { status, summary } = await hunt('--invariants', ...flags);
  assert.equal(status, 1);
  assert.deepEqual(
    summary.findings.map(({ signature }) => signature),
    // In the page in which a file ends nothing waits for a commit: there it is only not tagged yet.
    ['P0 writable-and-clean'],
  );
  const [finding] = summary.findings;
  assert.ok((finding?.executionsToFind ?? NaN) < 300, `${finding?.executionsToFind}`);
});
