/**
 * From a reproducer file to something that runs: shared by replay, minimize, explain and validate.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { FindingSetup } from '../finding/finding.js';
import { settingsOf } from '../finding/finding.js';
import type { Reproducer } from '../finding/reproducer.js';
import { programOf, scheduleOf, setupOf } from '../finding/reproducer.js';
import { readReproducer } from '../finding/store.js';
import type { KernelSpec } from '../kernel/model-target.js';
import { POINT_NAMES } from '../kernel/points.js';
import { isReal, openTarget, resolveKernel } from '../targets.js';
import { Image } from '../media/image.js';
import { Judge } from '../oracle/judge.js';
import type { Program } from '../program/program.js';
import type { Line, Settings } from '../run.js';
import type { Schedule } from '../schedule/schedule.js';
import { UsageError } from '../support/assert.js';

export interface Loaded {
  readonly file: string;
  readonly reproducer: Reproducer;
  readonly program: Program;
  readonly schedule: Schedule;
  readonly setup: FindingSetup;
  /** The kernel that the reproducer was recorded on; of a module, as it is now. */
  readonly recordedOn: KernelSpec;
  /** Has the module that it was recorded on changed since? */
  readonly moduleChanged: boolean;
}

/** @throws UsageError when the file or anything in it is wrong. */
export function loadReproducer(file: string): Loaded {
  const reproducer = readReproducer(file);
  return inFile(file, () => {
    const recordedOn = kernelOf(reproducer);
    const setup = { ...setupOf(reproducer), ...recordedOn };
    const real = isReal(recordedOn) ? openTarget(recordedOn, settingsOf(setup)) : null;
    return {
      file,
      reproducer,
      program: programOf(reproducer),
      schedule: scheduleOf(reproducer, real?.pointNames ?? POINT_NAMES),
      setup,
      recordedOn,
      moduleChanged: recordedOn.module?.sha256 !== reproducer.module?.sha256,
    };
  });
}

/**
 * A module or a real kernel may be elsewhere now, or not on this machine: that matters to whoever runs it,
 * and --kernel can name another.
 */
function kernelOf({ kernel, bugs, module }: Reproducer): KernelSpec {
  if (module !== undefined && !fs.existsSync(kernel)) return { kernel, bugs, module };
  const spec = { kernel, bugs };
  return isReal(spec) && bugs.length === 0 ? spec : resolveKernel(kernel, bugs);
}

/** Are two kernels the same? A module is its text, wherever it is. */
export function sameKernel(a: KernelSpec, b: KernelSpec): boolean {
  const identity = ({ kernel, bugs, module }: KernelSpec): string =>
    JSON.stringify([module?.sha256 ?? kernel, bugs]);
  return identity(a) === identity(b);
}

/** What is wrong with something in a file is wrong with that file, and says so. */
export function inFile<T>(file: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${file}: ${error.message}`, error.details);
  }
}

/** A line for one kernel, in this thread, with its media in memory. */
export function lineFor(kernel: KernelSpec, settings: Settings): Line {
  return { target: openTarget(kernel, settings), judge: new Judge(new Image()), settings };
}

/** A line that is given back when `body` is done with it. */
export function withLine<T>(kernel: KernelSpec, settings: Settings, body: (line: Line) => T): T {
  const line = lineFor(kernel, settings);
  try {
    return body(line);
  } catch (error) {
    throw line.target.blame(error);
  } finally {
    line.target.close();
  }
}

/** The directory name for what is found on a kernel. */
export function directoryName(kernel: KernelSpec): string {
  const name = isReal(kernel) ? path.basename(kernel.kernel) : kernel.kernel;
  return [kernel.module?.name ?? name, ...kernel.bugs].join('+');
}

/** `mainline --bug A2`, as the user would type it after --kernel. */
export function kernelText(kernel: KernelSpec): string {
  return [kernel.kernel, ...kernel.bugs.map((bug) => `--bug ${bug}`)].join(' ');
}
