/** What a condition of the running kernel is: it looks, and reports what does not hold. */
import type { KernelInvariant } from '../../target/target.js';
import type { Kernel } from '../kernel.js';

/** Says that an invariant does not hold for a page of a file (-1 for none), and what is there instead. */
export type Report = (invariant: KernelInvariant, ino: number, page: number, found: string) => void;

export type Condition = (k: Kernel, report: Report) => void;
