/**
 * From a reproducer file to something that runs: shared by replay, minimize, explain and validate.
 */
import type { FindingSetup } from '../finding/finding.js';
import type { Reproducer } from '../finding/reproducer.js';
import { programOf, scheduleOf, setupOf } from '../finding/reproducer.js';
import { readReproducer } from '../finding/store.js';
import type { KernelSpec } from '../kernel/model-target.js';
import { openTarget, resolveKernel } from '../targets.js';
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
  /** The kernel that the reproducer was recorded on. */
  readonly recordedOn: KernelSpec;
}

/** @throws UsageError when the file or anything in it is wrong. */
export function loadReproducer(file: string): Loaded {
  const reproducer = readReproducer(file);
  return inFile(file, () => {
    const recordedOn = resolveKernel(reproducer.kernel, reproducer.bugs);
    const setup = setupOf(reproducer);
    const { pointNames } = openTarget(recordedOn, settingsOf(setup));
    return {
      file,
      reproducer,
      program: programOf(reproducer),
      schedule: scheduleOf(reproducer, pointNames),
      setup,
      recordedOn,
    };
  });
}

/** What is wrong with something in a file is wrong with that file, and says so. */
export function inFile<T>(file: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${file}: ${error.message}`);
    throw error;
  }
}

export function settingsOf(setup: FindingSetup): Settings {
  const { fs, domain, persistency, real } = setup;
  return { fs, domain, persistency, ...(real === undefined ? {} : { real }) };
}

/** A line for one kernel, in this thread, with its media in memory. */
export function lineFor(kernel: KernelSpec, settings: Settings): Line {
  return { target: openTarget(kernel, settings), judge: new Judge(new Image()), settings };
}

/** `mainline --bug A2`, as the user would type it after --kernel. */
export function kernelText(kernel: KernelSpec): string {
  return [kernel.kernel, ...kernel.bugs.map((bug) => `--bug ${bug}`)].join(' ');
}
