/**
 * The worker's side of a bounded exhaustive run: programs by their numbers, each under all its schedules.
 */
import { POINT } from '../kernel/points.js';
import type { AllocateMedia } from '../media/image.js';
import { Image } from '../media/image.js';
import { Judge } from '../oracle/judge.js';
import type { Program } from '../program/program.js';
import { ProgramSpace } from '../program/space.js';
import { themesFor } from '../program/themes.js';
import type { Line, Outcome, Settings } from '../run.js';
import { runOnce } from '../run.js';
import { ExhaustiveScheduler } from '../schedule/exhaustive.js';
import { openTarget } from '../targets.js';
import { countOutcome } from './counts.js';
import type { FoundFinding } from './messages.js';
import { Reporter } from './reporter.js';
import { StopWord } from './stop-word.js';
import type { SweepBounds, SweepCounts } from './sweep-counts.js';
import { addProgram, noSweepCounts } from './sweep-counts.js';
import type { SweepAnswer, SweepOrder, SweepSetup } from './sweep-messages.js';
import { unfinished } from './unfinished.js';

/** Executions under one time limit of the target. */
const SLICE = 64;

export function spaceFor({ fs }: Pick<Settings, 'fs'>, bounds: SweepBounds): ProgramSpace {
  return new ProgramSpace(themesFor(fs === 'xfs-reflink'), bounds);
}

export class Explorer {
  private readonly line: Line;
  private readonly space: ProgramSpace;
  private readonly scheduler: ExhaustiveScheduler;
  private readonly reporter: Reporter;
  private readonly stopWord: StopWord;
  private executions = 0;
  private running: Program | null = null;

  constructor(
    private readonly setup: SweepSetup,
    allocate: AllocateMedia,
  ) {
    const { kernel, settings, bounds } = setup;
    this.stopWord = new StopWord(setup.stopping);
    const judge = new Judge(new Image(allocate));
    this.line = { target: openTarget(kernel, settings), judge, settings };
    this.space = spaceFor(settings, bounds);
    this.scheduler = new ExhaustiveScheduler(bounds.preemptions, POINT.store_buffered);
    this.reporter = new Reporter(this.line, setup);
  }

  sweep({ from, to, known }: SweepOrder): SweepAnswer {
    for (const failure of known) this.reporter.known.add(failure);
    const counts = this.noCounts();
    const findings: FoundFinding[] = [];
    try {
      let next = from;
      while (next < to && !this.isOver(findings)) {
        if (!this.explore(next, counts, findings)) break;
        next++;
      }
      return { kind: 'swept', next, counts, findings };
    } catch (error) {
      const place = {
        kernel: this.setup.kernel,
        execution: this.executions,
        program: this.running,
      };
      return unfinished(this.line.target.blame(error), place, findings);
    }
  }

  private noCounts(): SweepCounts {
    return noSweepCounts(this.space.themes.length, this.line.target.marks.length);
  }

  private isOver(findings: readonly FoundFinding[]): boolean {
    return this.stopWord.isAsked || (findings.length > 0 && this.setup.stopOnFirst);
  }

  /** All schedules of one program; false, and nothing counted, if it was stopped on the way. */
  private explore(number: number, totals: SweepCounts, findings: FoundFinding[]): boolean {
    const program = this.space.programAt(number);
    this.running = program;
    const own = this.noCounts();
    this.scheduler.restart();
    let hasMore = true;
    while (hasMore) {
      if (this.isOver(findings)) return false;
      const failed = this.line.target.watch((): Outcome | null => {
        for (let i = 0; i < SLICE && hasMore; i++) {
          const outcome = this.runNext(program, own);
          hasMore = this.scheduler.advance();
          if (outcome.verdict.violations.length > 0) return outcome;
        }
        return null;
      });
      if (failed === null) continue;
      const after = totals.counts.executions + own.counts.executions;
      this.reporter.report(program, failed, after, findings, own.counts);
    }
    addProgram(totals, this.space.themeOf(number), own);
    return true;
  }

  private runNext(program: Program, own: SweepCounts): Outcome {
    this.executions++;
    own.counts.executions++;
    const confirmation = this.reporter.confirmation(program);
    const outcome = runOnce(this.line, program, this.scheduler, confirmation);
    countOutcome(own.counts, program, outcome);
    for (const mark of outcome.execution.marks) (own.marks[mark] as number)++;
    own.crashStates += outcome.verdict.states;
    return outcome;
  }
}
