/**
 * One hunt of the recall benchmark: a campaign of one worker on mainline with one fix taken back, until it
 * finds that or has had its time. Time is that of the processor, all threads of the process together, so that
 * other work on the machine does not count.
 */
import { Campaign } from '../../src/campaign/campaign.js';
import type { CampaignOptions } from '../../src/campaign/campaign.js';
import { bugByName } from '../../src/kernel/bugs.js';
import { filesystemFor } from '../../src/kernel/model-target.js';
import { DEFAULT_SETTINGS } from '../../src/run.js';
import { Defect } from '../../src/support/assert.js';
import { inTemporaryDirectory } from '../helpers/temporary.js';
import { KERNEL, optionsOf, seedPrograms } from './campaign.js';
import { USUAL } from './workloads.js';

/** What is taken away from a campaign, to see what it is good for. */
export const MODES = {
  guided: { title: 'as daxfuzz run does it', change: {} },
  unguided: { title: '--no-guidance', change: { guidance: false } },
  random: { title: '--scheduler random', change: { scheduler: 'random' } },
  unseeded: { title: '--no-seeds', change: { corpus: [] } },
  bare: { title: '--no-seeds --no-guidance', change: { corpus: [], guidance: false } },
} as const satisfies Record<string, { title: string; change: Partial<CampaignOptions> }>;

export type Mode = keyof typeof MODES;
export const MODE_NAMES = Object.keys(MODES) as readonly Mode[];

export interface Hunt {
  readonly mode: Mode;
  readonly id: string;
  readonly seed: string;
  /** Of the first finding; null if there was none in time. */
  readonly signature: string | null;
  /** Up to and with the one that failed, or all of them. */
  readonly executions: number;
  /** Seconds of processor time, with starting the worker; the finding is replayed, not minimised. */
  readonly seconds: number;
}

function processorClock(): () => number {
  const start = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000;
  };
}

export function hunt(mode: Mode, id: string, seed: string, limitMs: number): Promise<Hunt> {
  return inTemporaryDirectory(async (directory) => {
    const bug = bugByName(id);
    const options: CampaignOptions = {
      ...optionsOf(USUAL, 1, directory),
      corpus: seedPrograms(),
      settings: { ...DEFAULT_SETTINGS, fs: filesystemFor(DEFAULT_SETTINGS.fs, [id]) },
      kernel: { kernel: KERNEL, bugs: [id] },
      seed,
      elapsedMsMax: limitMs,
      stopOnFirst: true,
      minimize: false,
      ...MODES[mode].change,
    };
    const problem = (message: string): void => {
      throw new Defect(`the hunt for ${id} is void: ${message}`);
    };
    const observer = { progress: () => undefined, finding: () => undefined, problem };
    const clock = processorClock();
    const summary = await new Campaign(options, observer, clock).run();
    const [found] = summary.findings;
    if (found !== undefined && !bug.promises.includes(found.promise)) {
      throw new Defect(
        `${id} is not known to break a promise like ${found.signature}, seed ${seed}`,
      );
    }
    return {
      mode,
      id,
      seed,
      signature: found?.signature ?? null,
      executions: found?.executionsToFind ?? summary.executions,
      seconds: Math.round(found?.elapsedMsToFind ?? clock()) / 1000,
    };
  });
}
