/**
 * Sleeping locks and wait queues. A task that has to wait is not runnable until somebody wakes it. The fast
 * path is a plain call, so that an uncontended lock costs no generator; callers write
 *
 *     if (!lock.tryRead(k, t)) yield* lock.waitRead(k, t);
 *
 * Every acquisition and release is a locked instruction on x86: it drains the CPU's store buffer and
 * completes its outstanding write-backs and non-temporal stores. Linux relies on that (one CPU's fsync
 * fences do not reach another CPU's clwb), so the model says it.
 */
import { assert } from '../support/assert.js';
import { empty } from '../support/lists.js';
import type { Cpus } from '../machine/cpus.js';
import type { Run, Task } from './task.js';

/** What locks need of the kernel. */
export interface Sleeper {
  readonly cpus: Cpus;
  /** Makes the task not runnable and yields; returns when a queue woke it. */
  block(t: Task, point: number): Run<void>;
}

export class WaitQueue {
  readonly tasks: Task[] = [];

  constructor(readonly point: number) {}

  wakeAll(): void {
    for (const task of this.tasks) task.state = 'runnable';
    empty(this.tasks);
  }
}

/** Sleeps until woken; callers loop on their condition. */
export function* sleepOn(k: Sleeper, t: Task, queue: WaitQueue): Run<void> {
  queue.tasks.push(t);
  yield* k.block(t, queue.point);
}

/** A reader-writer semaphore that does not let readers overtake a waiting writer. */
export class RwSemaphore {
  /** Number of readers, or -1 with a writer. */
  private holders = 0;
  private writersWaiting = 0;
  private readonly queue: WaitQueue;

  constructor(point: number) {
    this.queue = new WaitQueue(point);
  }

  reset(): void {
    this.holders = 0;
    this.writersWaiting = 0;
    empty(this.queue.tasks);
  }

  get isHeldForWriting(): boolean {
    return this.holders < 0;
  }

  tryRead(k: Sleeper, t: Task): boolean {
    if (this.holders < 0 || this.writersWaiting > 0) return false;
    this.holders++;
    k.cpus.locked(t.id, t.op);
    return true;
  }

  tryWrite(k: Sleeper, t: Task): boolean {
    if (this.holders !== 0) return false;
    this.holders = -1;
    k.cpus.locked(t.id, t.op);
    return true;
  }

  *waitRead(k: Sleeper, t: Task): Run<void> {
    do {
      yield* sleepOn(k, t, this.queue);
    } while (!this.tryRead(k, t));
  }

  *waitWrite(k: Sleeper, t: Task): Run<void> {
    this.writersWaiting++;
    do {
      yield* sleepOn(k, t, this.queue);
    } while (!this.tryWrite(k, t));
    this.writersWaiting--;
  }

  upRead(k: Sleeper, t: Task): void {
    assert(this.holders > 0, 'up_read of a semaphore that nobody reads');
    this.holders--;
    k.cpus.locked(t.id, t.op);
    if (this.holders === 0) this.queue.wakeAll();
  }

  upWrite(k: Sleeper, t: Task): void {
    assert(this.holders === -1, 'up_write of a semaphore that nobody writes');
    this.holders = 0;
    k.cpus.locked(t.id, t.op);
    this.queue.wakeAll();
  }
}
