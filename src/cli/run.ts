/**
 * `daxfuzz run`: a campaign in the terminal.
 */
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import cliProgress from 'cli-progress';
import type { CampaignOptions } from '../campaign/campaign.js';
import type { CampaignSummary } from '../campaign/summary.js';
import { Campaign } from '../campaign/campaign.js';
import type { SummaryFinding } from '../campaign/filing.js';
import type { KnownFailure } from '../campaign/known.js';
import { knownFailure } from '../campaign/known.js';
import type { SchedulerName } from '../campaign/messages.js';
import type { Range } from '../campaign/ranges.js';
import { Sweep } from '../campaign/sweep.js';
import { loadCorpus } from '../corpus/files.js';
import { wantedIn } from '../finding/wanted.js';
import { readReproducer, findReproducers } from '../finding/store.js';
import type { KernelSpec } from '../kernel/model-target.js';
import { bugsOf, filesystemFor } from '../kernel/model-target.js';
import { DEFAULT_GENERATE } from '../program/generate.js';
import { parseProgram, printProgram } from '../program/text.js';
import type { Settings } from '../run.js';
import { messageOf, UsageError } from '../support/assert.js';
import { removeLeftovers } from '../support/files.js';
import { VERSION } from '../support/version.js';
import type { Pace } from '../target/target.js';
import { isReal, paceOf, resolveKernel } from '../targets.js';
import { plural, thousands } from '../support/words.js';
import { boundsOf, noBounds, shareOf } from './exhaustive.js';
import { directoryName, kernelText } from './load.js';
import { checkDirectory } from './places.js';
import { summaryText } from './run-summary.js';
import { clearLine, err, oneLine, out, printJson } from './print.js';

/** What commander hands over; the defaults are in commands.ts. */
export interface RunFlags {
  readonly kernel: string;
  readonly bug?: readonly string[];
  readonly seed?: string;
  readonly workers: number;
  readonly execs?: number;
  readonly time?: number;
  readonly corpus?: string;
  readonly crashes?: string;
  readonly threads?: number;
  readonly ops?: number;
  readonly scheduler: SchedulerName;
  readonly domain: Settings['domain'];
  readonly persistency: Settings['persistency'];
  readonly fs: Settings['fs'];
  readonly deterministic?: number | true;
  readonly ignoreFlush?: string;
  readonly sectorAtomic: boolean;
  readonly blockAtomic?: boolean;
  readonly preemptions?: number;
  readonly programs?: Range;
  readonly seeds: boolean;
  readonly guidance: boolean;
  readonly minimize: boolean;
  readonly invariants?: boolean;
  readonly marks?: boolean;
  readonly resume?: boolean;
  readonly stopOnFirst?: boolean;
  readonly json?: boolean;
}

const PLAIN_INTERVAL_MS = 5000;
/** CPUs that a guest can have. */
const REAL_THREADS_MAX = 2;
/** Half-written files older than this belong to nobody. */
const LEFTOVER_AGE_MS = 60_000;
/** Hand-written programs that come with daxfuzz. */
const SEEDS_DIRECTORY = path.join(__dirname, '..', '..', '..', 'corpora', 'seeds');

/** Gives the exit code: 1 if something was found. */
export async function runCampaign(flags: RunFlags): Promise<number> {
  const kernel = resolveKernel(flags.kernel, flags.bug ?? []);
  const isExhaustive = flags.scheduler === 'exhaustive';
  const bounds = isExhaustive ? boundsOf(flags, isReal(kernel)) : noBounds(flags);
  const places = placesOf(flags, kernel);
  removeStaleLeftovers(places);
  const options: CampaignOptions = {
    ...valuesOf(flags, kernel),
    ...places,
    kernel,
    corpus: isExhaustive ? [] : startingPrograms(flags, places.corpusDirectory),
    known: flags.resume === true ? knownFailures(places.crashesDirectory, paceOf(kernel)) : [],
  };
  const screen = new Screen(options, flags.json === true, flags.marks === true);
  const clock = (): number => performance.now();
  const campaign =
    bounds === null
      ? new Campaign(options, screen, clock)
      : new Sweep({ ...options, ...bounds }, screen, clock);
  const stop = (): void => {
    screen.problem('stopping after what is under way; a second signal ends at once');
    campaign.stop('now');
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  let failure: unknown = null;
  screen.start();
  try {
    await campaign.run();
  } catch (error) {
    failure = error;
  }
  const summary = campaign.summary();
  screen.end(summary);
  if (failure !== null) throw failure as Error;
  return summary.findings.length > 0 ? 1 : 0;
}

type Places = Pick<CampaignOptions, 'corpusDirectory' | 'crashesDirectory'>;

/** Where the campaign files things. */
function placesOf(flags: RunFlags, kernel: KernelSpec): Places {
  const name = directoryName(kernel);
  const corpusDirectory = flags.corpus ?? path.join('corpora', name);
  const crashesDirectory = flags.crashes ?? path.join('crashes', name);
  checkDirectory('--corpus', corpusDirectory);
  checkDirectory('--crashes', crashesDirectory);
  return { corpusDirectory, crashesDirectory };
}

function removeStaleLeftovers({ corpusDirectory, crashesDirectory }: Places): void {
  const deadline = Date.now() - LEFTOVER_AGE_MS;
  for (const directory of [corpusDirectory, crashesDirectory]) removeLeftovers(directory, deadline);
}

/** The programs that the campaign begins with, as text; says which files it could not read. */
function startingPrograms(flags: RunFlags, corpusDirectory: string): string[] {
  const sources = [
    ...(flags.seeds ? [SEEDS_DIRECTORY] : []),
    ...(flags.resume === true ? [corpusDirectory] : []),
  ];
  const corpus: string[] = [];
  for (const source of sources) {
    const loaded = loadCorpus(source);
    for (const problem of loaded.problems) err(oneLine(`daxfuzz: ${problem}`));
    corpus.push(...loaded.programs.map(printProgram));
  }
  return corpus;
}

/** @throws UsageError for flags that only real kernels have. */
function settingsOf(flags: RunFlags, kernel: KernelSpec): Settings {
  const { domain, persistency, fs, ignoreFlush, deterministic } = flags;
  if (isReal(kernel) && flags.invariants === true) {
    throw new UsageError(
      '--invariants: the model has invariants to look at; a real kernel does not show its page tables',
    );
  }
  if (isReal(kernel)) {
    const icountShift =
      deterministic === undefined ? null : deterministic === true ? 0 : deterministic;
    const cpus = (flags.threads ?? 1) > 1 ? 2 : 1;
    const atomicBytes = flags.blockAtomic === true ? 4096 : flags.sectorAtomic ? 512 : 8;
    const settings = { cpus, icountShift, ignoreFlush: ignoreFlush ?? null, atomicBytes } as const;
    return { domain, persistency, fs, real: settings };
  }
  if (fs !== 'ext4' && fs !== 'xfs' && fs !== 'xfs-reflink') {
    throw new UsageError(
      `--fs ${fs}: the model has ext4, xfs and xfs-reflink; use --kernel qemu:PATH`,
    );
  }
  if (ignoreFlush !== undefined || deterministic !== undefined) {
    throw new UsageError(
      '--ignore-flush and --deterministic are for real kernels (--kernel qemu:PATH)',
    );
  }
  const bugs = bugsOf(kernel).map(({ id }) => id);
  const invariants = flags.invariants === true ? { invariants: true } : {};
  return { domain, persistency, fs: filesystemFor(fs, bugs), ...invariants };
}

/** A random program of less has no room for what makes one worth running. */
const OPS_MIN = 4;

function opsOf({ ops = DEFAULT_GENERATE.opsMax }: RunFlags): number {
  if (ops >= OPS_MIN) return ops;
  throw new UsageError(
    `--ops: expected at least ${OPS_MIN}, found "${ops}" (--scheduler exhaustive takes less)`,
  );
}

type Values = Omit<CampaignOptions, keyof Places | 'kernel' | 'corpus' | 'known'>;

const drawnSeed = (): string => BigInt(`0x${randomBytes(8).toString('hex')}`).toString();

/** Every other option given a value; nothing later asks whether it was given. */
function valuesOf(flags: RunFlags, kernel: KernelSpec): Values {
  const real = isReal(kernel);
  const isExhaustive = flags.scheduler === 'exhaustive';
  return {
    settings: settingsOf(flags, kernel),
    seed: flags.seed ?? (isExhaustive ? '0' : drawnSeed()),
    workers: flags.workers,
    executionsMax: flags.execs ?? null,
    elapsedMsMax: flags.time ?? null,
    stopOnFirst: flags.stopOnFirst === true,
    scheduler: flags.scheduler,
    guidance: flags.guidance,
    minimize: flags.minimize,
    // With two threads a real trace does not say whose each store is; what is found then needs a closer look.
    threadsMax: real
      ? Math.min(flags.threads ?? 1, REAL_THREADS_MAX)
      : (flags.threads ?? DEFAULT_GENERATE.threadsMax),
    opsMax: isExhaustive ? 0 : opsOf(flags),
  };
}

/** What an earlier run filed. */
function knownFailures(directory: string, { tellsCauses }: Pace): KnownFailure[] {
  let files: string[];
  try {
    files = findReproducers([directory]);
  } catch (error) {
    if (error instanceof UsageError) return []; // none yet
    throw error;
  }
  return files.flatMap((file) => {
    try {
      const reproducer = readReproducer(file);
      const { signature, program, hits } = reproducer;
      const forAll = tellsCauses || hits?.failures === 0;
      const symptom = wantedIn(reproducer, true).symptom ?? '';
      return [knownFailure(signature, symptom, parseProgram(program.join('\n')), forAll)];
    } catch (error) {
      err(oneLine(`daxfuzz: ${messageOf(error)}; it is not counted as found`));
      return [];
    }
  });
}

/** What the user sees of a campaign. */
class Screen {
  private bar: cliProgress.SingleBar | null = null;
  private lastPlain = -PLAIN_INTERVAL_MS;

  constructor(
    private readonly options: CampaignOptions,
    private readonly json: boolean,
    /** Are marks that were never taken named? */
    private readonly namesMarks: boolean,
  ) {}

  start(): void {
    const { options } = this;
    const bounds = [
      options.executionsMax === null ? '' : `, ${plural(options.executionsMax, 'execution')}`,
      options.elapsedMsMax === null ? '' : `, ${options.elapsedMsMax / 1000} s`,
    ].join('');
    err(
      `daxfuzz ${VERSION}: kernel ${kernelText(options.kernel)}, seed ${options.seed}, ` +
        `${plural(options.workers, 'worker')}${bounds}, ${options.scheduler} schedules, ` +
        `${options.settings.domain}, ${options.settings.persistency}-ordered`,
    );
    if (!process.stderr.isTTY) return;
    const isExhaustive = options.scheduler === 'exhaustive';
    const bounded = isExhaustive || options.executionsMax !== null || options.elapsedMsMax !== null;
    this.bar = new cliProgress.SingleBar({
      format: bounded ? '{bar} {percentage}%  {line}' : '{line}',
      barsize: 20,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
    });
    this.bar.start(100, 0, { line: '' });
  }

  progress(summary: CampaignSummary): void {
    if (this.bar !== null) {
      this.bar.update(Math.floor(this.share(summary) * 100), { line: progressLine(summary) });
    } else if (summary.elapsedMs - this.lastPlain >= PLAIN_INTERVAL_MS) {
      this.lastPlain = summary.elapsedMs;
      err(progressLine(summary));
    }
  }

  finding(finding: SummaryFinding, report: string): void {
    const size =
      `${plural(finding.ops, 'operation')}, ${plural(finding.threads, 'thread')}, ` +
      plural(finding.contextSwitches, 'context switch');
    this.above(
      `found ${finding.signature} (${size}) after ${plural(finding.executionsToFind, 'execution')}: ` +
        `npx daxfuzz replay ${finding.file}`,
    );
    if (this.options.stopOnFirst && !this.json) out(`\n${report}`);
  }

  problem(message: string): void {
    this.above(`daxfuzz: ${message}`);
  }

  end(summary: CampaignSummary): void {
    this.bar?.stop();
    if (this.json) printJson(summary);
    else out(summaryText(summary, this.namesMarks));
  }

  private share(summary: CampaignSummary): number {
    const { executionsMax, elapsedMsMax } = this.options;
    if (summary.exhaustive !== null) return shareOf(summary.exhaustive);
    const byCount = executionsMax === null ? 0 : summary.executions / executionsMax;
    const byTime = elapsedMsMax === null ? 0 : summary.elapsedMs / elapsedMsMax;
    return Math.min(1, Math.max(byCount, byTime));
  }

  /** A line that stays, above the progress bar. */
  private above(text: string): void {
    if (this.bar === null) {
      err(text);
      return;
    }
    clearLine();
    err(text);
    this.bar.render();
  }
}

/** What a campaign has built up, or how far an exhaustive run has come. */
function growth({ coverage, corpus, exhaustive }: CampaignSummary): string[] {
  if (exhaustive === null) {
    return [`coverage ${thousands(coverage)}`, `corpus ${thousands(corpus)}`];
  }
  return [`programs ${thousands(exhaustive.programs)} of ${thousands(exhaustive.programsInAll)}`];
}

function progressLine(summary: CampaignSummary): string {
  return [
    `${Math.round(summary.elapsedMs / 1000)} s`,
    `${thousands(summary.executions)} executions (${thousands(summary.executionsPerSecond)}/s)`,
    `${thousands(summary.crashPoints)} cuts`,
    ...growth(summary),
    `findings ${summary.findings.length}`,
  ].join('  ');
}
