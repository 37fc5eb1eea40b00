/** Campaigns that are killed or interrupted: what was announced is on disk, and the next one goes on. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Prng } from '../../src/support/prng.js';
import { Child } from '../helpers/child.js';
import { checkAnnounced, checkFiles, killCampaign, resumeCampaign } from '../helpers/kill.js';
import { filesBelow, inTemporaryDirectory } from '../helpers/temporary.js';

const ROUNDS = 2;
const PLACES = ['--corpus', 'corpora', '--crashes', 'crashes'];

describe('a campaign that is killed', () => {
  const choice = Prng.fromSeed(20n);
  for (let round = 0; round < ROUNDS; round++) {
    test(`at a moment drawn (${round}) leaves whole files, and can be resumed`, () =>
      inTemporaryDirectory(async (directory) => {
        await killCampaign(directory, choice);
        await resumeCampaign(directory);
      }));
  }
});

describe('a campaign that is interrupted', () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`by ${signal} after a finding ends with the summary and code 1`, () =>
      inTemporaryDirectory(async (directory) => {
        // Without a bound: that it ends at all is the signal's doing.
        const child = new Child(directory, ['run', '--kernel', 'dax-v8', ...PLACES]);
        assert.ok(await child.seen(/^found /gm));
        child.signalGroup(signal);
        const { status, stdout, stderr } = await child.ended;
        assert.equal(status, 1, stderr);
        assert.match(stderr, /^daxfuzz: stopping after what is under way/m);
        const announced = checkAnnounced(directory, stderr);
        assert.match(stdout, new RegExp(`^${announced} findings?:`, 'm'));
        assert.equal(checkFiles(directory).leftovers, 0);
        assert.equal(
          filesBelow(directory).filter((name) => name.endsWith('finding.json')).length,
          announced,
        );
      }));
  }

  test('before it found anything ends with the summary and code 0, also as JSON', () =>
    inTemporaryDirectory(async (directory) => {
      const child = new Child(directory, ['run', '--json', ...PLACES]);
      assert.ok(await child.seen(/^daxfuzz .*: kernel mainline/gm));
      child.signalGroup('SIGINT');
      const { status, stdout, stderr } = await child.ended;
      assert.equal(status, 0, stderr);
      const summary = JSON.parse(stdout) as { findings: unknown[]; executions: number };
      assert.deepEqual(summary.findings, []);
    }));
});
