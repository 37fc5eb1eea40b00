/**
 * The workload as a jsfuzz target: bytes are a program, a cut and what survives it. jsfuzz instruments every
 * module that is loaded from here and adds up all their counters after each execution, so this file
 * imports nothing but the simulation and the generator of its survivors.
 *
 * jsfuzz runs until something fails. Told how many executions to measure (jsfuzz.ts), the target ends its
 * process after them instead, and leaves the measurement in a file.
 */
import fs from 'node:fs';
import { Prng } from '../../src/support/prng.js';
import { Memory, OP_BOUND, OPS, survives } from './store-flush-fence.js';

const OP_BYTES = 2;
/** After the operations one byte of cut and four of survivors' seed. */
const CUT_AT = OPS * OP_BYTES;
const SURVIVORS_AT = CUT_AT + 1;
const SURVIVORS_BYTES = 4;
export const INPUT_BYTES = SURVIVORS_AT + SURVIVORS_BYTES;

export interface JsfuzzOrder {
  readonly warmUp: number;
  readonly measured: number;
  /** Where the measurement goes. */
  readonly result: string;
}

export interface JsfuzzResult {
  readonly executions: number;
  readonly events: number;
  readonly seconds: number;
  /** Of the process that runs the target; jsfuzz has a second one that mutates. */
  readonly cpuSeconds: number;
}

/** Variable of the environment that holds a JsfuzzOrder. */
export const ORDER_VARIABLE = 'DAXFUZZ_BENCH_JSFUZZ';

const whole = Buffer.alloc(INPUT_BYTES);
const ops = new Int32Array(OPS);

interface Decoded {
  /** The same array for every input. */
  readonly ops: Int32Array;
  readonly cut: number;
  readonly survivors: number;
}

/** Any bytes are a whole program: what is missing at the end is zero, what is too much is not read. */
export function decode(input: Buffer): Decoded {
  const length = Math.min(input.length, INPUT_BYTES);
  input.copy(whole, 0, 0, length);
  whole.fill(0, length);
  for (let i = 0; i < OPS; i++) ops[i] = whole.readUInt16LE(i * OP_BYTES) % OP_BOUND;
  return {
    ops,
    cut: whole.readUInt8(CUT_AT) % (OPS + 1),
    survivors: whole.readInt32LE(SURVIVORS_AT),
  };
}

/** One execution; gives the operations simulated. */
export function runInput(memory: Memory, input: Buffer): number {
  const { cut, survivors } = decode(input);
  if (!survives(memory, ops, cut, new Prng(survivors, 0))) throw new Error('lost what was fenced');
  return cut;
}

const text = process.env[ORDER_VARIABLE];
const order = text === undefined ? null : (JSON.parse(text) as JsfuzzOrder);
let executions = 0;
let events = 0;
let start = 0;
let cpuStart = process.cpuUsage();

export function fuzz(input: Buffer): void {
  events += runInput(new Memory(), input);
  executions++;
  if (order === null) return;
  if (executions === order.warmUp) {
    events = 0;
    start = performance.now();
    cpuStart = process.cpuUsage();
  } else if (executions === order.warmUp + order.measured) {
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(cpuStart);
    const cpuSeconds = (user + system) / 1e6;
    const result: JsfuzzResult = { executions: order.measured, events, seconds, cpuSeconds };
    fs.writeFileSync(order.result, JSON.stringify(result));
    process.exit(0);
  }
}
