/**
 * The controller of a bounded exhaustive run: hands out programs by their numbers until all are done, adds up
 * what they came to, files what was found, and says which programs are left.
 */
import type { ProgramSpace } from '../program/space.js';
import { UsageError } from '../support/assert.js';
import { marksOf } from '../targets.js';
import type { CampaignOptions } from './campaign.js';
import { spaceFor } from './explorer.js';
import type { FindingObserver } from './filing.js';
import { Filing } from './filing.js';
import { inLanes } from './lanes.js';
import { WorkerPool } from './pool.js';
import type { Range } from './ranges.js';
import { Remaining } from './ranges.js';
import type { CampaignSummary } from './summary.js';
import { summaryOf } from './summary.js';
import type { Haste } from './stop-word.js';
import { StopWord } from './stop-word.js';
import type { SweepBounds, SweepCounts, SweepSummary } from './sweep-counts.js';
import { addSweepCounts, noSweepCounts } from './sweep-counts.js';
import type { SweepAnswer, SweepOrder, SweepSetup } from './sweep-messages.js';
import { errorOf } from './unfinished.js';

type Shared =
  | 'kernel'
  | 'settings'
  | 'seed'
  | 'workers'
  | 'elapsedMsMax'
  | 'stopOnFirst'
  | 'minimize'
  | 'crashesDirectory'
  | 'known';

export interface SweepOptions extends Pick<CampaignOptions, Shared> {
  readonly bounds: SweepBounds;
  /** Numbers of the programs to run; null for all there are. */
  readonly programs: Range | null;
}

export interface SweepObserver extends FindingObserver {
  progress(summary: CampaignSummary): void;
}

/** Programs that a worker gets at a time: a second's worth or so. */
const CHUNK = 16;

export class Sweep {
  private readonly space: ProgramSpace;
  private readonly totals: SweepCounts;
  /** Names, by number. */
  private readonly marks: readonly string[];
  private readonly filing: Filing;
  private readonly remaining: Remaining;
  private readonly pool: WorkerPool<SweepOrder, SweepAnswer>;
  private readonly stopWord = new StopWord();
  private started = 0;

  /** @throws UsageError for programs that there are not. */
  constructor(
    private readonly options: SweepOptions,
    private readonly observer: SweepObserver,
    private readonly clock: () => number,
  ) {
    const { kernel, settings, bounds, workers, stopOnFirst, minimize } = options;
    this.space = spaceFor(settings, bounds);
    const whole = options.programs ?? { from: 0, to: this.space.count };
    if (whole.to > this.space.count) {
      throw new UsageError(
        `--programs ${whole.from}..${whole.to}: there are ${this.space.count} within these bounds`,
      );
    }
    this.remaining = new Remaining(whole);
    this.marks = marksOf(kernel, settings).map(({ name }) => name);
    this.totals = noSweepCounts(this.space.themes.length, this.marks.length);
    this.filing = new Filing(options.crashesDirectory, options.known, observer, () =>
      this.elapsed(),
    );
    const setup: SweepSetup = {
      kernel,
      settings,
      bounds,
      numbering: new SharedArrayBuffer(4),
      stopping: this.stopWord.buffer,
      stopOnFirst,
      minimize,
    };
    this.pool = new WorkerPool('sweep-worker.js', setup, workers, (message) =>
      observer.problem(message),
    );
  }

  /** Ends soon, as a campaign does; programs under way do not count as run. */
  stop(haste: Haste = 'soon'): void {
    this.stopWord.ask(haste);
  }

  /**
   * Runs to the end.
   * @throws what Campaign.run throws, and as it does.
   */
  async run(): Promise<CampaignSummary> {
    this.started = this.clock();
    const { elapsedMsMax, workers } = this.options;
    const alarm = elapsedMsMax === null ? null : setTimeout(() => this.stop(), elapsedMsMax);
    try {
      await inLanes(
        workers,
        () => this.runLane(),
        () => this.stop(),
      );
    } finally {
      if (alarm !== null) clearTimeout(alarm);
      await this.pool.close();
    }
    return this.summary();
  }

  summary(): CampaignSummary {
    const { options, totals } = this;
    // Nothing is drawn: the seed is only what was said.
    const begun = { ...options, scheduler: 'exhaustive', guidance: false } as const;
    return summaryOf(begun, totals.counts, this.elapsed(), {
      coverage: 0,
      corpus: 0,
      marks: this.marks.map((name, mark) => ({ name, executions: totals.marks[mark] ?? 0 })),
      exhaustive: this.covered(),
      workersLost: this.pool.lost,
      findings: this.filing.findings,
    });
  }

  private covered(): SweepSummary {
    const { space, totals } = this;
    return {
      ...this.options.bounds,
      programsInAll: space.count,
      programs: totals.programs,
      crashStates: totals.crashStates,
      themes: space.themes.map((theme, index) => ({
        name: theme.name,
        programsInAll: space.countOf(theme),
        programs: totals.byTheme[index]?.programs ?? 0,
        schedules: totals.byTheme[index]?.schedules ?? 0,
      })),
      left: this.remaining.all,
    };
  }

  private elapsed(): number {
    return this.clock() - this.started;
  }

  private async runLane(): Promise<void> {
    for (;;) {
      const range = this.isOver() ? null : this.remaining.take(CHUNK);
      if (range === null) return;
      const answer = await this.ask(range);
      this.take(answer, range);
      this.observer.progress(this.summary());
    }
  }

  private isOver(): boolean {
    if (this.stopWord.isAsked) return true;
    return this.options.stopOnFirst && this.filing.findings.length > 0;
  }

  private async ask(range: Range): Promise<SweepAnswer | null> {
    try {
      return await this.pool.run({ ...range, known: this.filing.all });
    } catch (error) {
      this.remaining.giveBack(range);
      throw error;
    }
  }

  /** Counts what a chunk came to and files its findings. */
  private take(answer: SweepAnswer | null, range: Range): void {
    if (answer?.kind === 'swept') {
      this.remaining.giveBack({ from: answer.next, to: range.to });
      const before = this.totals.counts.executions;
      addSweepCounts(this.totals, answer.counts);
      this.filing.fileAll(answer.findings, before);
      return;
    }
    this.remaining.giveBack(range);
    if (answer === null) return; // the worker died; somebody else does these
    this.filing.fileAll(answer.findings, this.totals.counts.executions);
    const where = `programs ${range.from}..${range.to} of an exhaustive run`;
    throw errorOf(answer, this.options.kernel, () => where);
  }
}
