/**
 * `npm run --silent bench -- [--rounds N] [--json]`: how fast daxfuzz is, beside fast-check on a workload
 * that both can decide. Progress goes to stderr, the result to stdout. Takes about a minute.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import { integer } from '../../src/cli/options.js';
import { err, out, printJson } from '../../src/cli/print.js';
import { messageOf, UsageError } from '../../src/support/assert.js';
import { VERSION } from '../../src/support/version.js';
import { measureCampaign } from './campaign.js';
import { measureOnePass } from './one-pass.js';
import { measureFastCheck, measurePlainLoop } from './property.js';
import { resultOf, textOf } from './report.js';
import type { Contestant } from './rounds.js';
import { runRounds } from './rounds.js';
import type { StageTimes } from './stages.js';
import { StageLine } from './stages.js';

const ROUNDS_MAX = 1000;

const CONTESTANTS: readonly Contestant[] = [
  {
    name: 'campaignOneWorker',
    title: 'campaign, 1 worker',
    measure: () => measureCampaign(1),
  },
  {
    name: 'campaignTwoWorkers',
    title: 'campaign, 2 workers',
    measure: () => measureCampaign(2),
  },
  {
    name: 'fastCheck',
    title: 'fast-check property',
    measure: measureFastCheck,
    warmUp: measureFastCheck,
  },
  {
    name: 'plainLoop',
    title: 'same, plain loop',
    measure: measurePlainLoop,
    warmUp: measurePlainLoop,
  },
  {
    name: 'onePass',
    title: 'same, one pass of daxfuzz',
    measure: measureOnePass,
    warmUp: measureOnePass,
  },
];

interface Flags {
  readonly rounds: number;
  readonly json: boolean;
}

function parseFlags(): Flags {
  try {
    const { values } = parseArgs({
      options: {
        rounds: { type: 'string', default: '5' },
        json: { type: 'boolean', default: false },
      },
    });
    return { rounds: integer('--rounds', 1, ROUNDS_MAX)(values.rounds), json: values.json };
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

async function bench(): Promise<void> {
  const { rounds: count, json } = parseFlags();
  const machine = {
    daxfuzz: VERSION,
    node: process.version,
    cpus: os.availableParallelism(),
    loadBefore: os.loadavg()[0] as number,
  };
  const line = new StageLine();
  const stages: StageTimes[] = [];
  err('warming up');
  line.measure();
  const rounds = await runRounds(CONTESTANTS, count, (round) => {
    err(`round ${round} of ${count}`);
    stages.push(line.measure());
  });
  const result = resultOf(machine, CONTESTANTS, rounds, stages);
  if (json) printJson(result);
  else out(textOf(result, CONTESTANTS));
}

bench().catch((error: unknown) => {
  err(`bench: ${messageOf(error)}`);
  process.exitCode = error instanceof UsageError ? UsageError.exitCode : 70;
});
