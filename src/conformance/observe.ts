/**
 * Folds the trace of an execution into what it shows (observation.ts), with the oracle's own view of files
 * and the persistency model. Nothing of the target is used but its trace and its disk.
 */
import { Image } from '../media/image.js';
import type { PromiseId } from '../oracle/promise.js';
import { hasSucceeded, promiseOf } from '../oracle/promise.js';
import { CONFIRM_ALL, JudgeState } from '../oracle/state.js';
import type { Op } from '../program/op.js';
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import type { Execution } from '../target/target.js';
import { LINUX_CONTRACT } from '../target/target.js';
import { AT, EVENT } from '../trace/event.js';
import type { FileState, Guarantee, Observation, Step } from './observation.js';
import { sureFiles } from './guarantee.js';
import { Readable } from './readable.js';

/** Keeps its buffers from one execution to the next. */
export class Observer {
  private readonly state = new JudgeState(new Image());
  private readonly readable = new Readable(this.state.view);

  /** `promises` says whether to look at what is guaranteed, which costs mounts on an opaque disk. */
  observe(program: Program, execution: Execution): Observation {
    const { disk, trace, alarm, discarded } = execution;
    const steps: Step[] = [];
    if (disk !== null) {
      const { state, readable } = this;
      const power = { persistency: 'line', domain: 'adr' } as const;
      state.reset(program, trace, disk, { ...CONFIRM_ALL, ...power, contract: LINUX_CONTRACT });
      readable.reset(disk, trace);
      for (let event = 0; event < trace.length; event++) {
        state.history.apply(event);
        state.view.apply(event);
        readable.apply(event);
        if (trace.kind(event) === EVENT.op_exit) steps.push(this.step(event));
      }
    }
    return { steps, alarm: alarm === null ? null : alarm.text, discarded };
  }

  private step(event: number): Step {
    const { trace, program } = this.state;
    const op = trace.op(event);
    const result = trace.argument(event, AT.op_exit.result);
    const files = this.readable.files();
    const call = opAt(program, op) as Op;
    const promise = promiseOf(call);
    const isDown = event > this.state.view.shutdownAt;
    const promised = promise !== null && hasSucceeded(promise, call, result, isDown);
    const guarantee = promised ? this.guarantee(event, promise, files) : null;
    return { op, result, files, guarantee };
  }

  private guarantee(event: number, promise: PromiseId, files: readonly FileState[]): Guarantee {
    const sure = sureFiles(this.state, event, files);
    if (typeof sure !== 'string') return { promise, files: sure, unrecovered: null };
    const nothing = files.map(({ size }) => ({ size: false, bytes: new Uint8Array(size) }));
    return { promise, files: nothing, unrecovered: sure };
  }
}
