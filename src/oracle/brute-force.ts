/**
 * The plain checker: every cut, every survivor choice, every image built, recovered and read back, every
 * byte held against the definition. It shares no shortcut with the fast checker (judge.ts), which tests
 * hold against it: same verdicts, always. Only for programs with few crash states.
 */
import { allPlans, countStates } from '../crash/enumerate.js';
import { buildImage } from '../crash/plan.js';
import { recoverFiles } from '../crash/recover.js';
import { Image } from '../media/image.js';
import type { Disk } from '../media/disk.js';
import { freshDisk } from '../media/fresh.js';
import type { PersistencyOptions } from '../persistency/history.js';
import { PersistHistory } from '../persistency/history.js';
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import type { Op } from '../program/op.js';
import type { Contract } from '../target/target.js';
import { AT, EVENT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { Expectation } from './expectation.js';
import { coveredBefore } from './frozen.js';
import type { PromiseMade } from './promise.js';
import { userFlushOf } from './user-flush.js';
import { hasSucceeded, promiseOf, wholeFiles, writtenRange } from './promise.js';

export interface BruteForceResult {
  /** Calls whose promise some crash state breaks, by operation number. */
  readonly brokenPromises: ReadonlySet<number>;
  /** Files that show foreign bytes in some crash state. */
  readonly exposedFiles: ReadonlySet<number>;
  /** Files that show bytes which a media error had destroyed, in some crash state. */
  readonly lostFiles: ReadonlySet<number>;
  /** Some crash state cannot be mounted. */
  readonly unrecovered: boolean;
  /** Crash states looked at; images that are equal are judged once. */
  readonly states: number;
}

/** Null when some cut has more than `statesMax` crash states. */
export function bruteForce(
  program: Program,
  trace: Trace,
  options: PersistencyOptions & { readonly contract: Contract },
  statesMax: number,
): BruteForceResult | null {
  const disk = freshDisk(program);
  const expectation = new Expectation(program, disk, trace, options.contract);
  const history = new PersistHistory(new Image());
  history.reset(disk, trace, options);
  const promises = promisesOf(program, disk, trace);
  const brokenPromises = new Set<number>();
  const exposedFiles = new Set<number>();
  const lostFiles = new Set<number>();
  let unrecovered = false;
  let states = 0;
  for (let cut = -1; cut < trace.length; cut++) {
    if (cut >= 0) history.apply(cut);
    if (countStates(history) > statesMax) return null;
    const judged = new Set<string>();
    for (const plan of allPlans(history, cut)) {
      states++;
      const image = buildImage(history, plan);
      const key = Buffer.from(image.buffer).toString('latin1');
      if (judged.has(key)) continue;
      judged.add(key);
      const files = recoverFiles(disk.layout, image);
      if (typeof files === 'string') {
        unrecovered = true;
        continue;
      }
      for (const made of promises) {
        if (made.end > cut || brokenPromises.has(made.op)) continue;
        const wrong =
          expectation.checkPromise(files, made, cut) ?? expectation.checkTimes(files, made);
        if (wrong !== null) brokenPromises.add(made.op);
      }
      for (const lost of expectation.destroyed.find(files, cut)) lostFiles.add(lost.ino);
      for (let ino = 0; ino < program.files.length; ino++) {
        if (exposedFiles.has(ino)) continue;
        if (expectation.checkExposure(files, cut, ino) !== null) exposedFiles.add(ino);
      }
    }
  }
  return { brokenPromises, exposedFiles, lostFiles, unrecovered, states };
}

/** Every call of the trace that made a promise and returned success. */
function promisesOf(program: Program, disk: Disk, trace: Trace): PromiseMade[] {
  const { layout } = disk;
  const { pageSize } = layout.geometry;
  const made: PromiseMade[] = [];
  for (let begin = 0; begin < trace.length; begin++) {
    if (trace.kind(begin) !== EVENT.op_enter) continue;
    const op = trace.op(begin);
    const call = opAt(program, op) as Op;
    const promise = promiseOf(call);
    if (promise === null) continue;
    const file = trace.argument(begin, AT.op_enter.ino);
    const ranges = wholeFiles(promise, file, layout);
    for (let event = begin + 1; event < trace.length; event++) {
      if (trace.op(event) !== op) continue;
      if (trace.kind(event) === EVENT.sync_range && promise === 'P5') {
        const from = trace.argument(event, AT.sync_range.page) * pageSize;
        const to = from + trace.argument(event, AT.sync_range.pages) * pageSize;
        ranges.push({ ino: trace.argument(event, AT.sync_range.ino), from, to });
      } else if (trace.kind(event) === EVENT.op_exit) {
        const result = trace.argument(event, AT.op_exit.result);
        if (hasSucceeded(promise, call, result, isDownBefore(trace, event))) {
          if (promise === 'P2') ranges.push(writtenRange(call, file, result));
          const before = coveredBefore(program, trace, promise, begin, event);
          const flush = promise === 'P8' ? userFlushOf(program, disk, trace, op, event) : null;
          const covered = flush === null ? ranges : flush.ranges;
          const task = trace.task(begin);
          made.push({ promise, op, task, begin, end: event, before, ranges: covered, flush });
        }
        break;
      }
    }
  }
  return made;
}

/** Has the file system been shut down by event `end`? */
function isDownBefore(trace: Trace, end: number): boolean {
  for (let event = 0; event < end; event++) {
    if (trace.kind(event) === EVENT.fs_shutdown) return true;
  }
  return false;
}
