/**
 * The worker threads, through piscina. A worker that dies is replaced and its batch given up; a machine on
 * which they keep dying is not one to fuzz on.
 */
import path from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { Piscina } from 'piscina';
import { EnvironmentError, messageOf } from '../support/assert.js';

const LOSSES_IN_A_ROW_MAX = 5;

/**
 * Megabytes of each half of a worker's space for young objects, from the start: executions leave many
 * short-lived objects, and with V8's own choice (one, growing to 16 within the first minutes) collecting them
 * costs a twentieth of the time, and a campaign's memory grows while nothing is kept.
 */
const SEMI_SPACE_MB = 32;
const SEMI_SPACES_IN_YOUNG_GENERATION = 3;
/** Megabytes of old objects at which they are first looked through; by V8's choice much later. */
const OLD_SPACE_MB = 24;

/** All of them from the start, one order at a time, for as long as the pool lives. */
function threads(workers: number): object {
  return {
    name: 'answer',
    minThreads: workers,
    maxThreads: workers,
    idleTimeout: Infinity,
    concurrentTasksPerWorker: 1,
  };
}

/**
 * The answers of `workers` threads to the same order; each loads `filename` and calls its `answer`.
 * @throws whatever the function throws, as an Error of no particular class.
 */
export async function inThreads<Order, Answer>(
  filename: string,
  workers: number,
  order: Order,
): Promise<Answer[]> {
  const pool = new Piscina<Order, Answer>({ filename, ...threads(workers) });
  try {
    return await Promise.all(Array.from({ length: workers }, () => pool.run(order)));
  } finally {
    await pool.destroy();
  }
}

/** Threads that run a script of this folder, each given `setup`; its `answer` gets the orders. */
export class WorkerPool<Order, Answer> {
  /** Workers that died. */
  lost = 0;
  private lostInARow = 0;
  private readonly piscina: Piscina<Order, Answer>;

  constructor(
    script: string,
    setup: object,
    workers: number,
    private readonly problem: (message: string) => void,
  ) {
    const filename = path.join(__dirname, script);
    // Read when a thread starts; limits of a thread have no lower bound.
    setFlagsFromString(`--min-semi-space-size=${SEMI_SPACE_MB}`);
    setFlagsFromString(`--initial-old-space-size=${OLD_SPACE_MB}`);
    this.piscina = new Piscina<Order, Answer>({
      filename,
      ...threads(workers),
      resourceLimits: {
        maxYoungGenerationSizeMb: SEMI_SPACE_MB * SEMI_SPACES_IN_YOUNG_GENERATION,
      },
      workerData: setup,
    });
    // Without a listener an error of a dying worker would end the process.
    this.piscina.on('error', () => undefined);
  }

  /**
   * One batch; null if its worker died on the way.
   * @throws EnvironmentError when workers keep dying.
   */
  async run(order: Order): Promise<Answer | null> {
    try {
      const answer = await this.piscina.run(order);
      this.lostInARow = 0;
      return answer;
    } catch (error) {
      this.lost++;
      this.lostInARow++;
      if (this.lostInARow >= LOSSES_IN_A_ROW_MAX) {
        throw new EnvironmentError(
          `${this.lostInARow} workers died in a row (${messageOf(error)}): is there enough memory? try fewer --workers`,
        );
      }
      this.problem(`a worker died (${messageOf(error)}); it is replaced, its batch does not count`);
      return null;
    }
  }

  async close(): Promise<void> {
    await this.piscina.destroy();
  }
}
