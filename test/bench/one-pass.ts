/**
 * The same workload decided by the persistency layer of daxfuzz: each program becomes a trace, which is
 * folded once, and all cuts are decided with all their survivor sets.
 *
 * The argument is the one of oracle/judge.ts: `durable` never falls and lines survive independently, so a
 * promise that holds at its fence holds at every later cut, whatever survives. The oracle itself is not in
 * this row: it knows the promises of system calls, and this workload has none.
 */
import { Image } from '../../src/media/image.js';
import { freshDisk } from '../../src/media/fresh.js';
import { layoutOf } from '../../src/media/layout.js';
import { PersistHistory } from '../../src/persistency/history.js';
import { DEFAULT_GEOMETRY } from '../../src/program/geometry.js';
import type { Program } from '../../src/program/program.js';
import { DEFAULT_SETTINGS } from '../../src/run.js';
import { assert } from '../../src/support/assert.js';
import { Prng } from '../../src/support/prng.js';
import { LINE_SHIFT, LINE_SIZE, WORD_SIZE } from '../../src/support/units.js';
import { AT, EVENT, FENCE, FLUSH } from '../../src/trace/event.js';
import { fillData, Trace } from '../../src/trace/trace.js';
import type { Measured } from './rounds.js';
import { timesOf } from './rounds.js';
import { drawOps, kindOf, LINES, lineOf, OPS, wordOf } from './store-flush-fence.js';

const RUNS = 40_000;
const SEED = 1;
const CPU = 0;
const NO_OP = -1;
const INO = 0;

/** One page of 64 lines is all the memory there is. */
const PROGRAM: Program = {
  geometry: { ...DEFAULT_GEOMETRY, pageSize: LINES * LINE_SIZE, blockCount: 1 },
  files: [{ pages: 1, allocated: 1 }],
  threads: [[]],
  spawnAfter: 0,
};
const LAYOUT = layoutOf(PROGRAM.geometry, PROGRAM.files.length);
export const addressOfLine = (line: number): number => LAYOUT.dataStart + line * LINE_SIZE;

/** Makes of a program the trace that a target would leave. */
export function writeTrace(trace: Trace, ops: ArrayLike<number>): void {
  trace.clear();
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as number;
    const address = addressOfLine(lineOf(op));
    const offset = lineOf(op) * LINE_SIZE + wordOf(op) * WORD_SIZE;
    switch (kindOf(op)) {
      case 'store': {
        const to = address + wordOf(op) * WORD_SIZE;
        trace.append(EVENT.store, CPU, NO_OP, to, WORD_SIZE, fillData(i + 1), 0, INO, offset, i);
        break;
      }
      case 'flush':
        trace.append(EVENT.flush, CPU, NO_OP, address, LINE_SIZE, FLUSH.clwb);
        break;
      case 'fence':
        trace.append(EVENT.fence, CPU, NO_OP, FENCE.sfence);
        break;
    }
  }
}

/** Folds traces, and counts for itself what their fences promise. */
export class OnePass {
  /** Stores to each line. */
  private readonly stored = new Int32Array(LINES);
  /** How many of them the last flush covered; only counts until the next fence if it is in `awaiting`. */
  private readonly covered = new Int32Array(LINES);
  private readonly awaiting = new Int32Array(OPS);

  constructor(private readonly history = new PersistHistory(new Image())) {}

  /** Does what was flushed and fenced survive every cut with every set of survivors? */
  survives(trace: Trace): boolean {
    assert(trace.length <= OPS, () => `a trace of ${trace.length} events`);
    const { history, stored, covered, awaiting } = this;
    history.reset(freshDisk(PROGRAM), trace, DEFAULT_SETTINGS);
    stored.fill(0);
    let waiting = 0;
    for (let event = 0; event < trace.length; event++) {
      history.apply(event);
      const kind = trace.kind(event);
      if (kind === EVENT.fence) {
        for (let i = 0; i < waiting; i++) {
          const line = awaiting[i] as number;
          const unit = history.unitOfAddress(addressOfLine(line));
          if ((history.durable[unit] as number) < (covered[line] as number)) return false;
        }
        waiting = 0;
        continue;
      }
      // Stores and flushes have it at the same place.
      const line = (trace.argument(event, AT.flush.address) - LAYOUT.dataStart) >> LINE_SHIFT;
      if (kind === EVENT.store) {
        (stored[line] as number)++;
      } else {
        covered[line] = stored[line] as number;
        awaiting[waiting++] = line;
      }
    }
    return true;
  }
}

export function measureOnePass(): Measured {
  const choice = new Prng(SEED, 0);
  const trace = new Trace();
  const onePass = new OnePass();
  const ops = new Int32Array(OPS);
  let events = 0;
  let cuts = 0;
  const times = timesOf(() => {
    for (let i = 0; i < RUNS; i++) {
      writeTrace(trace, drawOps(choice, ops));
      assert(onePass.survives(trace), () => `trace ${i} of seed ${SEED} lost what was fenced`);
      events += trace.length;
      cuts += trace.length + 1;
    }
  });
  return { executions: RUNS, operations: RUNS * OPS, events, cuts, ...times };
}
