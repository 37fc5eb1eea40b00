/**
 * Findings of workers on their way to the disk: each signature once, stored before anybody is told.
 */
import type { Reproducer } from '../finding/reproducer.js';
import { printReproducer } from '../finding/reproducer.js';
import { reproducerPath, storeFinding } from '../finding/store.js';
import { EnvironmentError, messageOf } from '../support/assert.js';
import type { KnownFailure } from './known.js';
import { KnownFailures } from './known.js';
import type { FoundFinding } from './messages.js';
import { FILE_PLACEHOLDER } from './messages.js';

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

/** Who is told of findings. */
export interface FindingObserver {
  /** Called after the finding has reached the disk. */
  finding(finding: SummaryFinding, report: string): void;
  problem(message: string): void;
}

export class Filing {
  readonly findings: SummaryFinding[] = [];
  private readonly known = new KnownFailures();

  /** `known` are failures that an earlier run has filed; `elapsedMs` is the time since the start. */
  constructor(
    private readonly directory: string,
    known: readonly KnownFailure[],
    private readonly observer: FindingObserver,
    private readonly elapsedMs: () => number,
  ) {
    for (const failure of known) this.known.add(failure);
  }

  get all(): readonly KnownFailure[] {
    return this.known.all;
  }

  /**
   * Each gets its turn, whatever becomes of the one before.
   * @throws EnvironmentError when one could not be stored.
   */
  fileAll(findings: readonly FoundFinding[], executionsBefore: number): void {
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
    const file = reproducerPath(this.directory, reproducer);
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
      elapsedMsToFind: Math.round(this.elapsedMs()),
    };
    this.findings.push(finding);
    this.observer.finding(finding, report);
  }

  private store(reproducer: Reproducer, report: string): void {
    try {
      storeFinding(this.directory, reproducer, report);
    } catch (error) {
      // The finding must not be lost with the disk: whoever reads the terminal still has it.
      this.observer.problem(`finding not stored; here it is:\n${printReproducer(reproducer)}`);
      throw new EnvironmentError(messageOf(error));
    }
  }
}
