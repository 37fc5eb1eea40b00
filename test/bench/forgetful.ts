/** Memory with a fault that every tool of the benchmark has to find: its fences do nothing for one line. */
import { Memory } from './store-flush-fence.js';

export const FORGOTTEN = 13;

export class ForgetfulMemory extends Memory {
  protected override settle(number: number, count: number): void {
    if (number !== FORGOTTEN) super.settle(number, count);
  }
}
