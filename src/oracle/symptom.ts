/**
 * What a kernel said when it failed, without what differs from run to run: numbers of processes and
 * transactions, addresses. Places in the source stay. Other failures have no symptom: their mechanism says
 * all that is known of them.
 */
import type { PromiseId } from './promise.js';

export function symptomOf({ promise, detail }: { promise: PromiseId; detail: string }): string {
  if (promise !== 'P0') return '';
  return detail.replaceAll(/(\.[ch]:\d+)|0x[\da-f]+|\d+/g, (_, place?: string) => place ?? '#');
}
