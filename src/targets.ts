/**
 * What `--kernel` names, made into something that runs programs: a preset of the model, a module of the
 * user's own, or a real kernel.
 */
import type { KernelSpec } from './kernel/model-target.js';
import { ModelTarget, profileOf, resolveKernel as resolveModel } from './kernel/model-target.js';
import { checkPurity } from './kernel/purity.js';
import { marksFor } from './kernel/marks.js';
import { openKernelImage } from './qemu/kernel-image.js';
import { QemuTarget } from './qemu/target.js';
import type { Settings } from './run.js';
import { UsageError } from './support/assert.js';
import type { RealSettings } from './target/real.js';
import type { Mark, Pace, Target } from './target/target.js';
import { MODEL_PACE, REAL_PACE } from './target/target.js';

const REAL = 'qemu:';

/** For what was recorded on the model. */
const DEFAULT_REAL: RealSettings = Object.freeze({
  cpus: 2,
  icountShift: null,
  ignoreFlush: null,
  atomicBytes: 512,
});

export const isReal = ({ kernel }: KernelSpec): boolean => kernel.startsWith(REAL);

const fileOf = ({ kernel }: KernelSpec): string => kernel.slice(REAL.length);

/** What `uname -r` says in a real kernel; null for the model. */
export const releaseOf = (kernel: KernelSpec): string | null =>
  isReal(kernel) ? openKernelImage(fileOf(kernel)).version : null;

export const paceOf = (kernel: KernelSpec): Pace => (isReal(kernel) ? REAL_PACE : MODEL_PACE);

/**
 * @throws UsageError for a kernel or bug that is not known, or a file that is none; EnvironmentError
 * when a real kernel's modules are missing.
 */
export function resolveKernel(kernel: string, bugs: readonly string[]): KernelSpec {
  if (!kernel.startsWith(REAL)) {
    const spec = resolveModel(kernel, bugs);
    if (spec.module !== undefined) checkPurity(spec);
    return spec;
  }
  if (bugs.length > 0) {
    throw new UsageError('--bug: a real kernel has no switches; bugs are of the model');
  }
  const spec = { kernel, bugs: [] };
  openKernelImage(fileOf(spec));
  return spec;
}

/** What executions of the kernel may say of themselves, without starting one. */
export const marksOf = (kernel: KernelSpec, { fs }: Settings): readonly Mark[] =>
  isReal(kernel) ? [] : marksFor(profileOf(fs) === 'xfs-reflink');

export function openTarget(kernel: KernelSpec, settings: Settings): Target {
  if (!isReal(kernel)) {
    const model = ModelTarget.of(kernel, profileOf(settings.fs));
    return settings.invariants === true ? model.checkInvariants() : model;
  }
  const real = settings.real ?? DEFAULT_REAL;
  return new QemuTarget({ ...real, kernel: fileOf(kernel), filesystem: settings.fs });
}
