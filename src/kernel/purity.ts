/**
 * Do the functions of a user's module depend on nothing but program, schedule and kernel? Some hundred
 * executions, twice, on two kernels: what the module keeps for itself shows as a difference.
 */
import { ProgramGenerator, DEFAULT_GENERATE } from '../program/generate.js';
import { RandomScheduler } from '../schedule/random.js';
import { UsageError } from '../support/assert.js';
import { Prng } from '../support/prng.js';
import type { KernelSpec } from './model-target.js';
import { ModelTarget } from './model-target.js';

const EXECUTIONS = 200;
const SEED = 2016n;

/** Kernels that were looked at: a verb may name one many times. */
const checked = new Set<string>();

/** @throws UsageError when they do, or when they do anything wrong in these executions. */
export function checkPurity(spec: KernelSpec): void {
  const key = JSON.stringify(spec);
  if (checked.has(key)) return;
  const first = traceHashes(spec);
  const second = traceHashes(spec);
  const different = first.findIndex((hash, index) => hash !== second[index]);
  if (different < 0) {
    checked.add(key);
    return;
  }
  throw new UsageError(
    `${spec.kernel}: its functions are not pure: a program left another trace on a second kernel; ` +
      'what they keep between calls belongs into k.variant, and clocks and Math.random nowhere',
  );
}

function traceHashes(spec: KernelSpec): string[] {
  const target = ModelTarget.of(spec);
  const choice = Prng.fromSeed(SEED);
  const scheduler = new RandomScheduler(choice.split());
  const generator = new ProgramGenerator({ ...DEFAULT_GENERATE, dialect: target.dialect });
  return Array.from({ length: EXECUTIONS }, () =>
    target.execute(generator.generate(choice), scheduler).trace.hash(),
  );
}
