/**
 * What a store costs beside the least that it could cost: eight bytes appended to a log and copied, in a loop
 * that does nothing else. Both go over the same 64 KiB, which stays in the first caches.
 */
import { Image } from '../../src/media/image.js';
import { freshDisk } from '../../src/media/fresh.js';
import { layoutOf } from '../../src/media/layout.js';
import { PersistHistory } from '../../src/persistency/history.js';
import type { Geometry } from '../../src/program/geometry.js';
import { DEFAULT_GEOMETRY } from '../../src/program/geometry.js';
import type { Program } from '../../src/program/program.js';
import { DEFAULT_SETTINGS } from '../../src/run.js';
import { assert } from '../../src/support/assert.js';
import { LINE_SIZE, WORD_SHIFT, WORD_SIZE } from '../../src/support/units.js';
import { EVENT, FENCE, FLUSH } from '../../src/trace/event.js';
import { fillData, Trace } from '../../src/trace/trace.js';
import { timesOf } from './rounds.js';

const BYTES = 64 * 1024;
const WORD_COUNT = BYTES >> WORD_SHIFT;
/** For others. In this file the loops use the constant above, which is not looked up in the exports. */
export const WORDS = WORD_COUNT;
/** Fewer than this many repetitions of the loop are not worth a look at the clock. */
const LIMIT_PASSES = 2000;
/** The limit is the fastest of these: whatever slowed the others down is not part of it. */
const LIMIT_TRIES = 7;
const FOLD_PASSES = 20;

/** Stores to words in a row before they are flushed and fenced: the fewer, the dearer each is. */
export const STORES_PER_FENCE = [1, 2, 8] as const;

/** Nanoseconds of a store with its share of a flush and a fence. */
interface StoreCost {
  readonly storesPerFence: number;
  /** Folded by the persistency layer. */
  readonly folded: number;
  /** Written to the trace as well. */
  readonly writtenAndFolded: number;
}

export interface StoreCosts {
  /** Nanoseconds of a store in the limit loop. */
  readonly limit: number;
  readonly costs: readonly StoreCost[];
}

/**
 * Constants of this file, not exported, with the compiler knowing all there is to know of them: handed in
 * as parameters they make the loop three times slower.
 */
const SOURCE = Float64Array.from({ length: WORD_COUNT }, (_, word) => word + 0.5);
const LOG = new Float64Array(WORD_COUNT);
const IMAGE = new Float64Array(WORD_COUNT);

/** A store of every word of SOURCE. */
export function limitLoop(): { log: Float64Array; image: Float64Array } {
  for (let word = 0; word < WORD_COUNT; word++) {
    const value = SOURCE[word] as number;
    LOG[word] = value;
    IMAGE[word] = value;
  }
  return { log: LOG, image: IMAGE };
}

const BLOCKS = BYTES / DEFAULT_GEOMETRY.pageSize;
const GEOMETRY: Geometry = { ...DEFAULT_GEOMETRY, filePagesMax: BLOCKS, blockCount: BLOCKS };
const PROGRAM: Program = {
  geometry: GEOMETRY,
  files: [{ pages: BLOCKS, allocated: BLOCKS }],
  threads: [[]],
  spawnAfter: 0,
};
const LAYOUT = layoutOf(GEOMETRY, PROGRAM.files.length);

/** A store to each word, and a flush and a fence whenever so many are done. */
export function writeStores(trace: Trace, storesPerFence: number): void {
  trace.clear();
  for (let word = 0; word < WORD_COUNT; word++) {
    const offset = word * WORD_SIZE;
    const address = LAYOUT.dataStart + offset;
    trace.append(EVENT.store, 0, 0, address, WORD_SIZE, fillData(word & 127), 0, 0, offset, word);
    if ((word + 1) % storesPerFence !== 0) continue;
    const line = address - (address % LINE_SIZE);
    trace.append(EVENT.flush, 0, 0, line, LINE_SIZE, FLUSH.clwb);
    trace.append(EVENT.fence, 0, 0, FENCE.sfence);
  }
}

export function fold(history: PersistHistory, trace: Trace): void {
  history.reset(freshDisk(PROGRAM), trace, DEFAULT_SETTINGS);
  for (let event = 0; event < trace.length; event++) history.apply(event);
  assert(history.pendingUnits === 0, () => `${history.pendingUnits} lines are pending`);
}

/** Nanoseconds of one of the stores that `passes` calls of `body` make. */
function costOf(passes: number, body: () => void): number {
  const { seconds } = timesOf(() => {
    for (let pass = 0; pass < passes; pass++) body();
  });
  return (seconds * 1e9) / (passes * WORD_COUNT);
}

export class StoreCostMeter {
  private readonly trace = new Trace();
  private readonly history = new PersistHistory(new Image());

  measure(foldPasses = FOLD_PASSES): StoreCosts {
    const { trace, history } = this;
    const tries = Array.from({ length: LIMIT_TRIES }, () => costOf(LIMIT_PASSES, limitLoop));
    const costs = STORES_PER_FENCE.map((storesPerFence): StoreCost => {
      writeStores(trace, storesPerFence);
      const folded = costOf(foldPasses, () => fold(history, trace));
      const writtenAndFolded = costOf(foldPasses, () => {
        writeStores(trace, storesPerFence);
        fold(history, trace);
      });
      return { storesPerFence, folded, writtenAndFolded };
    });
    return { limit: Math.min(...tries), costs };
  }
}
