/**
 * The invariants that only the kernel's own state can show: looked at between any two of its steps, at every
 * preemption point and whenever a task goes to sleep. Those that a trace shows are the oracle's
 * (oracle/invariants.ts), and so are the promises; nothing here knows that power can fail.
 *
 * A mechanism adds its conditions to the list below. Each is true of mainline at every point, with the locks
 * under which it may be broken for a moment named in it; --bug and older kernels break them, which is what
 * they are for.
 */
import type { BrokenInvariant } from '../../target/target.js';
import { empty } from '../../support/lists.js';
import type { Kernel } from '../kernel.js';
import type { Task } from '../task.js';
import { inspectBlocks } from './blocks.js';
import type { Condition, Report } from './condition.js';
import { inspectInodes } from './inodes.js';
import { inspectMappings } from './mappings.js';
import { inspectWaiters } from './waiters.js';

const CONDITIONS: readonly Condition[] = [
  inspectMappings, // I1, I2
  inspectInodes, // I4
  inspectBlocks, // I6
  inspectWaiters, // I7
];

export class KernelInspector {
  /** The first time that each invariant did not hold in this execution. */
  readonly broken: BrokenInvariant[] = [];
  private seenEvents = -1;
  private seenLocks = -1;
  private task: Task | null = null;

  constructor(private readonly k: Kernel) {}

  reset(): void {
    empty(this.broken);
    this.seenEvents = -1;
    this.seenLocks = -1;
  }

  /** Called between two steps of a task. */
  look(t: Task): void {
    const { k } = this;
    // Whatever changes the state appends an event or takes a lock.
    const events = k.trace.length;
    const locks = k.cpus.lockedInstructions;
    if (events === this.seenEvents && locks === this.seenLocks) return;
    this.seenEvents = events;
    this.seenLocks = locks;
    this.task = t;
    for (const condition of CONDITIONS) condition(k, this.report);
  }

  private readonly report: Report = (invariant, ino, page, found) => {
    if (this.broken.some((before) => before.invariant === invariant)) return;
    const event = Math.max(0, this.k.trace.length - 1);
    const offset = page < 0 ? -1 : page * this.k.program.geometry.pageSize;
    this.broken.push({ invariant, op: this.task?.op ?? -1, event, ino, offset, found });
  };
}
