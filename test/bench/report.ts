/** What the benchmark says in the end: as tables, ratios first, and as one JSON object. */
import { table } from '../../src/cli/print.js';
import { plural, thousands } from '../../src/support/words.js';
import { KERNEL, MEASURED, SEED, WARM_UP } from './campaign.js';
import type { Contestant, Rounds, Spread } from './rounds.js';
import { cpusOf, rateOf, ratioOf, spreadOf } from './rounds.js';
import type { Stage, StageTimes } from './stages.js';
import { STAGE_EXECUTIONS, STAGES } from './stages.js';
import { LINES, OPS, WORDS_PER_LINE } from './store-flush-fence.js';

export interface Machine {
  readonly daxfuzz: string;
  readonly node: string;
  readonly cpus: number;
  /** One-minute load average before the first round: others at work make every number smaller. */
  readonly loadBefore: number;
}

interface Ratio {
  readonly name: string;
  readonly title: string;
  readonly above: string;
  readonly below: string;
  readonly what: 'cuts' | 'executions';
}

const RATIOS: readonly Ratio[] = [
  {
    name: 'campaignToFastCheckCuts',
    title: 'cuts: campaign, 1 worker / fast-check',
    above: 'campaignOneWorker',
    below: 'fastCheck',
    what: 'cuts',
  },
  {
    name: 'twoWorkersToOneCuts',
    title: 'cuts: campaign, 2 workers / 1 worker',
    above: 'campaignTwoWorkers',
    below: 'campaignOneWorker',
    what: 'cuts',
  },
  {
    name: 'onePassToFastCheckCuts',
    title: 'same workload, cuts: one pass / fast-check',
    above: 'onePass',
    below: 'fastCheck',
    what: 'cuts',
  },
  {
    name: 'onePassToFastCheckExecutions',
    title: 'same workload, executions: one pass / fast-check',
    above: 'onePass',
    below: 'fastCheck',
    what: 'executions',
  },
  {
    name: 'onePassToPlainLoopCuts',
    title: 'same workload, cuts: one pass / plain loop',
    above: 'onePass',
    below: 'plainLoop',
    what: 'cuts',
  },
];

interface Rates {
  readonly executionsPerSecond: Spread;
  readonly eventsPerSecond: Spread;
  readonly cutsPerSecond: Spread;
  readonly cpus: Spread;
}

export interface BenchResult {
  readonly format: 1;
  readonly machine: Machine;
  readonly rounds: number;
  readonly kernel: string;
  readonly seed: string;
  readonly ratios: Readonly<Record<string, Spread>>;
  readonly rates: Readonly<Record<string, Rates>>;
  /** Microseconds of a mean execution in one thread. */
  readonly stages: Readonly<Record<Stage, Spread>>;
}

export function resultOf(
  machine: Machine,
  contestants: readonly Contestant[],
  rounds: Rounds,
  stages: readonly StageTimes[],
): BenchResult {
  const rates = contestants.map(({ name }) => [
    name,
    {
      executionsPerSecond: rateOf(rounds, name, 'executions'),
      eventsPerSecond: rateOf(rounds, name, 'events'),
      cutsPerSecond: rateOf(rounds, name, 'cuts'),
      cpus: cpusOf(rounds, name),
    },
  ]);
  const ratios = RATIOS.map(({ name, above, below, what }) => [
    name,
    ratioOf(rounds, above, below, what),
  ]);
  const times = STAGES.map((stage) => [stage, spreadOf(stages.map((time) => time[stage]))]);
  return {
    format: 1,
    machine,
    rounds: stages.length,
    kernel: KERNEL,
    seed: SEED,
    ratios: Object.fromEntries(ratios) as BenchResult['ratios'],
    rates: Object.fromEntries(rates) as BenchResult['rates'],
    stages: Object.fromEntries(times) as BenchResult['stages'],
  };
}

const NOTES = [
  `Campaigns: kernel ${KERNEL}, seed ${SEED}, the seed programs, temporary directories; after ${thousands(WARM_UP)} ` +
    `executions a worker, the next ${thousands(MEASURED)} are measured, in whole batches of 2,000.`,
  `fast-check, plain loop, one pass: programs of ${OPS} stores, flushes and fences on ${LINES} lines of ` +
    `${WORDS_PER_LINE} words, drawn, run and checked; one untimed run before the first round.`,
  'A cut of fast-check and of the plain loop (the same simulation without the library) is one random cut ' +
    'with one random set of survivors.',
  'A cut of a campaign and of one pass is decided for every set of survivors, and every cut of a program is.',
  'The first ratio compares cuts decided, not work done: a campaign executes a kernel model for each program. ' +
    'Like is compared with like from the third on.',
  'Events: those of the trace; for fast-check and the plain loop the operations simulated up to the cut.',
  `Stages: one thread, ${thousands(STAGE_EXECUTIONS)} executions of the same kind as in a campaign, a clock around each.`,
  'CPUs busy: processor time of the process over wall time, the median. Less than a campaign has workers means ' +
    'that other work took the machine: every rate is too low then, those of two workers most.',
];

export function textOf(result: BenchResult, contestants: readonly Contestant[]): string {
  const { daxfuzz, node, cpus, loadBefore } = result.machine;
  const header =
    `daxfuzz ${daxfuzz}, Node ${node}, ${plural(cpus, 'CPU')}, load ${loadBefore.toFixed(2)} before; ` +
    `median (min to max) of ${plural(result.rounds, 'interleaved round')}`;
  const ratios = RATIOS.map(({ name, title }) => [
    title,
    spreadText(result.ratios[name] as Spread, (value) => value.toFixed(2)),
  ]);
  const rates = contestants.map(({ name, title }) => {
    const rate = result.rates[name] as Rates;
    const perSecond = [rate.executionsPerSecond, rate.eventsPerSecond, rate.cutsPerSecond];
    return [
      title,
      ...perSecond.map((spread) => spreadText(spread, (value) => thousands(Math.round(value)))),
      rate.cpus.median.toFixed(1),
    ];
  });
  const total = STAGES.reduce((sum, stage) => sum + result.stages[stage].median, 0);
  const stages = STAGES.map((stage) => [
    stage,
    `${((result.stages[stage].median * 100) / total).toFixed(0)} %`,
    spreadText(result.stages[stage], (value) => value.toFixed(1)),
  ]);
  return [
    header,
    '',
    table(['ratio', 'median (min to max)'], ratios),
    table(['per second', 'executions', 'events', 'cuts', 'CPUs busy'], rates),
    table(['stage', 'share', 'microseconds an execution'], stages),
    ...NOTES,
    '',
  ].join('\n');
}

function spreadText(spread: Spread, print: (value: number) => string): string {
  return `${print(spread.median)} (${print(spread.min)} to ${print(spread.max)})`;
}
