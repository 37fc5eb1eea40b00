/**
 * Where worker threads leave what they measured of their own memory: a number a worker, in memory that all
 * threads share, written by memory-probe.ts and read by memory.ts.
 */
export const CELLS_NAME = 'daxfuzz-bench-memory';
const CELL_BYTES = 8;

export class MemoryCells {
  private readonly taken: Int32Array;
  private readonly peaks: Float64Array;

  constructor(readonly memory: SharedArrayBuffer) {
    this.taken = new Int32Array(memory, 0, 1);
    this.peaks = new Float64Array(memory, CELL_BYTES);
  }

  static forWorkers(workers: number): MemoryCells {
    return new MemoryCells(new SharedArrayBuffer(CELL_BYTES * (1 + workers)));
  }

  /** A number for a thread that starts. */
  takeNumber(): number {
    return Atomics.add(this.taken, 0, 1);
  }

  note(worker: number, bytes: number): void {
    this.peaks[worker] = Math.max(bytes, this.peaks[worker] as number);
  }

  /** The peak of each worker since the last call; 0 for one that did not look. */
  takePeaks(): number[] {
    const peaks = [...this.peaks];
    this.peaks.fill(0);
    return peaks;
  }
}
