/**
 * `daxfuzz replay`: one reproducer again, exactly. On the kernel that it was recorded on, every switch and
 * the trace hash must be as recorded; on another kernel the schedule is carried over as far as it goes.
 */
import path from 'node:path';
import { inThreads } from '../campaign/pool.js';
import { placeOf, settingsOf, signatureOf, titleOf } from '../finding/finding.js';
import type { KernelSpec } from '../kernel/model-target.js';
import { resolveKernel } from '../targets.js';
import type { Violation } from '../oracle/promise.js';
import { Defect, UsageError } from '../support/assert.js';
import { writeWhole } from '../support/files.js';
import { printTrace } from '../trace/text.js';
import type { Loaded } from './load.js';
import { inFile, kernelText, loadReproducer, sameKernel } from './load.js';
import { checkDirectory, checkOutput } from './places.js';
import { out, printJson } from './print.js';
import type { ReplayOrder, ReplayResult, ReplayRun } from './replay-once.js';
import { replayOnce } from './replay-once.js';
import { witnessOf, writeFiles, writeImage } from './witness.js';

export interface ReplayFlags {
  readonly kernel?: string;
  readonly bug?: readonly string[];
  readonly image?: string;
  readonly files?: string;
  readonly trace?: string;
  readonly workers: number;
  readonly json?: boolean;
}

/** Gives the exit code: 1 if the promise is broken again. */
export async function replay(file: string, flags: ReplayFlags): Promise<number> {
  const loaded = loadReproducer(file);
  checkOutputs(file, flags);
  const kernel = chooseKernel(loaded, flags);
  const same = sameKernel(kernel, { ...loaded.recordedOn, ...recordedModule(loaded) });
  const exact = same && repeats(loaded);
  const order: ReplayOrder = { file, kernel, mode: exact ? 'strict' : 'lenient' };
  const run = replayOnce(order);
  try {
    return await report(loaded, flags, order, run);
  } finally {
    run.close();
  }
}

async function report(
  loaded: Loaded,
  flags: ReplayFlags,
  order: ReplayOrder,
  run: ReplayRun,
): Promise<number> {
  const { kernel } = order;
  const exact = order.mode === 'strict';
  await checkWorkers(order, run.result, flags.workers);

  const { trace } = run.execution;
  const violation =
    run.violations.find((found) => signatureOf(found) === loaded.reproducer.signature) ??
    run.violations[0] ??
    null;
  if (exact) checkHash(loaded, run.result.hash);
  if (flags.trace !== undefined) writeWhole(flags.trace, printTrace(trace), { durable: false });
  if (flags.image !== undefined || flags.files !== undefined) {
    const witness = witnessOf(run.execution, violation, settingsOf(loaded.setup));
    if (flags.image !== undefined) writeImage(witness, flags.image);
    if (flags.files !== undefined) {
      inFile(loaded.file, () =>
        writeFiles(witness, loaded.program.files.length, flags.files as string),
      );
    }
  }
  if (flags.json === true) printResult(loaded, kernel, run.result, violation, exact);
  else out(verdictText(loaded, kernel, run.result, violation, exact));
  return violation === null ? 0 : 1;
}

/** Of the module as it was when the reproducer was recorded, not as it is. */
function recordedModule({ reproducer: { module } }: Loaded): Pick<KernelSpec, 'module'> {
  return module === undefined ? {} : { module };
}

/** Does an execution give the same trace again? A real kernel does only by instruction counting. */
function repeats({ setup }: Loaded): boolean {
  return setup.real === undefined || setup.real.icountShift !== null;
}

function checkOutputs(file: string, { trace, image, files }: ReplayFlags): void {
  if (files !== undefined) checkDirectory('--files', files);
  if (trace !== undefined) checkOutput('--trace', trace, [file]);
  if (image !== undefined) {
    checkOutput('--image', image, trace === undefined ? [file] : [file, trace]);
  }
}

function chooseKernel(loaded: Loaded, flags: ReplayFlags): KernelSpec {
  if (flags.kernel === undefined && flags.bug === undefined) return loaded.recordedOn;
  return resolveKernel(flags.kernel ?? loaded.recordedOn.kernel, flags.bug ?? []);
}

function checkHash(loaded: Loaded, hash: string): void {
  const { reproducer, file } = loaded;
  if (hash === reproducer.traceHash) return;
  throw new UsageError(
    `${file}: trace hash: expected ${reproducer.traceHash} (recorded by daxfuzz ${reproducer.daxfuzz}), found ${hash}; ` +
      'the file was edited or recorded by a version that behaves differently; "daxfuzz minimize" records it anew',
  );
}

/** The same replay in worker threads: the trace must not depend on where or how often it runs. */
async function checkWorkers(
  order: ReplayOrder,
  expected: ReplayResult,
  workers: number,
): Promise<void> {
  if (workers <= 1) return;
  const file = path.join(__dirname, 'replay-once.js');
  for (const { hash } of await inThreads<ReplayOrder, ReplayResult>(file, workers, order)) {
    if (hash !== expected.hash) {
      throw new Defect(`replay: trace hash ${expected.hash} here and ${hash} in a worker`);
    }
  }
}

function verdictText(
  loaded: Loaded,
  kernel: KernelSpec,
  result: ReplayResult,
  violation: Violation | null,
  exact: boolean,
): string {
  const schedule = exact
    ? 'schedule followed exactly'
    : `${result.followed} of ${loaded.schedule.length} recorded switches could be followed`;
  const head =
    `kernel ${kernelText(kernel)}: trace ${result.hash}, ${schedule}\n` +
    (loaded.moduleChanged && sameKernel(kernel, loaded.recordedOn) ? changeText(loaded) : '');
  if (violation === null) return `${head}holds: no promise is broken\n`;
  const same = signatureOf(violation) === loaded.reproducer.signature;
  const how = same
    ? 'reproduced'
    : `fails in another way than recorded (${loaded.reproducer.signature})`;
  return `${head}${how}: ${signatureOf(violation)}: ${titleOf(violation)}\n${whereOf(violation)} ${violation.detail}\n`;
}

/** What is wrong: a byte or size of a file, or who says so if none is. */
function whereOf(violation: Violation): string {
  if (violation.ino >= 0) return placeOf(violation);
  return violation.plan === null ? 'the kernel says:' : 'the file system';
}

function changeText({ reproducer, recordedOn }: Loaded): string {
  const now = recordedOn.module?.sha256 ?? 'none';
  const then = reproducer.module?.sha256 ?? 'none';
  return `the module has changed since this was recorded: its SHA-256 was ${then} and is ${now}\n`;
}

function printResult(
  loaded: Loaded,
  kernel: KernelSpec,
  result: ReplayResult,
  violation: Violation | null,
  exact: boolean,
): void {
  printJson({
    format: 1,
    file: loaded.file,
    kernel: kernel.kernel,
    bugs: kernel.bugs,
    module: kernel.module ?? null,
    exact,
    traceHash: result.hash,
    switchesFollowed: exact ? loaded.schedule.length : result.followed,
    switchesRecorded: loaded.schedule.length,
    verdict: violation === null ? 'holds' : 'fails',
    signature: violation === null ? null : signatureOf(violation),
    recordedSignature: loaded.reproducer.signature,
    detail: violation === null ? null : violation.detail,
  });
}
