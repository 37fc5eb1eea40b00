/**
 * Makes a finding as small as it gets while its signature stays the same: passes over program, schedule
 * and arguments, each restarted after a success, repeated until none changes anything.
 *
 * What "still fails" means is the caller's: the predicate executes a candidate and, if it fails in the same
 * way, gives it back with the schedule as it was really followed.
 */
import type { CrashPlan } from '../crash/plan.js';
import { OP } from '../program/op.js';
import type { Program } from '../program/program.js';
import { opCount, threadCount } from '../program/program.js';
import { printProgram } from '../program/text.js';
import type { Schedule } from '../schedule/schedule.js';
import { contextSwitches } from '../schedule/schedule.js';
import type { Candidate, Draft } from './draft.js';

export type { Candidate } from './draft.js';
import { draftOf, render } from './draft.js';
import {
  dropWithoutPmds,
  movePagesDown,
  renumberSlots,
  shrinkArguments,
  shrinkFiles,
  unifyMappings,
  withoutDevices,
  writesForStores,
} from './argument-passes.js';
import {
  dropOps,
  dropThreads,
  dropUnstarted,
  inOneThread,
  mergeThreads,
  moveOps,
  startTogether,
} from './drop-passes.js';
import { dropSwitches, earlierSwitches } from './schedule-passes.js';

/** What an execution of a candidate that still fails tells the minimiser. */
export interface Failure extends Candidate {
  /** Operations in the order in which they began, up to the event that made the fault certain. */
  readonly started: readonly number[];
  /** The power failure that shows it; null if it needs none. */
  readonly plan: CrashPlan | null;
}

/** Executes a candidate; null if it does not fail in the way that is being minimised. */
export type StillFails = (program: Program, schedule: Schedule) => Failure | null;

/**
 * Looks for the failure where no recorded schedule leads: in `program` under schedules of its own choosing,
 * or in programs that differ from it a little. Gives the simplest that it met; null if it met none, or
 * where executions are too dear for that.
 */
export type Explore = (program: Program, where: Where) => Failure | null;

/** A few schedules of the program, many of them, or one schedule each of programs close by. */
export type Where = 'few-schedules' | 'many-schedules' | 'neighbours';

export interface Minimised extends Candidate {
  readonly plan: CrashPlan | null;
  /** Candidates executed. */
  readonly tries: number;
}

/** A bound on candidates for programs of campaign size; far more than any of them needs. */
const TRIES_MAX = 20_000;

/** Is `a` smaller than `b`, in what a reader of a reproducer minds? */
export function isSimpler(a: Candidate, b: Candidate): boolean {
  return isSmaller(cost(a), cost(b));
}

/**
 * Smaller is fewer threads, then fewer operations and switches together, then fewer switches, operations of
 * devices and schedule steps, then smaller arguments, earlier visits, and a shorter opening.
 */
function cost(candidate: Candidate): readonly number[] {
  const switches = contextSwitches(candidate.schedule);
  return [
    threadCount(candidate.program),
    opCount(candidate.program) + switches,
    switches,
    deviceOps(candidate.program),
    candidate.schedule.length,
    argumentWeight(candidate.program),
    candidate.schedule.reduce((sum, step) => sum + step.nth, 0),
    candidate.program.spawnAfter,
  ];
}

/** Operations of devices: a reader would rather see what a program does by itself. */
function deviceOps(program: Program): number {
  const codes: readonly number[] = [OP.pin, OP.dma_write, OP.dma_read, OP.unpin];
  return program.threads.flat().filter(({ code }) => codes.includes(code)).length;
}

/** How far arguments are from their smallest values: what shrinking arguments lowers. */
function argumentWeight(program: Program): number {
  let weight = 0;
  // A hole is more to think about than a block.
  for (const { pages, allocated } of program.files) weight += 1 + pages + (pages - allocated);
  const { pageSize } = program.geometry;
  for (const op of program.threads.flat()) {
    // The start of page 1 is simpler than the end of page 0.
    weight += Math.floor(op.offset / pageSize) + bits(op.offset % pageSize);
    weight += bits(op.length) + bits(op.flags) + op.target + op.source;
  }
  return weight;
}

const bits = (value: number): number => 32 - Math.clz32(value);

function isSmaller(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number);
  }
  return false;
}

export function minimize(first: Failure, stillFails: StillFails, explore: Explore): Minimised {
  const search = new Search(first, stillFails, explore);
  do {
    search.changed = false;
    search.pass((draft, failure) => dropUnstarted(draft, new Set(failure.started)));
    search.pass((draft, failure) => mergeThreads(draft, failure.started));
    search.pass(dropThreads);
    search.pass(dropOps);
    search.pass(withoutDevices);
    search.pass(writesForStores);
    search.pass(unifyMappings);
    search.pass(dropWithoutPmds);
    search.pass(dropSwitches);
    search.pass((draft, failure) => moveOps(draft, failure.started));
    search.pass(earlierSwitches);
    search.pass(startTogether);
    search.pass(movePagesDown);
    search.pass(shrinkFiles);
    search.pass(shrinkArguments);
    search.pass(renumberSlots);
    // What no carried-over schedule can follow any more may still fail under another one.
    if (!search.changed) search.explorePass();
    if (!search.changed) search.neighbourPass(first);
  } while (search.changed);
  const { program, schedule, plan } = search.best;
  return { program, schedule, plan, tries: search.tries };
}

class Search {
  tries = 0;
  changed = false;
  private bestCost: readonly number[];
  private searchedNeighbours = false;
  /** Candidates that were executed, by the text of program and schedule. */
  private readonly seen = new Set<string>();

  constructor(
    public best: Failure,
    private readonly stillFails: StillFails,
    private readonly explore: Explore,
  ) {
    this.bestCost = cost(best);
  }

  /** Tries the candidates of a pass, from the start again after each that is smaller and still fails. */
  pass(candidates: (draft: Draft, failure: Failure) => Generator<Draft>): void {
    for (;;) {
      const draft = draftOf(this.best.program, this.best.schedule);
      if (!this.improve(candidates(draft, this.best))) return;
    }
  }

  /** Programs with less in them or with operations elsewhere, each under a few schedules. */
  explorePass(): void {
    const draft = draftOf(this.best.program, this.best.schedule);
    const { started } = this.best;
    const others = [...inOneThread(draft, started), ...dropOps(draft), ...moveOps(draft, started)];
    for (const smaller of others) {
      if (this.explored(smaller, 'few-schedules')) return;
    }
    this.explored(draft, 'many-schedules');
  }

  private explored(draft: Draft, where: Where): boolean {
    const { program } = render(draft);
    const key = `${where} ${printProgram(program)}`;
    if (this.seen.has(key) || opCount(program) === 0) return false;
    this.seen.add(key);
    const failure = this.explore(program, where);
    return failure !== null && this.accept(failure);
  }

  /** Does something close by fail with less? Asked once. */
  neighbourPass(first: Failure): void {
    if (this.searchedNeighbours) return;
    this.searchedNeighbours = true;
    for (const failure of [first, this.best]) {
      const draft = draftOf(failure.program, failure.schedule);
      const [together] = mergeThreads(draft, failure.started);
      if (together !== undefined && this.explored(together, 'neighbours')) return;
    }
    this.explored(draftOf(this.best.program, this.best.schedule), 'neighbours');
  }

  private accept(failure: Failure): boolean {
    const failureCost = cost(failure);
    if (!isSmaller(failureCost, this.bestCost)) return false;
    this.best = failure;
    this.bestCost = failureCost;
    this.changed = true;
    return true;
  }

  private improve(drafts: Generator<Draft>): boolean {
    for (const draft of drafts) {
      if (this.tries >= TRIES_MAX) return false;
      const candidate = render(draft);
      const key = `${printProgram(candidate.program)}${JSON.stringify(candidate.schedule)}`;
      if (this.seen.has(key) || opCount(candidate.program) === 0) continue;
      this.seen.add(key);
      this.tries++;
      const failure = this.stillFails(candidate.program, candidate.schedule);
      if (failure !== null && this.accept(failure)) return true;
    }
    return false;
  }
}
