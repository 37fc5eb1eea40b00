/**
 * From an execution with something wrong in it to findings: minimised, replayed and written up, unless the
 * like has been filed.
 */
import type { FindingSetup } from '../finding/finding.js';
import { signatureOf } from '../finding/finding.js';
import { toReproducer } from '../finding/reproducer.js';
import { wantedOf } from '../finding/wanted.js';
import type { RecordFailure } from '../minimize/record.js';
import { asItCame, minimized, unminimized } from '../minimize/record.js';
import { failureOf } from '../minimize/same-failure.js';
import type { Program } from '../program/program.js';
import { printReport } from '../report/report.js';
import type { Confirmation } from '../oracle/state.js';
import type { Line, Outcome } from '../run.js';
import type { Counts } from './counts.js';
import { FINDINGS_MAX, knownFailure, KnownFailures, UNMINIMIZED_MAX } from './known.js';
import type { FoundFinding, WorkerSetup } from './messages.js';
import { FILE_PLACEHOLDER } from './messages.js';
import { StopWord } from './stop-word.js';

/** Crash images of each execution on a real kernel: mounting one costs as much as running a program. */
const IMAGES = 2;

export class Reporter {
  readonly known: KnownFailures;
  private readonly setup: FindingSetup;
  private readonly stopOnFirst: boolean;
  private readonly stopWord: StopWord;
  /** As small as it gets, or as it was found. */
  private readonly recorded: RecordFailure;

  constructor(
    private readonly line: Line,
    {
      kernel,
      settings,
      stopOnFirst,
      stopping,
      minimize,
    }: Pick<WorkerSetup, 'kernel' | 'settings' | 'stopOnFirst' | 'stopping' | 'minimize'>,
  ) {
    this.setup = { ...kernel, ...settings };
    this.stopOnFirst = stopOnFirst;
    this.stopWord = new StopWord(stopping);
    this.recorded = minimize ? minimized : unminimized;
    this.known = new KnownFailures(minimize ? FINDINGS_MAX : UNMINIMIZED_MAX);
  }

  /** How a run of the program is judged: what has been filed is only counted. */
  confirmation(program: Program): Confirmation {
    return {
      isKnown: (promise, mechanism, symptom) =>
        this.known.covers(
          signatureOf({ promise, mechanism }),
          this.line.target.pace.tellsCauses ? '' : symptom,
          program,
        ),
      everyInstance: false,
      images: IMAGES,
    };
  }

  /** Adds to `findings` and `counts`; runs other programs, so that the outcome's trace is gone afterwards. */
  report(
    program: Program,
    outcome: Outcome,
    afterExecutions: number,
    findings: FoundFinding[],
    counts: Pick<Counts, 'findingsMs'>,
  ): void {
    const began = performance.now();
    this.recordAll(program, outcome, afterExecutions, findings);
    counts.findingsMs += performance.now() - began;
  }

  private recordAll(
    program: Program,
    { execution, verdict }: Outcome,
    afterExecutions: number,
    findings: FoundFinding[],
  ): void {
    const schedule = [...execution.schedule];
    const { trace } = execution;
    const { setup } = this;
    // All of them now: minimising overwrites the trace.
    const failures = verdict.violations.map((violation) => {
      const finding = { setup, program, schedule, violation, traceHash: trace.hash() };
      return {
        wanted: wantedOf(violation, this.line),
        failure: failureOf(program, schedule, trace, violation),
        fallback: asItCame(this.line, finding, trace),
      };
    });
    for (const { wanted, failure, fallback } of failures) {
      const { signature } = wanted;
      const symptom = wanted.symptom ?? '';
      if (this.known.covers(signature, symptom, program)) continue;
      const { finding, trace: shown } = this.recorded(
        this.line,
        setup,
        failure,
        wanted,
        fallback,
        () => this.stopWord.isHurried,
      );
      const { pointNames } = this.line.target;
      const reproducer = toReproducer(finding, pointNames);
      const report = printReport(finding, shown, { pointNames, file: FILE_PLACEHOLDER });
      // What does not come again depends on more than its program.
      const forAll = this.line.target.pace.tellsCauses || finding.hits?.failures === 0;
      const known = knownFailure(signature, symptom, finding.program, forAll);
      this.known.add(known);
      findings.push({ reproducer, failure: known, report, afterExecutions });
      if (this.stopOnFirst) return;
    }
  }
}
