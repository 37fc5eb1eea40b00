/**
 * What a series of executions came to, as one hash: run in this process or, as a script, in another one
 * (`node dist/test/helpers/fingerprint.js KERNEL SEED COUNT`).
 */
import { ProgramGenerator } from '../../src/program/generate.js';
import type { Program } from '../../src/program/program.js';
import type { Line } from '../../src/run.js';
import { runOnce } from '../../src/run.js';
import { PctScheduler } from '../../src/schedule/pct.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { printSchedule } from '../../src/schedule/text.js';
import { hashText } from '../../src/support/hash.js';
import { Prng } from '../../src/support/prng.js';
import { lineOf } from './lines.js';

/** A program and how it is scheduled. */
export interface Sample {
  readonly program: Program;
  readonly seed: bigint;
  readonly pct: boolean;
}

/** Random programs, half of them under PCT schedules. */
export function samples(seed: bigint, count: number): Sample[] {
  const choice = Prng.fromSeed(seed);
  const generator = new ProgramGenerator();
  return Array.from({ length: count }, (_, index) => ({
    program: generator.generate(choice),
    seed: seed * 1000n + BigInt(index),
    pct: index % 2 === 1,
  }));
}

/** Everything that an execution shows: trace, schedule, tasks that never ended, verdict. */
export function outcomeText(line: Line, sample: Sample): string {
  const choice = Prng.fromSeed(sample.seed);
  const scheduler = sample.pct ? new PctScheduler(choice) : new RandomScheduler(choice);
  const { execution, verdict } = runOnce(line, sample.program, scheduler);
  const { trace, schedule, stuck } = execution;
  const steps = printSchedule(schedule, line.target.pointNames);
  return `${trace.hash()}\n${steps}${JSON.stringify({ stuck, verdict })}`;
}

/** One hash over the outcomes of all samples, on a kernel `NAME` or `NAME+BUG`. */
export function fingerprint(kernel: string, seed: bigint, count: number): string {
  const [name, ...bugs] = kernel.split('+');
  const line = lineOf({ kernel: name ?? '', bugs });
  return hashText(
    samples(seed, count)
      .map((sample) => outcomeText(line, sample))
      .join('\n'),
  );
}

if (require.main === module) {
  const [kernel, seed, count] = process.argv.slice(2);
  process.stdout.write(fingerprint(kernel ?? '', BigInt(seed ?? ''), Number(count)));
}
