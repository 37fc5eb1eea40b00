/**
 * A campaign: hands batches to workers, merges what they found, files findings as soon as they exist, and
 * ends when its bound is reached or somebody stops it.
 *
 * With one worker and a number of executions, everything but the times is a function of the seed. The clock
 * is read here and in cli/ only.
 */
import { COVERAGE_PLACES } from '../coverage/place.js';
import { saveProgram } from '../corpus/files.js';
import type { KernelSpec } from '../kernel/model-target.js';
import type { Settings } from '../run.js';
import { marksOf, paceOf } from '../targets.js';
import { addCounts, noCounts } from './counts.js';
import type { FindingObserver } from './filing.js';
import { Filing } from './filing.js';
import type { KnownFailure } from './known.js';
import { inLanes } from './lanes.js';
import type {
  BatchAnswer,
  BatchOrder,
  BatchResult,
  SchedulerName,
  WorkerSetup,
} from './messages.js';
import { WorkerPool } from './pool.js';
import type { Haste } from './stop-word.js';
import { StopWord } from './stop-word.js';
import type { CampaignSummary, MarkCount } from './summary.js';
import { summaryOf } from './summary.js';
import { errorOf } from './unfinished.js';

export interface CampaignOptions {
  readonly kernel: KernelSpec;
  readonly settings: Settings;
  readonly seed: string;
  readonly workers: number;
  /** Ends after so many executions; null for no bound. */
  readonly executionsMax: number | null;
  /** Ends after so long; null for no bound. */
  readonly elapsedMsMax: number | null;
  readonly stopOnFirst: boolean;
  readonly scheduler: SchedulerName;
  /** Programs that show something new are kept and mutated; without it, only those given. */
  readonly guidance: boolean;
  /** Findings are made as small as they get before they are filed. */
  readonly minimize: boolean;
  readonly threadsMax: number;
  readonly opsMax: number;
  /** Where new programs are kept, and findings are filed. */
  readonly corpusDirectory: string;
  readonly crashesDirectory: string;
  /** Texts of the programs to start from. */
  readonly corpus: readonly string[];
  /** Signatures that an earlier run has filed. */
  readonly known: readonly KnownFailure[];
}

export interface CampaignObserver extends FindingObserver {
  progress(summary: CampaignSummary): void;
}

/** Of a batch; what the others do, the first tells sooner. */
const FIRST_BATCH_SHARE = 1 / 8;

/** A batch that a worker has. */
interface Running {
  readonly executions: number;
  readonly answer: Promise<BatchAnswer | null>;
}

export class Campaign {
  private readonly coverage = new SharedArrayBuffer(COVERAGE_PLACES);
  private readonly filing: Filing;
  /** Programs found by one worker and not yet told to the others, by worker. */
  private readonly untold: string[][];
  private corpusSize = 0;
  private ordered = 0;
  private readonly stopWord = new StopWord();
  private started = 0;
  private readonly pool: WorkerPool<BatchOrder, BatchAnswer>;
  private readonly totals = noCounts();
  private readonly marks: MarkCount[];

  constructor(
    private readonly options: CampaignOptions,
    private readonly observer: CampaignObserver,
    private readonly clock: () => number,
  ) {
    const setup: WorkerSetup = {
      kernel: options.kernel,
      settings: options.settings,
      seed: options.seed,
      scheduler: options.scheduler,
      guidance: options.guidance,
      minimize: options.minimize,
      threadsMax: options.threadsMax,
      opsMax: options.opsMax,
      corpus: options.corpus,
      workers: options.workers,
      coverage: this.coverage,
      numbering: new SharedArrayBuffer(4),
      stopping: this.stopWord.buffer,
      stopOnFirst: options.stopOnFirst,
    };
    this.marks = marksOf(options.kernel, options.settings).map(({ name }) => ({
      name,
      executions: 0,
    }));
    this.corpusSize = options.corpus.length;
    this.filing = new Filing(options.crashesDirectory, options.known, observer, () =>
      this.elapsed(),
    );
    this.untold = Array.from({ length: options.workers }, () => []);
    this.pool = new WorkerPool('worker.js', setup, options.workers, (message) =>
      observer.problem(message),
    );
  }

  /** Finishes the executions under way and ends. */
  stop(haste: Haste = 'soon'): void {
    this.stopWord.ask(haste);
  }

  /**
   * Runs to the end.
   * @throws Defect when daxfuzz itself is wrong, EnvironmentError when the machine does not allow to go on,
   * UsageError when a kernel module of the user's is wrong; what was found until then is on disk and in
   * `summary()`.
   */
  async run(): Promise<CampaignSummary> {
    this.started = this.clock();
    try {
      await inLanes(
        this.options.workers,
        (lane) => this.runLane(lane),
        () => this.stop(),
      );
    } finally {
      await this.pool.close();
    }
    return this.summary();
  }

  summary(): CampaignSummary {
    return summaryOf(this.options, this.totals, this.elapsed(), {
      coverage: new Uint8Array(this.coverage).reduce((sum, place) => sum + place, 0),
      corpus: this.corpusSize,
      marks: this.marks,
      exhaustive: null,
      workersLost: this.pool.lost,
      findings: this.filing.findings,
    });
  }

  /**
   * One worker's worth of batches, one after the other. The worker gets its next one before the programs of
   * the last are written to disk, or it would wait for that.
   */
  private async runLane(lane: number): Promise<void> {
    const { batch } = paceOf(this.options.kernel);
    let running = this.order(lane, Math.ceil(batch * FIRST_BATCH_SHARE));
    while (running !== null) {
      const corpus = this.take(lane, await running.answer, running.executions);
      running = this.order(lane, batch);
      try {
        for (const text of corpus) saveProgram(this.options.corpusDirectory, text);
      } catch (error) {
        await this.fileLast(running);
        throw error;
      }
      this.observer.progress(this.summary());
    }
  }

  private elapsed(): number {
    return this.clock() - this.started;
  }

  private order(lane: number, wanted: number): Running | null {
    const executions = this.nextBatchSize(wanted);
    if (executions === 0) return null;
    this.ordered += executions;
    const corpus = (this.untold[lane] as string[]).splice(0);
    const answer = this.pool.run({ executions, known: this.filing.all, corpus });
    return { executions, answer };
  }

  /** What a worker found must not be lost with the disk that the lane ends for. */
  private async fileLast(running: Running | null): Promise<void> {
    this.stop();
    const answer = (await running?.answer) ?? null;
    if (answer !== null) this.filing.fileAll(answer.findings, this.totals.executions);
  }

  /** Counts what a batch came to and files its findings; gives the programs to be kept. */
  private take(lane: number, answer: BatchAnswer | null, executions: number): readonly string[] {
    if (answer === null) {
      this.ordered -= executions; // the worker died; somebody else does this batch
      return [];
    }
    if (answer.kind === 'done') {
      this.merge(lane, answer, executions);
      return answer.corpus;
    }
    this.filing.fileAll(answer.findings, this.totals.executions);
    const { seed, kernel } = this.options;
    throw errorOf(
      answer,
      kernel,
      ({ execution }) => `seed ${seed}, execution ${execution} of a worker`,
    );
  }

  private nextBatchSize(wanted: number): number {
    const { executionsMax, elapsedMsMax, stopOnFirst } = this.options;
    if (this.stopWord.isAsked) return 0;
    if (stopOnFirst && this.filing.findings.length > 0) return 0;
    if (elapsedMsMax !== null && this.elapsed() >= elapsedMsMax) return 0;
    return executionsMax === null ? wanted : Math.min(wanted, executionsMax - this.ordered);
  }

  private merge(lane: number, result: BatchResult, ordered: number): void {
    const { totals } = this;
    const before = totals.executions;
    this.ordered -= ordered - result.executions;
    addCounts(totals, result);
    result.marks.forEach((executions, mark) => {
      (this.marks[mark] as MarkCount).executions += executions;
    });
    this.filing.fileAll(result.findings, before);
    this.corpusSize += result.corpus.length;
    this.untold.forEach((list, other) => {
      if (other !== lane) list.push(...result.corpus);
    });
  }
}
