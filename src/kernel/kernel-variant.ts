/**
 * A kernel that replaces functions of the model: what a module for `--kernel ./my-fix.js` exports, and how
 * fixes that the source threads propose are written (variants/).
 */
import type { KernelFunctions } from './functions.js';
import type { Kernel } from './kernel.js';
import type { Kit } from './kit.js';

/**
 * Makes the functions that are to replace those of the kernel that it starts from. `original` has
 * all of that kernel's, so that a replacement can call what it replaces.
 */
export type Replace = (
  original: KernelFunctions<Kernel>,
  kit: Kit,
) => Partial<KernelFunctions<Kernel>>;

/**
 * What a module exports, as `module.exports`, `export default` or `export const variant`.
 *
 * Its functions must be pure: nothing but their arguments and the kernel decides what they do, and what is to
 * be kept between calls is kept in `k.variant`.
 */
export interface KernelVariant {
  /** Names the directory of its findings: lower-case letters, digits, dots and dashes. */
  readonly name: string;
  /** What it is, in one sentence. */
  readonly title: string;
  /** The kernel that it starts from, as `daxfuzz kernels` lists them; mainline if left out. */
  readonly base?: string;
  /** Bugs of the catalogue that it starts with: ids or slugs. */
  readonly bugs?: readonly string[];
  readonly functions: Replace;
}

/** The table of a kernel with some functions replaced. */
export function withReplaced(
  original: KernelFunctions<Kernel>,
  replaced: Partial<KernelFunctions<Kernel>>,
): KernelFunctions<Kernel> {
  return Object.freeze({ ...original, ...replaced });
}
