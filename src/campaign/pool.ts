/**
 * The worker threads, through piscina. A worker that dies is replaced and its batch given up; a machine on
 * which they keep dying is not one to fuzz on.
 */
import path from 'node:path';
import { Piscina } from 'piscina';
import { EnvironmentError, messageOf } from '../support/assert.js';
import type { BatchAnswer, BatchOrder, WorkerSetup } from './messages.js';

const LOSSES_IN_A_ROW_MAX = 5;

export class WorkerPool {
  /** Workers that died. */
  lost = 0;
  private lostInARow = 0;
  private readonly piscina: Piscina<BatchOrder, BatchAnswer>;

  constructor(
    setup: WorkerSetup,
    workers: number,
    private readonly problem: (message: string) => void,
  ) {
    this.piscina = new Piscina<BatchOrder, BatchAnswer>({
      filename: path.join(__dirname, 'worker.js'),
      minThreads: workers,
      maxThreads: workers,
      idleTimeout: Infinity,
      concurrentTasksPerWorker: 1,
      workerData: setup,
    });
    // Without a listener an error of a dying worker would end the process.
    this.piscina.on('error', () => undefined);
  }

  /**
   * One batch; null if its worker died on the way.
   * @throws EnvironmentError when workers keep dying.
   */
  async run(order: BatchOrder): Promise<BatchAnswer | null> {
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
