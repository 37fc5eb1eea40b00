/**
 * Runs the tasks of a kernel under a scheduler and records every context switch.
 *
 * An execution is a pure function of (program, schedule, knobs): whatever the scheduler chose is recorded,
 * and a replay of that record gives the same trace, byte for byte.
 */
import { assert, Defect } from '../support/assert.js';
import { empty } from '../support/lists.js';
import type { Program } from '../program/program.js';
import type { Agent, Switch } from '../schedule/schedule.js';
import { isBuffer, NO_AGENT, NO_OP, TASKS_MAX } from '../schedule/schedule.js';
import type { Scheduler } from '../schedule/scheduler.js';
import type { StuckTask } from '../target/target.js';
import { EVENT } from '../trace/event.js';
import { NO_TASK } from '../trace/trace.js';
import type { Kernel } from './kernel.js';
import { POINT } from './points.js';
import { runThread } from './syscall/thread.js';
import type { Run, Task } from './task.js';
import type { Knobs } from './variant.js';

/** A run that resumes its tasks more often than this makes no progress: a livelock of the model. */
const STEPS_MAX = 4_000_000;

/**
 * Runs the program to its end, or until no task can go on; gives the tasks that wait for ever. With
 * `metadata` the device holds that, and is not mounted.
 */
export function execute(
  k: Kernel,
  program: Program,
  scheduler: Scheduler,
  knobs: Knobs,
  switches: Switch[],
  metadata: Uint8Array | null = null,
): StuckTask[] {
  k.reset(program, scheduler, knobs);
  if (metadata !== null) k.attach(metadata);
  empty(switches);
  for (let id = 0; id < program.threads.length; id++) {
    const task = k.tasks[id] as Task;
    task.run = runThread(k, task);
  }
  (k.tasks[0] as Task).state = 'runnable';
  if (program.spawnAfter === 0) k.spawnThreads();

  scheduler.begin(program.threads.length, k.runnable);
  let current: Agent = NO_AGENT;
  for (let steps = 0; ; steps++) {
    if (steps > STEPS_MAX) throw new Defect(`kernel model: livelock, more than ${STEPS_MAX} steps`);
    const runnable = k.runnable();
    if (runnable === 0) break;
    current = choose(k, scheduler, runnable, current, switches);
    if (isBuffer(current)) {
      k.cpus.drainOldest(current - TASKS_MAX);
    } else {
      const task = k.tasks[current] as Task;
      k.stopped = false;
      if ((task.run as Run<void>).next().done === true) task.state = 'ended';
    }
  }
  return stuckTasks(k);
}

function choose(
  k: Kernel,
  scheduler: Scheduler,
  runnable: number,
  current: Agent,
  switches: Switch[],
): Agent {
  const task = current === NO_AGENT || isBuffer(current) ? null : (k.tasks[current] as Task);
  const op = task?.op ?? NO_OP;
  const point = task?.point ?? (current === NO_AGENT ? 0 : POINT.buffer_drained);
  const nth = task === null ? 0 : (task.visits[point] as number);
  const to = scheduler.next(runnable, current, op, point, nth);
  assert(((runnable >>> to) & 1) === 1, () => `scheduler chose agent ${to}, which cannot run`);
  // To go on after issuing a store is a decision, too: it leaves the store in its buffer.
  if (to !== current || isBuffer(current) || point === POINT.store_buffered) {
    switches.push({ from: current, op, point, nth, to });
    if (!isBuffer(to) && to !== current) {
      k.trace.append(EVENT.context_switch, task === null ? NO_TASK : current, op, point, to);
    }
  }
  return to;
}

function stuckTasks(k: Kernel): StuckTask[] {
  return k.tasks
    .filter((task) => task.state === 'blocked')
    .map((task) => ({ task: task.id, op: task.op, point: task.point }));
}
