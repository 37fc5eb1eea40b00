/**
 * `daxfuzz validate`: is the fix a fix?
 */
import path from 'node:path';
import { signatureOf } from '../finding/finding.js';
import { toReproducer } from '../finding/reproducer.js';
import { findReproducers, reproducerPath, storeFinding } from '../finding/store.js';
import type { KernelSpec } from '../kernel/model-target.js';
import { resolveKernel } from '../kernel/model-target.js';
import { minimized } from '../minimize/record.js';
import { failureOf } from '../minimize/same-failure.js';
import { printReport } from '../report/report.js';
import type { Line } from '../run.js';
import type { CounterExample, NeighbourhoodCheck, ReproducerCheck } from '../validate/validate.js';
import { checkNeighbourhood, checkReproducer } from '../validate/validate.js';
import type { Loaded } from './load.js';
import { kernelText, lineFor, loadReproducer, settingsOf } from './load.js';
import { err, out, plural, printJson, table, thousands } from './print.js';

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
}

interface Counter {
  readonly signature: string;
  readonly file: string;
}

const PROGRESS_EVERY = 5000;

/** Gives the exit code: 0 only if the fix is accepted. */
export function validate(paths: readonly string[], flags: ValidateFlags): number {
  const before = resolveKernel(flags.before, flags.bugBefore ?? []);
  const after = resolveKernel(flags.after, flags.bugAfter ?? []);
  const all = findReproducers(paths).map(loadReproducer);
  const checked = all.map((loaded): Checked => {
    const settings = settingsOf(loaded.setup);
    return {
      loaded,
      ...checkReproducer(loaded, lineFor(before, settings), lineFor(after, settings)),
    };
  });
  // One machine for the neighbourhood: that of the first reproducer.
  const settings = settingsOf((all[0] as Loaded).setup);
  const counters: Counter[] = [];
  const afterLine = lineFor(after, settings);
  const minimizer = lineFor(after, settings);
  const directory = flags.crashes ?? path.join('crashes', [after.kernel, ...after.bugs].join('+'));
  const neighbourhood = checkNeighbourhood(all, lineFor(before, settings), afterLine, {
    seed: flags.seed,
    executions: flags.execs,
    onFailure: (example) =>
      counters.push(file(example, minimizer, after, all[0] as Loaded, directory)),
    onProgress: (done) => {
      if (done % PROGRESS_EVERY === 0)
        err(`${thousands(done)} of ${thousands(flags.execs)} executions`);
    },
  });
  const accepted =
    neighbourhood.failures === 0 &&
    checked.every((check) => check.before !== null && check.after === null);
  if (flags.json === true)
    printJson(result(accepted, before, after, checked, neighbourhood, counters));
  else out(text(accepted, before, after, checked, neighbourhood, counters));
  return accepted ? 0 : 1;
}

/** Minimises and stores a failure of the kernel after. */
function file(
  example: CounterExample,
  line: Line,
  kernel: KernelSpec,
  origin: Loaded,
  directory: string,
): Counter {
  const signature = signatureOf(example.violation);
  const failure = failureOf(example.program, example.schedule, example.trace, example.violation);
  const setup = { ...origin.setup, ...kernel };
  const { finding, trace } = minimized(line, setup, failure, signature);
  const { pointNames } = line.target;
  const reproducer = toReproducer(finding, pointNames);
  const stored = reproducerPath(directory, reproducer);
  storeFinding(directory, reproducer, printReport(finding, trace, { pointNames, file: stored }));
  return { signature, file: stored };
}

function result(
  accepted: boolean,
  before: KernelSpec,
  after: KernelSpec,
  checked: readonly Checked[],
  neighbourhood: NeighbourhoodCheck,
  counters: readonly Counter[],
): unknown {
  return {
    format: 1,
    accepted,
    before,
    after,
    reproducers: checked.map((check) => ({
      file: check.loaded.file,
      signature: check.loaded.reproducer.signature,
      before: check.before,
      after: check.after,
      accepted: check.before !== null && check.after === null,
    })),
    neighbourhood,
    counterExamples: counters,
  };
}

function text(
  accepted: boolean,
  before: KernelSpec,
  after: KernelSpec,
  checked: readonly Checked[],
  neighbourhood: NeighbourhoodCheck,
  counters: readonly Counter[],
): string {
  const rows = checked.map((check) => [
    check.loaded.file,
    check.before === null ? 'HOLDS (should fail)' : `fails: ${check.before}`,
    check.after === null ? 'holds' : `FAILS: ${check.after}`,
  ]);
  const { executions, failures, upperBound95, beforeExecutions, beforeFailures } = neighbourhood;
  const lines = [
    table(['reproducer', `before: ${kernelText(before)}`, `after: ${kernelText(after)}`], rows),
    `neighbourhood: ${plural(failures, 'failure')} in ${plural(executions, 'execution')} after; ` +
      `failure rate below ${upperBound95.toExponential(1)} with 95 % confidence`,
    `               (before: ${plural(beforeFailures, 'failure')} in ${plural(beforeExecutions, 'execution')})`,
    ...counters.map((counter) => `  ${counter.signature}: npx daxfuzz replay ${counter.file}`),
    '',
    accepted ? 'ACCEPTED: the fix holds' : 'REFUSED: this is not a fix',
  ];
  return `${lines.join('\n')}\n`;
}
