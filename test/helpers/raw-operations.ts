/** A raw trace, operation by operation. */
import { RECORD } from '../../src/qemu/protocol.js';
import type { Layout, RawTrace } from '../../src/qemu/records.js';
import { ascending } from '../../src/support/order.js';

export interface RawOperation {
  readonly number: number;
  readonly thread: number;
  /** Those of its two markers. */
  readonly cpus: readonly number[];
  readonly result: number;
  /** Records on its CPU between its markers. */
  readonly stores: number;
  readonly flushes: number;
  readonly fences: number;
  readonly layouts: readonly Layout[];
}

function describe(trace: RawTrace, enter: number, exit: number): RawOperation {
  const cpu = trace.cpu(enter);
  const counts = new Map<number, number>();
  const layouts: Layout[] = [];
  for (let record = enter + 1; record < exit; record++) {
    if (trace.cpu(record) !== cpu) continue;
    const kind = trace.kind(record);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (kind === RECORD.layout) layouts.push(trace.layout(record));
  }
  return {
    number: trace.number(enter),
    thread: trace.size(enter),
    cpus: [...new Set([cpu, trace.cpu(exit)])].sort(ascending),
    result: trace.result(exit),
    stores: counts.get(RECORD.store) ?? 0,
    flushes: counts.get(RECORD.flush) ?? 0,
    fences: counts.get(RECORD.fence) ?? 0,
    layouts,
  };
}

/** What is known of the files when the first operation begins. */
export function layoutsBefore(trace: RawTrace): Layout[] {
  const layouts: Layout[] = [];
  for (let record = 0; record < trace.length; record++) {
    if (trace.kind(record) === RECORD.op_enter) break;
    if (trace.kind(record) === RECORD.layout) layouts.push(trace.layout(record));
  }
  return layouts;
}

/** In the order in which they returned; those that never did are left out. */
export function describeOperations(trace: RawTrace): RawOperation[] {
  const entered = new Map<number, number>();
  const operations: RawOperation[] = [];
  for (let record = 0; record < trace.length; record++) {
    if (trace.kind(record) === RECORD.op_enter) entered.set(trace.number(record), record);
    if (trace.kind(record) !== RECORD.op_exit) continue;
    const enter = entered.get(trace.number(record));
    if (enter !== undefined) operations.push(describe(trace, enter, record));
  }
  return operations;
}
