/**
 * `node dist/test/smoke.js`: short campaigns on the model as every change must pass them, one on each of its
 * file systems: nothing is found, no invariant is broken, no rare branch is left untaken. Gives exit code 1
 * and says what is wrong.
 */
import { spawnSync } from 'node:child_process';
import type { CampaignSummary } from '../src/campaign/campaign.js';
import { err, out } from '../src/cli/print.js';
import { MAIN } from './helpers/cli.js';
import { inTemporaryDirectory } from './helpers/temporary.js';

const PROFILES: readonly (readonly string[])[] = [
  ['--fs', 'ext4'],
  ['--fs', 'xfs-reflink'],
];
const EXECUTIONS = 60_000;
/** Far more than that takes on the slowest of machines. */
const TIMEOUT_MS = 1_800_000;

async function smoke(profile: readonly string[]): Promise<string[]> {
  const words = ['run', '--kernel', 'mainline', ...profile, '--invariants', '--seed', '1'];
  const bounds = ['--workers', '1', '--execs', String(EXECUTIONS), '--json'];
  const { stdout, stderr } = await inTemporaryDirectory((cwd) =>
    spawnSync(process.execPath, [MAIN, ...words, ...bounds], {
      cwd,
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      maxBuffer: 1 << 28,
    }),
  );
  if (!stdout.startsWith('{')) return [stderr];
  const { findings, marks, executions } = JSON.parse(stdout) as CampaignSummary;
  const left = marks.filter((mark) => mark.executions === 0);
  return [
    ...(executions === EXECUTIONS ? [] : [`only ${executions} executions`]),
    ...findings.map(({ signature, title }) => `found ${signature}: ${title}`),
    ...left.map(({ name }) => `no execution took the branch ${name}`),
  ];
}

async function main(): Promise<void> {
  for (const profile of PROFILES) {
    const problems = await smoke(profile);
    for (const problem of problems) err(`smoke ${profile.join(' ')}: ${problem}`);
    if (problems.length > 0) process.exitCode = 1;
    else out(`smoke ${profile.join(' ')}: nothing found, every rare branch taken`);
  }
}

void main();
