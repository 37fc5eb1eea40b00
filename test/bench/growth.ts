/**
 * How the time of an execution grows with the program, from ten to ten thousand operations, through the
 * whole line and through the persistency layer alone.
 *
 * Programs of three shapes, because a checker can be linear in one and not in another: stores that each dirty
 * a line of their own and then one promise; the same with a promise after every tenth store, which must not
 * be paid for with a look at all the lines again; and drawn ones, whose operations meet on a few pages, so
 * that bytes have long histories. The device of the first two is as large as the program needs, so that no
 * fixed cost hides the growth.
 */
import { MODEL_DIALECT } from '../../src/program/dialect.js';
import { ModelTarget } from '../../src/kernel/model-target.js';
import { Image } from '../../src/media/image.js';
import { mappedFileMedia } from '../../src/media/mapped-file.js';
import { freshDisk } from '../../src/media/fresh.js';
import { Judge } from '../../src/oracle/judge.js';
import { PersistHistory } from '../../src/persistency/history.js';
import { DEFAULT_GEOMETRY } from '../../src/program/geometry.js';
import { DEFAULT_GENERATE, ProgramGenerator } from '../../src/program/generate.js';
import type { Op } from '../../src/program/op.js';
import { makeOp, OP } from '../../src/program/op.js';
import type { Program } from '../../src/program/program.js';
import { opCount, threadCount } from '../../src/program/program.js';
import { checkProgram } from '../../src/program/validate.js';
import type { Line } from '../../src/run.js';
import { DEFAULT_SETTINGS, runOnce } from '../../src/run.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { assert } from '../../src/support/assert.js';
import { Prng } from '../../src/support/prng.js';
import { LINE_SIZE, WORD_SIZE } from '../../src/support/units.js';
import { EVENT, FENCE, FLUSH } from '../../src/trace/event.js';
import { fillData, Trace } from '../../src/trace/trace.js';
import { KERNEL } from './campaign.js';
import { timesOf } from './rounds.js';

/** Stores, and lines that they dirty; operations of drawn programs. */
export const SIZES = [10, 100, 1000, 10_000] as const;
/** At least so many stores or operations are executed to measure a size, in whole executions. */
const OPERATIONS_MEASURED = 20_000;
const DRAWN_OPERATIONS = 2000;
const PROMISE_EVERY = 10;
const SEED = 1;

export interface Growth {
  /** In the JSON output, for good. */
  readonly name: string;
  readonly title: string;
  readonly sizes: readonly Size[];
}

interface Size {
  /** As in SIZES. */
  readonly size: number;
  /** What the exponent is fitted against: mean operations of a program, or events of the trace. */
  readonly length: number;
  /** Executions of one call of `run`. */
  readonly executions: number;
  readonly run: () => void;
}

/** Microseconds of an execution, by size. */
export type GrowthTimes = readonly number[];

function geometryFor(stores: number): Program['geometry'] {
  const pages = Math.ceil((stores * LINE_SIZE) / DEFAULT_GEOMETRY.pageSize);
  const whole = Math.ceil(pages / DEFAULT_GEOMETRY.pmdPages) * DEFAULT_GEOMETRY.pmdPages;
  return { ...DEFAULT_GEOMETRY, filePagesMax: whole, blockCount: whole };
}

/** One thread that stores to one line after the other, and makes them durable now and then. */
export function growthProgram(stores: number, promiseEvery: number): Program {
  const geometry = geometryFor(stores);
  const pages = geometry.filePagesMax;
  const ops: Op[] = [
    makeOp('open', { target: 0, source: 0 }),
    makeOp('mmap', { target: 0, source: 0, offset: 0, length: pages }),
  ];
  for (let i = 1; i <= stores; i++) {
    const offset = (i - 1) * LINE_SIZE;
    ops.push(makeOp('store', { target: 0, offset, length: WORD_SIZE }));
    if (i % promiseEvery === 0) ops.push(makeOp('fsync', { target: 0 }));
  }
  const files = [{ pages, allocated: pages }];
  const program = { geometry, files, threads: [ops], spawnAfter: 0 };
  checkProgram(program);
  return program;
}

/** Not pins: a call may wait for one for ever, and most of a long program would not be executed. */
const DRAWN_KINDS = [...MODEL_DIALECT.operations].filter((code) => code > OP.open && code < OP.pin);

/** Programs of about `size` operations in two threads, the fewer the longer. */
export function drawnPrograms(size: number): Program[] {
  const choice = new Prng(SEED, size);
  const generator = new ProgramGenerator({
    ...DEFAULT_GENERATE,
    threadsMax: 2,
    opsMax: size,
    only: new Set(DRAWN_KINDS),
  });
  const programs: Program[] = [];
  while (programs.length < Math.max(2, DRAWN_OPERATIONS / size)) {
    const program = generator.generate(choice);
    const long = opCount(program) >= size * 0.8;
    if (long && threadCount(program) === 2) programs.push(program);
  }
  return programs;
}

function wholeLine(name: string, title: string, programsOf: (size: number) => Program[]): Growth {
  const line: Line = {
    target: ModelTarget.of({ kernel: KERNEL, bugs: [] }),
    judge: new Judge(new Image(mappedFileMedia('growth'))),
    settings: DEFAULT_SETTINGS,
  };
  const sizes = SIZES.map((size): Size => {
    const programs = programsOf(size);
    const scheduler = new RandomScheduler(new Prng(SEED, 0));
    const run = (): void => {
      for (const program of programs) {
        const { execution, verdict } = runOnce(line, program, scheduler);
        assert(execution.stuck.length === 0, () => `${name} ${size}: a thread waits for ever`);
        assert(verdict.violations.length === 0, () => `${name} ${size}: a promise is broken`);
      }
    };
    const operations = programs.reduce((sum, program) => sum + opCount(program), 0);
    return { size, length: operations / programs.length, executions: programs.length, run };
  });
  return { name, title, sizes };
}

/** Stores to as many lines, then a flush of each, then a fence. */
export function growthTrace(stores: number, dataStart: number): Trace {
  const trace = new Trace();
  for (let i = 0; i < stores; i++) {
    const offset = i * LINE_SIZE;
    trace.append(EVENT.store, 0, 0, dataStart + offset, WORD_SIZE, fillData(i), 0, 0, offset, i);
  }
  for (let i = 0; i < stores; i++) {
    trace.append(EVENT.flush, 0, 0, dataStart + i * LINE_SIZE, LINE_SIZE, FLUSH.clwb);
  }
  trace.append(EVENT.fence, 0, 0, FENCE.sfence);
  return trace;
}

function persistencyAlone(): Growth {
  const sizes = SIZES.map((size): Size => {
    const geometry = geometryFor(size);
    const pages = geometry.filePagesMax;
    const files = [{ pages, allocated: pages }];
    const program: Program = { geometry, files, threads: [[]], spawnAfter: 0 };
    const disk = freshDisk(program);
    const trace = growthTrace(size, disk.layout.dataStart);
    const history = new PersistHistory(new Image());
    const run = (): void => {
      history.reset(disk, trace, DEFAULT_SETTINGS);
      for (let event = 0; event < trace.length; event++) history.apply(event);
      assert(history.pendingUnits === 0, () => `${history.pendingUnits} lines are pending`);
    };
    return { size, length: trace.length, executions: 1, run };
  });
  return {
    name: 'persistencyAlone',
    title: 'persistency alone, flush and fence at the end',
    sizes,
  };
}

export function growths(): Growth[] {
  return [
    wholeLine('onePromise', 'whole line, stores and one fsync', (size) => [
      growthProgram(size, size),
    ]),
    wholeLine('manyPromises', 'whole line, stores, every 10 an fsync', (size) => [
      growthProgram(size, PROMISE_EVERY),
    ]),
    wholeLine('drawn', 'whole line, drawn programs in 2 threads', drawnPrograms),
    persistencyAlone(),
  ];
}

export function measureGrowth(growth: Growth): GrowthTimes {
  return growth.sizes.map(({ size, executions, run }) => {
    const calls = Math.ceil(OPERATIONS_MEASURED / (size * executions));
    run(); // a device of another size is set up from scratch
    const { seconds } = timesOf(() => {
      for (let i = 0; i < calls; i++) run();
    });
    return (seconds * 1e6) / (calls * executions);
  });
}

/**
 * The exponent e of the law y = c * x^e that fits best: least squares between the logarithms. A constant
 * cost, which dominates small sizes, makes it smaller; `lastStep` is free of that.
 */
export function fittedExponent(xs: readonly number[], ys: readonly number[]): number {
  const logs = (values: readonly number[]): number[] => values.map((value) => Math.log(value));
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x, y] = [logs(xs), logs(ys)];
  const [xMean, yMean] = [mean(x), mean(y)];
  const products = x.map((value, i) => (value - xMean) * ((y[i] as number) - yMean));
  return mean(products) / mean(x.map((value) => (value - xMean) ** 2));
}

/** The exponent between the two largest sizes. */
export function lastStep(xs: readonly number[], ys: readonly number[]): number {
  return fittedExponent(xs.slice(-2), ys.slice(-2));
}
