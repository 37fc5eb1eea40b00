/**
 * `npm run --silent bench:memory -- [--minutes N] [--json]`: whether the memory of a campaign with two
 * workers stays what it is. Samples every ten seconds; the peaks of each minute, the last beside the first.
 */
import { parseArgs } from 'node:util';
import { setEnvironmentData } from 'node:worker_threads';
import { Campaign } from '../../src/campaign/campaign.js';
import { integer } from '../../src/cli/options.js';
import { err, out, printJson, table } from '../../src/cli/print.js';
import { Defect, messageOf, UsageError } from '../../src/support/assert.js';
import { plural, thousands } from '../../src/support/words.js';
import { inTemporaryDirectory } from '../helpers/temporary.js';
import { KERNEL, optionsOf, SEED } from './campaign.js';
import { CELLS_NAME, MemoryCells } from './memory-cells.js';
import type { Minute, Sample } from './memory-minutes.js';
import { FLAT_WITHIN, flatnessOf, minutesOf } from './memory-minutes.js';
import { USUAL } from './workloads.js';

const WORKERS = 2;
const SAMPLE_MS = 10_000;
const MINUTES_MAX = 24 * 60;
const MINUTE_MS = 60_000;

interface Flags {
  readonly minutes: number;
  readonly json: boolean;
}

function parseFlags(): Flags {
  try {
    const { values } = parseArgs({
      options: {
        minutes: { type: 'string', default: '10' },
        json: { type: 'boolean', default: false },
      },
    });
    return { minutes: integer('--minutes', 2, MINUTES_MAX)(values.minutes), json: values.json };
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

interface Watched {
  readonly samples: readonly Sample[];
  readonly executions: number;
}

function watch(minutes: number): Promise<Watched> {
  const cells = MemoryCells.forWorkers(WORKERS);
  setEnvironmentData(CELLS_NAME, cells.memory);
  // Otherwise an idle worker waits for its next batch without ever turning to its timers.
  process.env['PISCINA_DISABLE_ATOMICS'] = '1';
  return inTemporaryDirectory(async (directory) => {
    const fail = (message: string): void => {
      throw new Defect(`the measurement is void: ${message}`);
    };
    const observer = {
      progress: () => undefined,
      finding: ({ signature }: { signature: string }) => fail(signature),
      problem: fail,
    };
    const options = { ...optionsOf(USUAL, WORKERS, directory), elapsedMsMax: minutes * MINUTE_MS };
    const campaign = new Campaign(options, observer, () => performance.now());
    const samples: Sample[] = [];
    const timer = setInterval(() => {
      const { elapsedMs, corpus } = campaign.summary();
      const workers = cells.takePeaks();
      const rss = process.memoryUsage.rss();
      samples.push({ middleMs: elapsedMs - SAMPLE_MS / 2, rss, workers, corpus });
      err(
        `${(elapsedMs / MINUTE_MS).toFixed(1)} minutes: ` +
          `process ${mebibytes(rss)} MiB, workers ${workers.map(mebibytes).join(' and ')} MiB`,
      );
    }, SAMPLE_MS);
    try {
      const { executions } = await campaign.run();
      return { samples, executions };
    } finally {
      clearInterval(timer);
    }
  });
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

const SUBJECTS: readonly { title: string; peak: (minute: Minute) => number }[] = [
  { title: 'process (RSS)', peak: ({ rss }) => rss },
  ...Array.from({ length: WORKERS }, (_, worker) => ({
    title: `worker ${worker}`,
    peak: ({ workers }: Minute) => workers[worker] ?? 0,
  })),
];

function textOf(minutes: readonly Minute[], executions: number): string {
  const rows = minutes.map((minute) => [
    String(minute.minute),
    ...SUBJECTS.map(({ peak }) => mebibytes(peak(minute))),
    thousands(minute.corpus),
  ]);
  const verdicts = SUBJECTS.map(({ title, peak }) => {
    const { ratio, isFlat } = flatnessOf(minutes, peak);
    return [title, ratio.toFixed(2), isFlat ? 'reached' : 'missed'];
  });
  const within = `within ${FLAT_WITHIN * 100} %`;
  return [
    table(['peak of', 'last minute / first', `goal: ${within}`], verdicts),
    table(['minute', ...SUBJECTS.map(({ title }) => `${title}, MiB`), 'corpus'], rows),
    `A campaign on kernel ${KERNEL}, seed ${SEED}, the seed programs, ${plural(WORKERS, 'worker')}: ` +
      `${thousands(executions)} executions. Nothing is left out: the first minute holds the start of the ` +
      'workers, the first growth of their heaps and the compiling of the code. A worker is its heap, free parts ' +
      'included, and memory outside of it, looked at between batches; the media file is shared memory and counts ' +
      'in the process alone.',
  ].join('\n');
}

async function bench(): Promise<void> {
  const { minutes: count, json } = parseFlags();
  const { samples, executions } = await watch(count);
  const minutes = minutesOf(samples);
  if (minutes.some(({ workers }) => workers.some((bytes) => bytes === 0))) {
    throw new Defect('a worker did not look at its memory: start with --require memory-probe.js');
  }
  const flatness = SUBJECTS.map(({ title, peak }) => ({ title, ...flatnessOf(minutes, peak) }));
  if (json) printJson({ format: 1, executions, minutes, flatness });
  else out(textOf(minutes, executions));
}

bench().catch((error: unknown) => {
  err(`bench: ${messageOf(error)}`);
  process.exitCode = error instanceof UsageError ? UsageError.exitCode : 70;
});
