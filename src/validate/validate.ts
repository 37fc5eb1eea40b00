/**
 * Is a fix a fix? Every reproducer must fail on the kernel before and hold on the kernel after; executions
 * in its neighbourhood must hold after, too.
 */
import { signatureOf } from '../finding/finding.js';
import type { Violation } from '../oracle/promise.js';
import type { Program } from '../program/program.js';
import type { Line } from '../run.js';
import { runOnce } from '../run.js';
import { ReplayScheduler } from '../schedule/replay.js';
import type { Schedule } from '../schedule/schedule.js';
import { Prng } from '../support/prng.js';
import type { Trace } from '../trace/trace.js';
import type { Origin } from './neighbourhood.js';
import { Neighbourhood } from './neighbourhood.js';

export interface ReproducerCheck {
  /** The signature that it fails with on the kernel before; null if it holds there. */
  readonly before: string | null;
  /** The same on the kernel after. */
  readonly after: string | null;
}

export interface NeighbourhoodCheck {
  readonly executions: number;
  readonly failures: number;
  /** Upper end of the 95 % confidence interval of the failure rate. */
  readonly upperBound95: number;
  /** How often the same neighbourhood fails on the kernel before: how sharp the test is. */
  readonly beforeExecutions: number;
  readonly beforeFailures: number;
}

/** An execution in the neighbourhood that failed on the kernel after. */
export interface CounterExample {
  readonly program: Program;
  readonly schedule: Schedule;
  readonly violation: Violation;
  readonly trace: Trace;
}

/** Executions on the kernel before, to measure how sharp the neighbourhood is. */
const BEFORE_EXECUTIONS_MAX = 2000;

/** Executions under one time limit of the target. */
const SLICE = 64;

export function checkReproducer(origin: Origin, before: Line, after: Line): ReproducerCheck {
  return { before: failureOn(before, origin), after: failureOn(after, origin) };
}

function failureOn(line: Line, origin: Origin): string | null {
  const scheduler = new ReplayScheduler(origin.schedule, line.target.pointNames, 'lenient');
  const { verdict } = runOnce(line, origin.program, scheduler);
  const violation = verdict.violations[0];
  return violation === undefined ? null : signatureOf(violation);
}

export interface NeighbourhoodOptions {
  readonly seed: string;
  readonly executions: number;
  /** Called for each failure after; it may run other programs over the same trace. */
  readonly onFailure: (example: CounterExample) => void;
  readonly onProgress: () => void;
}

export function checkNeighbourhood(
  origin: Origin,
  before: Line,
  after: Line,
  options: NeighbourhoodOptions,
): NeighbourhoodCheck {
  const { executions } = options;
  const beforeExecutions = Math.min(executions, BEFORE_EXECUTIONS_MAX);
  const draw = (line: Line): Neighbourhood =>
    new Neighbourhood(origin, line.target, Prng.fromSeed(BigInt(options.seed)));

  const sharpness = draw(before);
  let beforeFailures = 0;
  for (let i = 0; i < beforeExecutions; i++) {
    const { program, scheduler } = sharpness.draw();
    if (runOnce(before, program, scheduler).verdict.violations.length > 0) beforeFailures++;
  }

  const neighbourhood = draw(after);
  let failures = 0;
  for (let done = 0; done < executions;) {
    const example = after.target.watch(() => {
      for (let i = 0; i < SLICE && done < executions; i++) {
        const { program, scheduler } = neighbourhood.draw();
        const { execution, verdict } = runOnce(after, program, scheduler);
        done++;
        options.onProgress();
        const violation = verdict.violations[0];
        if (violation === undefined) continue;
        return { program, schedule: [...execution.schedule], violation, trace: execution.trace };
      }
      return null;
    });
    if (example === null) continue;
    failures++;
    options.onFailure(example);
  }
  const counts = { executions, failures, beforeExecutions, beforeFailures };
  return { ...counts, upperBound95: upperBound95(failures, executions) };
}

/** Several neighbourhoods as one. */
export function together(checks: readonly NeighbourhoodCheck[]): NeighbourhoodCheck {
  const sum = (of: (check: NeighbourhoodCheck) => number): number =>
    checks.reduce((total, check) => total + of(check), 0);
  const executions = sum((check) => check.executions);
  const failures = sum((check) => check.failures);
  return {
    executions,
    failures,
    upperBound95: upperBound95(failures, executions),
    beforeExecutions: sum((check) => check.beforeExecutions),
    beforeFailures: sum((check) => check.beforeFailures),
  };
}

/**
 * The rate p at which `failures` or fewer of `executions` would still be seen in 5 % of cases (Clopper and
 * Pearson, 1934, one-sided). For no failure that is 1 - 0.05^(1/n), about 3/n.
 */
export function upperBound95(failures: number, executions: number): number {
  if (failures >= executions) return 1;
  let low = 0;
  let high = 1;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (binomialAtMost(failures, executions, middle) > 0.05) low = middle;
    else high = middle;
  }
  return high;
}

/** P[X <= k] for X ~ Binomial(n, p), summed in logarithms. */
function binomialAtMost(k: number, n: number, p: number): number {
  if (p <= 0) return 1;
  if (p >= 1) return k >= n ? 1 : 0;
  let logTerm = n * Math.log1p(-p);
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= k; i++) {
    logTerm += Math.log((n - i + 1) / i) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}
