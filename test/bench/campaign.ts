/**
 * Campaigns as `daxfuzz run` makes them, measured between two batches: after the workers have started and
 * warmed up, and before the first of them runs out of work.
 */
import path from 'node:path';
import { Campaign } from '../../src/campaign/campaign.js';
import type { CampaignOptions } from '../../src/campaign/campaign.js';
import type { CampaignSummary } from '../../src/campaign/summary.js';
import { loadCorpus } from '../../src/corpus/files.js';
import { printProgram } from '../../src/program/text.js';
import { DEFAULT_SETTINGS } from '../../src/run.js';
import { Defect } from '../../src/support/assert.js';
import { inTemporaryDirectory, ROOT } from '../helpers/temporary.js';
import type { Measured, Times } from './rounds.js';
import { startClocks } from './rounds.js';
import type { Workload } from './workloads.js';

export const KERNEL = 'mainline';
export const SEED = '1';
/**
 * Executions of each worker: a first batch of 250, then batches of 2000. The first ones are
 * slow: the code is not yet compiled, and one in ten is a program worth keeping, which goes to the disk.
 */
export const WARM_UP = 20_250;
export const MEASURED = 14_000;

export function seedPrograms(): string[] {
  return loadCorpus(path.join(ROOT, 'corpora', 'seeds')).programs.map(printProgram);
}

export function optionsOf(workload: Workload, workers: number, directory: string): CampaignOptions {
  return {
    kernel: { kernel: KERNEL, bugs: [] },
    settings: DEFAULT_SETTINGS,
    seed: SEED,
    workers,
    executionsMax: null,
    elapsedMsMax: null,
    stopOnFirst: false,
    scheduler: 'mixed',
    guidance: true,
    minimize: true,
    threadsMax: workload.threadsMax,
    opsMax: workload.opsMax,
    corpusDirectory: path.join(directory, 'corpus'),
    crashesDirectory: path.join(directory, 'crashes'),
    corpus: seedPrograms(),
    known: [],
  };
}

/** Starts a campaign and stops it when enough has been seen. */
export function measureCampaign(workload: Workload, workers: number): Promise<Measured> {
  return inTemporaryDirectory(async (directory) => {
    const samples: CampaignSummary[] = [];
    let readClocks = startClocks();
    let times: Times = readClocks();
    const progress = (summary: CampaignSummary): void => {
      const wanted = workers * (samples.length === 0 ? WARM_UP : WARM_UP + MEASURED);
      if (samples.length === 2 || summary.executions < wanted) return;
      samples.push(summary);
      if (samples.length === 1) {
        readClocks = startClocks();
      } else {
        times = readClocks();
        campaign.stop();
      }
    };
    // Minimising a finding, or a worker that dies, would be measured as slow executions.
    const finding = ({ signature }: { signature: string }): void => {
      throw new Defect(`${KERNEL} is not expected to break a promise, found ${signature}`);
    };
    const problem = (message: string): void => {
      throw new Defect(`the measurement is void: ${message}`);
    };
    const observer = { progress, finding, problem };
    const options = optionsOf(workload, workers, directory);
    const campaign = new Campaign(options, observer, () => performance.now());
    await campaign.run();
    const [first, last] = samples as [CampaignSummary, CampaignSummary];
    return {
      executions: last.executions - first.executions,
      operations: last.operations - first.operations,
      events: last.events - first.events,
      cuts: last.crashPoints - first.crashPoints,
      ...times,
    };
  });
}
