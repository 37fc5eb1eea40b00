/**
 * What is new about an execution of which the trace says nothing of the kernel's inside: which operation
 * followed which, with which result, and how much each stored, wrote back and fenced. An fsync that writes
 * nothing back after a store is another feature than one that writes back a line, or two megabytes.
 */
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import { assert } from '../support/assert.js';
import { AT, EVENT, STORE } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { TASK_NUMBERS } from '../trace/trace.js';
import { placeOf } from './place.js';

/** What is counted of an operation: stores by kind, lines written back, fences. */
const USER = 0;
const CACHED = 1;
const PAST_CACHE = 2;
const METADATA = 3;
const LINES = 4;
const FENCES = 5;
const COUNTS = 6;

/** Counts in classes: 0, 1, 2 to 3, 4 to 15, 16 to 63 and so on. */
const classOf = (count: number): number =>
  count < 2 ? count : 2 + ((31 - Math.clz32(count)) >> 1);

/** Kinds of tuples, so that they do not meet by accident. */
const AMOUNT = 1000;
const FOLLOWS = 1001;

export class OperationFeatures {
  private readonly counts = new Int32Array(TASK_NUMBERS * COUNTS);
  private added = 0;

  /** `map` has COVERAGE_PLACES bytes. */
  constructor(private readonly map: Uint8Array) {}

  /** Marks the features of a trace; gives how many were new. */
  collect(trace: Trace, program: Program): number {
    this.added = 0;
    this.counts.fill(0);
    let before = 0;
    for (let event = 0; event < trace.length; event++) {
      switch (trace.kind(event)) {
        case EVENT.op_enter:
          this.counts.fill(0, trace.task(event) * COUNTS, (trace.task(event) + 1) * COUNTS);
          break;
        case EVENT.store:
          this.count(trace.task(event), kindOfStore(trace, event), 1);
          break;
        case EVENT.flush:
          this.count(trace.task(event), LINES, 1);
          break;
        case EVENT.fence:
          this.count(trace.task(event), FENCES, 1);
          break;
        case EVENT.op_exit:
          before = this.exit(trace, event, program, before);
          break;
        default:
          break;
      }
    }
    return this.added;
  }

  private count(task: number, what: number, amount: number): void {
    (this.counts[task * COUNTS + what] as number) += amount;
  }

  /** Gives what the operation was, for the one that follows. */
  private exit(trace: Trace, event: number, program: Program, before: number): number {
    const op = opAt(program, trace.op(event));
    assert(op !== null, 'what returned is an operation of the program');
    const failure = Math.min(trace.argument(event, AT.op_exit.result), 0);
    const operation = (op.code << 8) | op.flags | (failure < 0 ? 1 << 16 : 0);
    const first = trace.task(event) * COUNTS;
    for (let what = 0; what < COUNTS; what++) {
      const amount = (what << 8) | classOf(this.counts[first + what] as number);
      this.mark(operation, amount, failure, AMOUNT);
      this.mark(operation, amount, before, FOLLOWS);
    }
    return operation;
  }

  private mark(a: number, b: number, c: number, d: number): void {
    const place = placeOf(a, b, c, d);
    if (this.map[place] !== 0) return;
    this.map[place] = 1;
    this.added++;
  }
}

function kindOfStore(trace: Trace, event: number): number {
  const how = trace.argument(event, AT.store.how);
  if ((how & STORE.kernel) === 0) return USER;
  if (trace.argument(event, AT.store.ino) < 0) return METADATA;
  return (how & STORE.nonTemporal) === 0 ? CACHED : PAST_CACHE;
}
