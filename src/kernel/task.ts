/**
 * A thread of the program and what its coroutine is.
 */

/** A model function that can be preempted: each `yield` is one of the named points. */
export type Run<T> = Generator<undefined, T, undefined>;

/** One thread of the program, on a CPU of its own. */
export interface Task {
  readonly id: number;
  run: Run<void> | null;
  state: 'unborn' | 'runnable' | 'blocked' | 'ended';
  /** Number of the operation being executed, in thread order over the program; -1 between operations. */
  op: number;
  /** The last preemption point passed or stopped at. */
  point: number;
  /** How often the current operation has reached each point. */
  readonly visits: Uint16Array;
  /** current->journal_info: how often the task has joined the running transaction. */
  handles: number;
  /** Translations that this CPU may use without looking at the page tables, by virtual page; 0 is none. */
  tlb: Int32Array;
  /** Whose entry the task last waited for, and at which head: what woke it may not have reached it yet. */
  waitsForIno: number;
  waitsForHead: number;
  /** Why no fault could get an access allowed: the memory is bad. */
  metPoison: boolean;
}

/** Looks at the kernel between two steps of a task, where that is asked for (invariants/). */
export interface Inspector {
  look(t: Task): void;
}
