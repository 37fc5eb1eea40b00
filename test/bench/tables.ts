/** The result of the benchmark as tables, ratios first, each figure that has a goal beside it. */
import { table } from '../../src/cli/print.js';
import { plural, thousands } from '../../src/support/words.js';
import { KERNEL, MEASURED, SEED, WARM_UP } from './campaign.js';
import type { Census } from './census.js';
import type { Ratio } from './contestants.js';
import { RATE_GOALS, RATIOS } from './contestants.js';
import { GOALS, goalText } from './goals.js';
import { JSFUZZ_MEASURED, JSFUZZ_WARM_UP } from './jsfuzz.js';
import type { BenchResult, Rates } from './report.js';
import type { Contestant, Spread } from './rounds.js';
import { STAGE_EXECUTIONS, STAGE_WARM_UP, STAGES } from './stages.js';
import { LINES, OPS, WORDS_PER_LINE } from './store-flush-fence.js';
import { OPS_WANTED, SHORT, USUAL } from './workloads.js';

const whole = (value: number): string => thousands(Math.round(value));
const decimals =
  (count: number) =>
  (value: number): string =>
    value.toFixed(count);

function spreadText(spread: Spread, print: (value: number) => string): string {
  return `${print(spread.median)} (${print(spread.min)} to ${print(spread.max)})`;
}

export function textOf(result: BenchResult, contestants: readonly Contestant[]): string {
  const { daxfuzz, node, cpus, loadBefore, loadAfter } = result.machine;
  const missed = result.goals.filter(({ reached }) => !reached).length;
  return [
    `daxfuzz ${daxfuzz}, Node ${node}, ${plural(cpus, 'CPU')}, load ${loadBefore.toFixed(2)} before and ` +
      `${loadAfter.toFixed(2)} after; median (min to max) of ${plural(result.rounds, 'interleaved round')}; ` +
      `${missed} of ${plural(result.goals.length, 'goal')} missed`,
    '',
    ratioTable(result),
    rateTable(result, contestants),
    censusTable(result),
    growthTable(result),
    storeTable(result),
    stageTable(result),
    ...NOTES,
    '',
  ].join('\n');
}

function ratioTable(result: BenchResult): string {
  const two = decimals(2);
  const rows = RATIOS.map(({ name, title, goal }: Ratio) => {
    const spread = result.ratios[name] as Spread;
    const said = goal === undefined ? '' : goalText(goal, spread.median, two);
    return [title, spreadText(spread, two), said];
  });
  return table(['ratio', 'median (min to max)', 'goal'], rows);
}

function rateTable(result: BenchResult, contestants: readonly Contestant[]): string {
  const rows = contestants.map(({ name, title }) => {
    const rates = result.rates[name] as Rates;
    const goals = RATE_GOALS.filter((goal) => goal.name === name).map(
      ({ what, goal }) => `${what} ${goalText(goal, rates[what].median, whole)}`,
    );
    return [
      title,
      spreadText(rates.executions, whole),
      whole(rates.operations.median),
      whole(rates.events.median),
      whole(rates.cuts.median),
      rates.cpus.median.toFixed(1),
      goals.join('; '),
    ];
  });
  const head = ['per second', 'executions', 'operations', 'events', 'cuts', 'CPUs busy', 'goal'];
  return table(head, rows);
}

function censusTable({ census }: BenchResult): string {
  const row = (title: string, { executions, operations, threads, wanted }: Census): string[] => [
    title,
    (operations / executions).toFixed(1),
    (threads / executions).toFixed(2),
    `${((100 * wanted) / executions).toFixed(0)} %`,
  ];
  const { low, high } = OPS_WANTED;
  const head = [
    'programs executed',
    'operations',
    'threads',
    `${low}-${high} operations in 2 threads`,
  ];
  return table(head, [row('short', census.short), row('usual', census.usual)]);
}

function growthTable({ growth }: BenchResult): string {
  const rows = growth.map(({ title, sizes, exponent, lastStep }) => [
    title,
    ...sizes.map(({ microseconds }) => microseconds.median.toFixed(1)),
    goalCell(exponent),
    goalCell(lastStep),
  ]);
  const sizes = growth[0]?.sizes.map(({ size }) => thousands(size)) ?? [];
  const head = ['microseconds an execution', ...sizes, 'fitted exponent', 'last step alone'];
  return table(head, rows);
}

function goalCell(spread: Spread): string {
  const goal = goalText(GOALS.growthExponent, spread.median, decimals(1));
  return `${spread.median.toFixed(3)} (${goal})`;
}

function storeTable({ limit, stores }: BenchResult): string {
  const one = decimals(1);
  const rows = stores.map((cost) => [
    `${plural(cost.storesPerFence, 'store')}, then flush and fence`,
    spreadText(cost.folded, one),
    spreadText(cost.foldedToLimit, whole),
    spreadText(cost.writtenAndFoldedToLimit, whole),
    goalText(GOALS.storeToLimit, cost.foldedToLimit.median, whole),
  ]);
  const loop = ['limit loop', spreadText(limit, decimals(2)), '1', '1', ''];
  const head = ['a store', 'nanoseconds', 'multiple of limit', 'with trace', 'goal without trace'];
  return table(head, [loop, ...rows]);
}

function stageTable({ stages }: BenchResult): string {
  const total = STAGES.reduce((sum, stage) => sum + stages[stage].median, 0);
  const rows = STAGES.map((stage) => [
    stage,
    `${((stages[stage].median * 100) / total).toFixed(0)} %`,
    spreadText(stages[stage], decimals(1)),
  ]);
  return table(['stage', 'share', 'microseconds an execution'], rows);
}

const NOTES = [
  `Whole line, by workers: campaigns on kernel ${KERNEL}, seed ${SEED}, the seed programs, temporary ` +
    `directories; after ${thousands(WARM_UP)} executions a worker, the next ${thousands(MEASURED)} are measured, ` +
    'in whole batches of 2,000.',
  `Usual programs are drawn as without options (at most ${USUAL.threadsMax} threads, ${USUAL.opsMax} operations), ` +
    `short ones with at most ${SHORT.threadsMax} and ${SHORT.opsMax}. Programs executed: by the campaign of one ` +
    'worker in the span that is measured.',
  `10-20 operations in 2 threads: the same steps in one thread on none but such programs; those of the short ` +
    `kind that are not are drawn and discarded. ${thousands(STAGE_EXECUTIONS)} executions after ` +
    `${thousands(STAGE_WARM_UP)}, a clock around each stage.`,
  `Machine: programs of ${OPS} stores, flushes and fences on ${LINES} lines of ${WORDS_PER_LINE} words, drawn, ` +
    'run and checked; one untimed run before the first round. fast-check, jsfuzz and the plain loop (the same ' +
    'simulation without a library) decide one random cut with one random set of survivors an execution, one ' +
    'pass decides every cut for every set.',
  `jsfuzz: five seeds of full length, ${thousands(JSFUZZ_MEASURED)} executions after ${thousands(JSFUZZ_WARM_UP)}; ` +
    'CPUs busy is its worker process alone, it has a second process that mutates.',
  'The last ratio compares cuts decided, not work done: a campaign executes a kernel model for each program.',
  'Operations and events of the simulations: those up to the cut.',
  'Growth: as many stores as the column says, each to a line of its own, on a device just large enough; or ' +
    'programs drawn on the usual device with about as many operations, pins left out. The exponent is fitted by least squares to ' +
    'the logarithms of time and of operations (persistency alone: of events) at all four sizes; the constant cost ' +
    'of an execution makes that smaller, not so the last step, which is between the two largest.',
  'A store: 8 bytes; its cost has its share of the flush and the fence, folded by the persistency layer. The ' +
    'limit loop appends 8 bytes to a typed array and copies them to another; the fastest of seven.',
  'CPUs busy: processor time of the process over wall time, the median. Less than a campaign has workers means ' +
    'that other work took the machine: every rate is too low then, those of two workers most.',
];
