/**
 * `npm run --silent bench -- [--rounds N] [--json]`: how fast daxfuzz is, beside other tools on a workload
 * that all can decide, and beside its goals. Progress goes to stderr, the result to stdout.
 */
import os from 'node:os';
import { parseArgs } from 'node:util';
import { integer } from '../../src/cli/options.js';
import { err, out, printJson } from '../../src/cli/print.js';
import { messageOf, UsageError } from '../../src/support/assert.js';
import { VERSION } from '../../src/support/version.js';
import { MEASURED, WARM_UP } from './campaign.js';
import { takeCensus } from './census.js';
import { contestantsWith } from './contestants.js';
import type { GrowthTimes } from './growth.js';
import { growths, measureGrowth } from './growth.js';
import type { StoreCosts } from './limit.js';
import { StoreCostMeter } from './limit.js';
import { resultOf } from './report.js';
import { runRounds } from './rounds.js';
import { StageLine } from './stages.js';
import { textOf } from './tables.js';
import { SHORT, USUAL } from './workloads.js';

const ROUNDS_MAX = 1000;

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
  const load = (): number => os.loadavg()[0] as number;
  const loadBefore = load();
  err('warming up');
  const line = new StageLine();
  const contestants = contestantsWith(line);
  const grown = growths().map((growth) => ({ growth, times: [] as GrowthTimes[] }));
  for (const { growth } of grown) measureGrowth(growth);
  const meter = new StoreCostMeter();
  meter.measure();
  const stores: StoreCosts[] = [];
  const census = {
    short: takeCensus(SHORT, WARM_UP, MEASURED),
    usual: takeCensus(USUAL, WARM_UP, MEASURED),
  };
  const rounds = await runRounds(contestants, count, (round) => {
    err(`round ${round} of ${count}`);
    for (const { growth, times } of grown) times.push(measureGrowth(growth));
    stores.push(meter.measure());
  });
  const result = resultOf({
    machine: {
      daxfuzz: VERSION,
      node: process.version,
      cpus: os.availableParallelism(),
      loadBefore,
      loadAfter: load(),
    },
    contestants,
    rounds,
    census,
    growths: grown,
    stores,
    stages: line.times.slice(-count), // the first is of the warm-up
  });
  if (json) printJson(result);
  else out(textOf(result, contestants));
}

bench().catch((error: unknown) => {
  err(`bench: ${messageOf(error)}`);
  process.exitCode = error instanceof UsageError ? UsageError.exitCode : 70;
});
