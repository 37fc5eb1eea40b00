/**
 * One stream of executions: draw or mutate a program, run it, keep what is new, minimise and report what is
 * wrong. Everything random comes from the stream's own seed, so a stream is a pure function of its setup.
 */
import { FeatureCollector } from '../coverage/features.js';
import { OperationFeatures } from '../coverage/operations.js';
import { COVERAGE_PLACES } from '../coverage/place.js';
import type { AllocateMedia } from '../media/image.js';
import { Image } from '../media/image.js';
import { Judge } from '../oracle/judge.js';
import { DEFAULT_GENERATE, ProgramGenerator } from '../program/generate.js';
import { OP } from '../program/op.js';
import type { Program } from '../program/program.js';
import { threadCount } from '../program/program.js';
import { parseProgram } from '../program/text.js';
import type { Line, Outcome } from '../run.js';
import { runOnce } from '../run.js';
import { Prng } from '../support/prng.js';
import type { Execution } from '../target/target.js';
import { isReal, openTarget } from '../targets.js';
import type { Counts } from './counts.js';
import { countOutcome, noCounts } from './counts.js';
import type { BatchAnswer, BatchOrder, FoundFinding, WorkerSetup } from './messages.js';
import { Reporter } from './reporter.js';
import type { Plan } from './source.js';
import { ExecutionSource } from './source.js';
import { StopWord } from './stop-word.js';
import { unfinished } from './unfinished.js';

/** Of so many executions one has power fail again while the file system recovers. */
const RECOVERED = { of: 32 };

/** Programs drawn in a row before one is run, whatever it does. */
const DRAWS_MAX = 50;

/** Executions between two looks at the clock, where there is one. */
const SLICE = 64;

export class Fuzzer {
  private readonly line: Line;
  private readonly source: ExecutionSource;
  private readonly features: FeatureCollector;
  private readonly operations: OperationFeatures;
  private readonly reporter: Reporter;
  private executions = 0;
  /** What is being executed. */
  private running: Program | null = null;
  /** Executions of the batch that took each mark. */
  private readonly marks: number[];
  private readonly stopWord: StopWord;

  constructor(
    private readonly setup: WorkerSetup,
    workerNumber: number,
    allocate: AllocateMedia,
  ) {
    this.stopWord = new StopWord(setup.stopping);
    const seed = Prng.fromSeed(BigInt(setup.seed));
    let stream = seed.split();
    for (let i = 0; i < workerNumber; i++) stream = seed.split();
    const target = openTarget(setup.kernel, setup.settings);
    this.marks = target.marks.map(() => 0);
    const { threadsMax, opsMax, scheduler } = setup;
    const { dialect, pointNames, pace } = target;
    const generator = new ProgramGenerator({ ...DEFAULT_GENERATE, threadsMax, opsMax, dialect });
    this.source = new ExecutionSource(stream, generator, {
      scheduler,
      opsMax,
      pointNames,
      explores: pace.explores,
      canRun: (program) => this.canRun(program),
    });
    const judge = new Judge(new Image(allocate));
    this.line = { target, judge, settings: setup.settings };
    this.reporter = new Reporter(this.line, setup);
    const map = new Uint8Array(setup.coverage, 0, COVERAGE_PLACES);
    this.features = new FeatureCollector(map);
    this.operations = new OperationFeatures(map);
    setup.corpus.forEach((text, index) => {
      const program = parseProgram(text);
      if (this.canRun(program))
        this.source.addSeed(program, index % setup.workers === workerNumber);
    });
    this.source.start();
  }

  batch(order: BatchOrder): BatchAnswer {
    for (const failure of order.known) this.reporter.known.add(failure);
    for (const text of order.corpus) this.source.corpus.add(parseProgram(text));
    const counts = noCounts();
    const corpus: string[] = [];
    const findings: FoundFinding[] = [];
    this.marks.fill(0);
    const goesOn = (): boolean =>
      counts.executions < order.executions &&
      !this.stopWord.isAsked &&
      !(findings.length > 0 && this.setup.stopOnFirst);
    try {
      while (goesOn()) this.slice(counts, corpus, findings, goesOn);
    } catch (error) {
      const { kernel } = this.setup;
      const place = { kernel, execution: this.executions, program: this.running };
      return unfinished(this.line.target.blame(error), place, findings);
    }
    return { kind: 'done', ...counts, marks: [...this.marks], corpus, findings };
  }

  /** A few executions under one time limit, and the reports of one that failed under limits of their own. */
  private slice(
    counts: Counts,
    corpus: string[],
    findings: FoundFinding[],
    goesOn: () => boolean,
  ): void {
    const failed = this.line.target.watch(() => {
      for (let i = 0; i < SLICE && goesOn(); i++) {
        const plan = this.drawRunnable(counts);
        const { program } = plan;
        this.running = program;
        this.executions++;
        counts.executions++;
        const outcome = this.executeOne(plan, counts, corpus);
        if (outcome.verdict.violations.length > 0) return { program, outcome };
      }
      return null;
    });
    // After all else: minimising runs other programs over the same buffers.
    if (failed === null) return;
    const { program, outcome } = failed;
    this.reporter.report(program, outcome, counts.executions, findings, counts);
  }

  /** What is known to stop the kernel is not run again and again, and counted. */
  private drawRunnable(counts: Counts): Plan {
    for (let draws = 0; draws < DRAWS_MAX; draws++) {
      const plan = this.source.next();
      if (!this.reporter.known.stops(plan.program)) return plan;
      counts.programsSkipped++;
    }
    return this.source.next();
  }

  /**
   * A guest has as many CPUs as the programs of a campaign have threads, and no devices. What a file system
   * that shares blocks is for is a waste on the model's other one.
   */
  private canRun(program: Program): boolean {
    const { operations } = this.line.target.dialect;
    if (!isReal(this.setup.kernel)) {
      const { reflink, reflink_range } = OP;
      const shares = (code: number): boolean => code === reflink || code === reflink_range;
      return (
        operations.has(reflink) ||
        !program.threads.some((ops) => ops.some(({ code }) => shares(code)))
      );
    }
    const known = program.threads.every((ops) => ops.every(({ code }) => operations.has(code)));
    return known && threadCount(program) <= this.setup.threadsMax;
  }

  /** Runs one program; its text goes to `corpus` if it is worth keeping. */
  private executeOne(plan: Plan, counts: Counts, corpus: string[]): Outcome {
    const { reporter } = this;
    const { program, scheduler } = plan;
    const recovers = this.executions % RECOVERED.of === 0;
    const confirmation = { ...reporter.confirmation(program), recovers };
    const outcome = runOnce(this.line, program, scheduler, confirmation);
    countOutcome(counts, program, outcome);
    for (const mark of outcome.execution.marks) (this.marks[mark] as number)++;
    const isNew = this.setup.guidance && this.newFeatures(program, outcome.execution) > 0;
    const kept = this.source.learn(plan, outcome.execution, isNew);
    if (kept !== null) corpus.push(kept);
    return outcome;
  }

  private newFeatures(program: Program, { trace, disk }: Execution): number {
    const added = this.features.collect(trace, program.geometry, program.files.length);
    return disk?.kind === 'opaque' ? added + this.operations.collect(trace, program) : added;
  }
}
