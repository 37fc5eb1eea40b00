/**
 * `node dist/test/smoke.js`: short campaigns on the model as every change must pass them, one on each of its
 * file systems: nothing is found, no invariant is broken, no rare branch is left untaken. Gives exit code 1
 * and says what is wrong.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CampaignSummary } from '../src/campaign/summary.js';
import { err, out } from '../src/cli/print.js';
import { MAIN } from './helpers/cli.js';
import { inTemporaryDirectory } from './helpers/temporary.js';

const PROFILES: readonly (readonly string[])[] = [
  ['--fs', 'ext4'],
  ['--fs', 'xfs-reflink'],
];
const run = promisify(execFile);
const EXECUTIONS = 60_000;
/** Far more than that takes on the slowest of machines. */
const TIMEOUT_MS = 1_800_000;

interface Smoke {
  readonly problems: readonly string[];
  /** Rare branches of this file system, and those that some execution took. */
  readonly branches: readonly string[];
  readonly taken: readonly string[];
}

async function smoke(profile: readonly string[]): Promise<Smoke> {
  const words = ['run', '--kernel', 'mainline', ...profile, '--invariants', '--seed', '1'];
  const bounds = ['--workers', '1', '--execs', String(EXECUTIONS), '--json'];
  const { stdout, stderr } = await inTemporaryDirectory((cwd) =>
    run(process.execPath, [MAIN, ...words, ...bounds], {
      cwd,
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
      maxBuffer: 1 << 28,
    }).catch((error: unknown) => error as { stdout: string; stderr: string }),
  );
  if (!stdout.startsWith('{')) return { problems: [stderr], branches: [], taken: [] };
  const { findings, marks, executions } = JSON.parse(stdout) as CampaignSummary;
  const problems = [
    ...(executions === EXECUTIONS ? [] : [`only ${executions} executions`]),
    ...findings.map(({ signature, title }) => `found ${signature}: ${title}`),
  ].map((problem) => `smoke ${profile.join(' ')}: ${problem}`);
  const taken = marks.filter((mark) => mark.executions > 0).map(({ name }) => name);
  return { problems, branches: marks.map(({ name }) => name), taken };
}

async function main(): Promise<void> {
  const smokes = await Promise.all(PROFILES.map(smoke));
  const problems = smokes.flatMap((one) => one.problems);
  // Some branches are of one file system only, others are rarer on one.
  const taken = new Set(smokes.flatMap((one) => one.taken));
  for (const name of new Set(smokes.flatMap((one) => one.branches))) {
    if (!taken.has(name)) problems.push(`smoke: no execution took the branch ${name}`);
  }
  for (const problem of problems) err(problem);
  if (problems.length > 0) process.exitCode = 1;
  else out('smoke: nothing found, every rare branch taken');
}

void main();
