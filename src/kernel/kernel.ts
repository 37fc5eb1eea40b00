/**
 * The model kernel's state, and the two things that every kernel function needs of it: a preemption point
 * and a way to sleep. Who runs when is the engine's business (engine.ts).
 *
 * The kernel does not know that power can fail: it runs to the end and leaves a trace.
 */
import { Cpus } from '../machine/cpus.js';
import { Image } from '../media/image.js';
import type { Layout } from '../media/layout.js';
import { freshDisk } from '../media/fresh.js';
import { blockOf } from '../media/layout.js';
import { OP } from '../program/op.js';
import type { Program } from '../program/program.js';
import { threadBases } from '../program/program.js';
import { bufferOf, NO_OP, TASKS_MAX } from '../schedule/schedule.js';
import type { Scheduler } from '../schedule/scheduler.js';
import { tickAfter } from '../trace/clock.js';
import { EVENT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { SuperBlock } from './fs/super.js';
import type { KernelFunctions } from './functions.js';
import type { Sleeper } from './lock.js';
import { WaitQueue } from './lock.js';
import { MemoryManager } from './mm/memory-manager.js';
import { PmemDevice } from './nvdimm/device.js';
import { MARKS, WAIT_MARKS } from './marks.js';
import { Pages } from './mm/pages.js';
import { POINT, POINT_NAMES } from './points.js';
import type { Inspector, Run, Task } from './task.js';
import type { Knobs } from './variant.js';
import { MAINLINE_KNOBS } from './variant.js';
import { assert } from '../support/assert.js';
import { empty } from '../support/lists.js';

export class Kernel implements Sleeper {
  readonly cpus: Cpus;
  readonly mm = new MemoryManager();
  readonly sb = new SuperBlock();
  readonly dev = new PmemDevice();
  readonly pages = new Pages();
  readonly tasks: readonly Task[];
  readonly memory = new Image();
  layout!: Layout;
  program!: Program;
  knobs: Knobs = MAINLINE_KNOBS;
  /** Waiters for locked DAX entries. */
  readonly entryWaiters: { task: Task; ino: number; head: number }[] = [];
  /** Waiters for the last unpin of some page. */
  readonly pageIdle = new WaitQueue(POINT['wait:page_idle']);
  readonly inodeFreed = new WaitQueue(POINT['wait:inode_freed']);
  /** What the functions of a variant keep between calls; empty at each boot. */
  readonly variant = new Map<string, unknown>();
  /** The first WARN_ON() that was hit. */
  warning: string | null = null;
  /** What the kernel cannot survive, the first time that it happened. */
  oops: string | null = null;
  /** Preemption points passed, which the scheduler's horizon counts. */
  points = 0;
  /** The task that runs was asked to stop; it has to yield before anything else. */
  stopped = false;
  /** Calls that have started, by which the clock goes. */
  private calls = 0;
  inspector: Inspector | null = null;
  /** Marks of this execution, in the order in which they were first taken. */
  readonly marks: number[] = [];
  private readonly isMarked = new Uint8Array(MARKS.length);

  /** The agents that could run now. */
  readonly runnable: () => number;

  private scheduler!: Scheduler;
  private opBases: number[] = [];

  constructor(
    readonly trace: Trace,
    /** What its functions call each other through. */
    readonly functions: KernelFunctions<Kernel>,
  ) {
    this.runnable = () => this.runnableAgents();
    this.cpus = new Cpus(trace, TASKS_MAX);
    this.cpus.onWrite = (address, length) => {
      const last = blockOf(this.layout, address + length - 1);
      for (let block = blockOf(this.layout, address); block <= last; block++)
        this.memory.touch(block);
    };
    this.tasks = Array.from({ length: TASKS_MAX }, (_, id) => ({
      id,
      run: null,
      state: 'unborn',
      op: NO_OP,
      point: 0,
      handles: 0,
      visits: new Uint16Array(POINT_NAMES.length),
      tlb: new Int32Array(0),
      waitsForIno: -1,
      waitsForHead: -1,
      metPoison: false,
    }));
  }

  private runnableAgents(): number {
    let tasks = 0;
    let buffers = 0;
    for (let id = 0; id < this.program.threads.length; id++) {
      if ((this.tasks[id] as Task).state === 'runnable') tasks |= 1 << id;
      if (this.cpus.heldStores(id) > 0) buffers |= 1 << bufferOf(id);
    }
    // A task that blocks or ends has drained its buffer, so buffers alone never remain.
    return tasks === 0 ? 0 : tasks | buffers;
  }

  /** A fresh boot with a fresh file system; nothing of an earlier execution is left. */
  reset(program: Program, scheduler: Scheduler, knobs: Knobs): void {
    this.program = program;
    this.knobs = knobs;
    this.scheduler = scheduler;
    this.points = 0;
    this.stopped = false;
    this.calls = 0;
    this.warning = null;
    this.oops = null;
    this.dev.reset(program.threads.some((ops) => ops.some(({ code }) => code === OP.unbind)));
    for (const mark of this.marks) this.isMarked[mark] = 0;
    empty(this.marks);
    empty(this.entryWaiters);
    empty(this.pageIdle.tasks);
    if (this.variant.size > 0) this.variant.clear();
    this.opBases = threadBases(program);
    this.trace.clear();
    const disk = freshDisk(program);
    this.layout = disk.layout;
    this.memory.reset(disk);
    this.cpus.reset(this.memory.bytes);
    this.mm.reset(program.geometry);
    this.sb.reset(program, this.layout);
    this.pages.reset(program.geometry.blockCount);
    for (const task of this.tasks) {
      task.run = null;
      task.state = 'unborn';
      task.op = NO_OP;
      task.point = 0;
      task.handles = 0;
      task.metPoison = false;
      task.visits.fill(0);
      if (task.tlb.length !== this.mm.virtualPages) task.tlb = new Int32Array(this.mm.virtualPages);
      else task.tlb.fill(0);
    }
  }

  /** The device holds `metadata`, which is what is before its data blocks, and is not mounted. */
  attach(metadata: Uint8Array): void {
    this.memory.bytes.set(metadata, 0);
    this.sb.isMounted = false;
  }

  /**
   * A named preemption point. Callers write `if (k.preempt(t, POINT[...])) yield;`, so that a point at
   * which the task runs on costs a call and not a generator round trip.
   */
  preempt(t: Task, point: number): boolean {
    t.point = point;
    if (this.inspector !== null) this.inspector.look(t);
    const visit = ++(t.visits[point] as number);
    if (++this.points < this.scheduler.horizon) return false;
    assert(!this.stopped, 'a function went on at a preemption point where it had to yield');
    this.stopped = !this.scheduler.passes(t.id, t.op, point, visit);
    return this.stopped;
  }

  /** A branch that is rare and legal has been taken (marks.ts). */
  mark(mark: number): void {
    if (this.isMarked[mark] !== 0) return;
    this.isMarked[mark] = 1;
    this.marks.push(mark);
  }

  /** WARN_ON(): what the kernel says cannot be has happened. */
  warn(text: string): void {
    this.warning ??= text;
  }

  /** A use after free, or another access that the kernel does not survive. Here it goes on. */
  crash(text: string): void {
    this.oops ??= text;
  }

  /** Not runnable until a queue wakes the task. Sleeping and waking are full of locked instructions. */
  *block(t: Task, point: number): Run<void> {
    t.point = point;
    (t.visits[point] as number)++;
    t.state = 'blocked';
    this.stopped = true;
    const mark = WAIT_MARKS[point] as number;
    if (mark >= 0) this.mark(mark);
    this.cpus.locked(t.id, t.op);
    this.trace.append(EVENT.wait, t.id, t.op, point);
    if (this.inspector !== null) this.inspector.look(t);
    yield;
  }

  /** The operation at `index` of the task's thread starts; its points are counted anew. */
  enterOp(t: Task, index: number): void {
    t.op = (this.opBases[t.id] as number) + index;
    t.visits.fill(0);
    this.calls++;
  }

  /** ktime_get_coarse_real_ts64(), in ticks. */
  get now(): number {
    return tickAfter(this.calls);
  }

  /** Thread 0 has come to its spawn mark: the others may run. */
  spawnThreads(): void {
    for (let id = 1; id < this.program.threads.length; id++) {
      (this.tasks[id] as Task).state = 'runnable';
    }
  }
}
