/**
 * `daxfuzz litmus`: does the machine of the litmus tests leave exactly what they expect?
 */
import type { Difference, Mode, TestResult } from '../litmus/compare.js';
import { compareTest } from '../litmus/compare.js';
import type { LitmusTest } from '../litmus/parse.js';
import { readTests } from '../litmus/parse.js';
import { UsageError } from '../support/assert.js';
import { plural } from '../support/words.js';
import { out, printJson, table } from './print.js';

export interface LitmusFlags extends Mode {
  readonly json?: boolean;
}

interface Answer {
  readonly results: readonly TestResult[];
  /** Tests that say nothing of the mode asked for. */
  readonly skipped: readonly LitmusTest[];
  /** Sets that are not known, with the test. */
  readonly ignored: readonly string[];
}

/** Gives the exit code: 1 if any test is different. */
export function litmus(name: string, flags: LitmusFlags): number {
  const tests = readTests(name);
  const results: TestResult[] = [];
  const skipped: LitmusTest[] = [];
  for (const test of tests) {
    const result = compareTest(test, flags);
    if (result === null) skipped.push(test);
    else results.push(result);
  }
  if (results.length === 0) {
    throw new UsageError(
      `${name}: no test has a set of that mode; leave out --persistency or --domain`,
    );
  }
  const ignored = tests.flatMap((test) => test.ignored.map((set) => `${test.name}: ${set}`));
  const answer = { results, skipped, ignored };
  if (flags.json === true) printJson(json(answer));
  else out(text(answer));
  return results.some(({ verdict }) => verdict === 'different') ? 1 : 0;
}

function json({ results, skipped, ignored }: Answer): unknown {
  return { format: 1, tests: results, skipped: skipped.map(({ name }) => name), ignored };
}

function text({ results, skipped, ignored }: Answer): string {
  const rows = results.flatMap((result) => {
    const test = result.verdict === 'contested' ? `${result.name} (contested)` : result.name;
    const row = (what: string, { set, state }: Difference): string[] => [test, set, what, state];
    return [
      ...result.missing.map((difference) => row('missing', difference)),
      ...result.unexpected.map((difference) => row('unexpected', difference)),
      ...(result.problem === '' ? [] : [[test, '', 'not decided', result.problem]]),
    ];
  });
  const count = (verdict: TestResult['verdict']): string =>
    `${results.filter((result) => result.verdict === verdict).length} ${verdict}`;
  const counts = [count('equal'), count('different'), count('contested')].join(', ');
  const lines = [`${plural(results.length, 'test')}: ${counts}`];
  if (rows.length > 0) lines.unshift(table(['test', 'set', 'what', 'state'], rows));
  if (skipped.length > 0)
    lines.push(`${plural(skipped.length, 'test')} without a set of this mode`);
  if (ignored.length > 0) lines.push(`not compared, unknown sets: ${ignored.join(', ')}`);
  return lines.join('\n');
}
