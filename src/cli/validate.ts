/**
 * `daxfuzz validate`: is the fix a fix?
 */
import path from 'node:path';
import { settingsOf, signatureOf } from '../finding/finding.js';
import { toReproducer } from '../finding/reproducer.js';
import { findReproducers, reproducerPath, storeFinding } from '../finding/store.js';
import type { KernelSpec } from '../kernel/model-target.js';
import { resolveKernel } from '../targets.js';
import { wantedOf } from '../finding/wanted.js';
import { asItCame, minimized } from '../minimize/record.js';
import { failureOf } from '../minimize/same-failure.js';
import { printReport } from '../report/report.js';
import type { Line } from '../run.js';
import type { CounterExample, NeighbourhoodCheck, ReproducerCheck } from '../validate/validate.js';
import { checkNeighbourhood, checkReproducer, together } from '../validate/validate.js';
import { plural, thousands } from '../support/words.js';
import type { Loaded } from './load.js';
import { directoryName, kernelText, lineFor, loadReproducer } from './load.js';
import { checkDirectory } from './places.js';
import { err, out, printJson, table } from './print.js';

export interface ValidateFlags {
  readonly before: string;
  readonly after: string;
  readonly bugBefore?: readonly string[];
  readonly bugAfter?: readonly string[];
  readonly execs: number;
  readonly seed: string;
  readonly crashes?: string;
  readonly json?: boolean;
}

interface Checked extends ReproducerCheck {
  readonly loaded: Loaded;
  readonly neighbourhood: NeighbourhoodCheck;
}

interface Counter {
  readonly signature: string;
  readonly file: string;
}

interface Answer {
  readonly accepted: boolean;
  readonly before: KernelSpec;
  readonly after: KernelSpec;
  readonly seed: string;
  readonly checked: readonly Checked[];
  readonly counters: readonly Counter[];
}

const PROGRESS_EVERY = 5000;

/** Gives the exit code: 0 only if the fix is accepted. */
export function validate(paths: readonly string[], flags: ValidateFlags): number {
  const before = resolveKernel(flags.before, flags.bugBefore ?? []);
  const after = resolveKernel(flags.after, flags.bugAfter ?? []);
  const directory = flags.crashes ?? path.join('crashes', directoryName(after));
  checkDirectory('--crashes', directory);
  const all = findReproducers(paths).map(loadReproducer);
  const executions = flags.execs * all.length;
  const counters = new Map<string, Counter>();
  let done = 0;
  const checked = all.map((loaded): Checked => {
    const settings = settingsOf(loaded.setup);
    const [beforeLine, afterLine] = [lineFor(before, settings), lineFor(after, settings)];
    const check = checkReproducer(loaded, beforeLine, afterLine);
    const minimizer = lineFor(after, settings);
    try {
      const neighbourhood = checkNeighbourhood(loaded, beforeLine, afterLine, {
        seed: flags.seed,
        executions: flags.execs,
        onFailure: (example) => {
          const signature = signatureOf(example.violation);
          if (counters.has(signature)) return;
          counters.set(signature, file(example, minimizer, after, loaded, directory));
        },
        onProgress: () => {
          if (++done % PROGRESS_EVERY === 0)
            err(`${thousands(done)} of ${thousands(executions)} executions`);
        },
      });
      return { loaded, ...check, neighbourhood };
    } catch (error) {
      throw beforeLine.target.blame(afterLine.target.blame(error));
    } finally {
      for (const line of [beforeLine, afterLine, minimizer]) line.target.close();
    }
  });
  const accepted = checked.every(isAccepted);
  const answer = {
    accepted,
    before,
    after,
    seed: flags.seed,
    checked,
    counters: [...counters.values()],
  };
  if (flags.json === true) printJson(result(answer));
  else out(text(answer));
  return accepted ? 0 : 1;
}

function isAccepted(check: Checked): boolean {
  return check.before !== null && check.after === null && check.neighbourhood.failures === 0;
}

/** Minimises and stores a failure of the kernel after. */
function file(
  example: CounterExample,
  line: Line,
  kernel: KernelSpec,
  origin: Loaded,
  directory: string,
): Counter {
  const { program, schedule, violation } = example;
  const signature = signatureOf(violation);
  const failure = failureOf(program, schedule, example.trace, violation);
  const setup = { ...origin.setup, ...kernel };
  const traceHash = example.trace.hash();
  const found = { setup, program, schedule, violation, traceHash };
  const fallback = asItCame(line, found, example.trace);
  const { finding, trace } = minimized(line, setup, failure, wantedOf(violation, line), fallback);
  const { pointNames } = line.target;
  const reproducer = toReproducer(finding, pointNames);
  const stored = reproducerPath(directory, reproducer);
  storeFinding(directory, reproducer, printReport(finding, trace, { pointNames, file: stored }));
  return { signature, file: stored };
}

function result({ checked, counters, before, after, ...answer }: Answer): unknown {
  return {
    format: 1,
    ...answer,
    before: { module: null, ...before },
    after: { module: null, ...after },
    reproducers: checked.map((check) => ({
      file: check.loaded.file,
      signature: check.loaded.reproducer.signature,
      before: check.before,
      after: check.after,
      neighbourhood: check.neighbourhood,
      accepted: isAccepted(check),
    })),
    neighbourhood: together(checked.map(({ neighbourhood }) => neighbourhood)),
    counterExamples: counters,
  };
}

function text({ accepted, before, after, checked, counters }: Answer): string {
  const rows = checked.map((check) => [
    check.loaded.file,
    check.before === null ? 'HOLDS (should fail)' : `fails: ${check.before}`,
    check.after === null ? 'holds' : `FAILS: ${check.after}`,
    ratio(check.neighbourhood.beforeFailures, check.neighbourhood.beforeExecutions),
    ratio(check.neighbourhood.failures, check.neighbourhood.executions),
    bound(check.neighbourhood),
  ]);
  const all = together(checked.map(({ neighbourhood }) => neighbourhood));
  const head = ['reproducer', 'before', 'after', 'near it, before', 'near it, after', '95 % bound'];
  const lines = [
    `before: ${kernelText(before)}`,
    `after:  ${kernelText(after)}`,
    '',
    table(head, rows),
    `${plural(all.failures, 'failure')} in ${plural(all.executions, 'execution')} near the reproducers on the kernel after:`,
    `its failure rate there is below ${bound(all)} with 95 % confidence`,
    ...counters.map((counter) => `  ${counter.signature}: npx daxfuzz replay ${counter.file}`),
    '',
    accepted ? 'ACCEPTED: the fix holds' : 'REFUSED: this is not a fix',
  ];
  return `${lines.join('\n')}\n`;
}

const ratio = (part: number, whole: number): string =>
  `${thousands(part)} of ${thousands(whole)} fail`;

const bound = (check: NeighbourhoodCheck): string => check.upperBound95.toExponential(1);
