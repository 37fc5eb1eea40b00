/**
 * A campaign: hands batches to workers, merges what they found, files findings as soon as they exist, and
 * ends when its bound is reached or somebody stops it.
 *
 * With one worker and a number of executions, everything but the times is a function of the seed. The clock
 * is read here and in cli/ only.
 */
import { COVERAGE_PLACES } from '../coverage/place.js';
import { saveProgram } from '../corpus/files.js';
import type { Reproducer } from '../finding/reproducer.js';
import { printReproducer } from '../finding/reproducer.js';
import { reproducerPath, storeFinding } from '../finding/store.js';
import type { KernelSpec } from '../kernel/model-target.js';
import type { ModuleId } from '../kernel/module.js';
import type { Settings } from '../run.js';
import type { RealSettings } from '../target/real.js';
import { Defect, EnvironmentError, messageOf, UsageError } from '../support/assert.js';
import { marksOf, paceOf } from '../targets.js';
import { VERSION } from '../support/version.js';
import type { Counts } from './counts.js';
import { addCounts, noCounts } from './counts.js';
import type { KnownFailure } from './known.js';
import { KnownFailures } from './known.js';
import { FILE_PLACEHOLDER } from './messages.js';
import type {
  BatchAnswer,
  BatchResult,
  FoundFinding,
  SchedulerName,
  WorkerSetup,
} from './messages.js';
import { WorkerPool } from './pool.js';

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

/** A finding in the summary; the names are the contract of the command line. */
export interface SummaryFinding {
  readonly id: string;
  readonly signature: string;
  readonly promise: string;
  readonly title: string;
  readonly catalogue: readonly string[];
  readonly file: string;
  readonly ops: number;
  readonly threads: number;
  readonly contextSwitches: number;
  readonly executionsToFind: number;
  readonly elapsedMsToFind: number;
}

/** A rare but legal branch of the kernel, and the executions that took it. */
export interface MarkCount {
  readonly name: string;
  executions: number;
}

export interface CampaignSummary extends Omit<Settings, 'real' | 'invariants'>, Readonly<Counts> {
  readonly invariants: boolean;
  /** Null for the model. */
  readonly real: RealSettings | null;
  readonly format: 1;
  readonly daxfuzz: string;
  readonly kernel: string;
  readonly bugs: readonly string[];
  /** Null for kernels that the model has, and real ones. */
  readonly module: ModuleId | null;
  readonly scheduler: SchedulerName;
  readonly guidance: boolean;
  readonly seed: string;
  readonly workers: number;
  readonly elapsedMs: number;
  readonly executionsPerSecond: number;
  readonly coverage: number;
  readonly corpus: number;
  /** What can be taken on this kernel and file system, and how often it was. */
  readonly marks: readonly Readonly<MarkCount>[];
  /** Workers that died; their last batches are not in the numbers. */
  readonly workersLost: number;
  readonly findings: readonly SummaryFinding[];
}

export interface CampaignObserver {
  progress(summary: CampaignSummary): void;
  /** Called after the finding has reached the disk. */
  finding(finding: SummaryFinding, report: string): void;
  problem(message: string): void;
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
  private readonly findings: SummaryFinding[] = [];
  private readonly known = new KnownFailures();
  /** Programs found by one worker and not yet told to the others, by worker. */
  private readonly untold: string[][];
  private corpusSize = 0;
  private ordered = 0;
  private stopping = false;
  /** Tells the workers of it. */
  private readonly stopWord = new Int32Array(new SharedArrayBuffer(4));
  private started = 0;
  private readonly pool: WorkerPool;
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
    for (const failure of options.known) this.known.add(failure);
    this.untold = Array.from({ length: options.workers }, () => []);
    this.pool = new WorkerPool(setup, options.workers, (message) => observer.problem(message));
  }

  /** Finishes the executions under way and ends. */
  stop(): void {
    this.stopping = true;
    Atomics.store(this.stopWord, 0, 1);
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
      const lanes = Array.from({ length: this.options.workers }, async (_, lane) => {
        try {
          await this.runLane(lane);
        } catch (error) {
          this.stop(); // or the other lanes would go on, perhaps for ever
          throw error;
        }
      });
      const ends = await Promise.allSettled(lanes);
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
    } finally {
      await this.pool.close();
    }
    return this.summary();
  }

  summary(): CampaignSummary {
    const { options, totals } = this;
    const elapsedMs = Math.round(this.clock() - this.started);
    const perSecond = elapsedMs === 0 ? 0 : Math.round((totals.executions * 1000) / elapsedMs);
    return {
      format: 1,
      daxfuzz: VERSION,
      kernel: options.kernel.kernel,
      bugs: options.kernel.bugs,
      module: options.kernel.module ?? null,
      ...options.settings,
      invariants: options.settings.invariants === true,
      real: options.settings.real ?? null,
      scheduler: options.scheduler,
      guidance: options.guidance,
      seed: options.seed,
      workers: options.workers,
      elapsedMs,
      executionsPerSecond: perSecond,
      ...totals,
      crashStatesLog2Max: Math.round(totals.crashStatesLog2Max),
      coverage: new Uint8Array(this.coverage).reduce((sum, place) => sum + place, 0),
      corpus: this.corpusSize,
      marks: this.marks,
      workersLost: this.pool.lost,
      findings: this.findings,
    };
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

  private order(lane: number, wanted: number): Running | null {
    const executions = this.nextBatchSize(wanted);
    if (executions === 0) return null;
    this.ordered += executions;
    const corpus = (this.untold[lane] as string[]).splice(0);
    const answer = this.pool.run({ executions, known: this.known.all, corpus });
    return { executions, answer };
  }

  /** What a worker found must not be lost with the disk that the lane ends for. */
  private async fileLast(running: Running | null): Promise<void> {
    this.stop();
    const answer = (await running?.answer) ?? null;
    if (answer !== null) this.fileAll(answer.findings, this.totals.executions);
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
    this.fileAll(answer.findings, this.totals.executions);
    if (answer.kind === 'refused') throw new EnvironmentError(answer.message);
    if (answer.kind === 'misused') throw new UsageError(answer.message, answer.details);
    throw new Defect(
      `${answer.message}\n  not a finding; daxfuzz ${VERSION}, seed ${this.options.seed}, execution ` +
        `${answer.execution} of a worker, kernel ${this.options.kernel.kernel}, bugs ` +
        `${this.options.kernel.bugs.join(',') || 'none'}\n${answer.program}`,
    );
  }

  private nextBatchSize(wanted: number): number {
    const { executionsMax, elapsedMsMax, stopOnFirst } = this.options;
    if (this.stopping) return 0;
    if (stopOnFirst && this.findings.length > 0) return 0;
    if (elapsedMsMax !== null && this.clock() - this.started >= elapsedMsMax) return 0;
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
    this.fileAll(result.findings, before);
    this.corpusSize += result.corpus.length;
    this.untold.forEach((list, other) => {
      if (other !== lane) list.push(...result.corpus);
    });
  }

  /** Each gets its turn, whatever becomes of the one before. */
  private fileAll(findings: readonly FoundFinding[], executionsBefore: number): void {
    let failure: EnvironmentError | null = null;
    for (const found of findings) {
      try {
        this.file(found, executionsBefore);
      } catch (error) {
        if (!(error instanceof EnvironmentError)) throw error;
        failure ??= error;
      }
    }
    if (failure !== null) throw failure;
  }

  /** To disk first, then to whoever listens. */
  private file(found: FoundFinding, executionsBefore: number): void {
    const { reproducer, failure } = found;
    if (!this.known.add(failure)) return; // two workers found it at the same time
    const file = reproducerPath(this.options.crashesDirectory, reproducer);
    const report = found.report.replaceAll(FILE_PLACEHOLDER, file);
    this.store(reproducer, report);
    const finding: SummaryFinding = {
      id: reproducer.id,
      signature: reproducer.signature,
      promise: reproducer.promise,
      title: reproducer.title,
      catalogue: reproducer.catalogue,
      file,
      ops: reproducer.ops,
      threads: reproducer.threads,
      contextSwitches: reproducer.contextSwitches,
      executionsToFind: executionsBefore + found.afterExecutions,
      elapsedMsToFind: Math.round(this.clock() - this.started),
    };
    this.findings.push(finding);
    this.observer.finding(finding, report);
  }

  private store(reproducer: Reproducer, report: string): void {
    try {
      storeFinding(this.options.crashesDirectory, reproducer, report);
    } catch (error) {
      // The finding must not be lost with the disk: whoever reads the terminal still has it.
      this.observer.problem(`finding not stored; here it is:\n${printReproducer(reproducer)}`);
      throw new EnvironmentError(messageOf(error));
    }
  }
}
