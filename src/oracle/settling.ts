/**
 * What has to happen before a call for something that was done to a file to be covered by its promise.
 */
import type { Contract } from '../target/target.js';
import { AT, EVENT, STORE } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import type { PromiseId, PromiseMade, UserFlush } from './promise.js';
import type { FileView } from './view.js';

type Settling = 'visible' | 'exit' | 'device' | 'unpin' | 'never';

/** When and by whom something was done to a file, and what has to happen before a call for it to count. */
export interface Deed {
  readonly event: number;
  readonly op: number;
  readonly task: number;
  /** Where the store was in program order; the event itself for all else. */
  readonly issued: number;
  readonly settling: Settling;
  /** The block that a device wrote. */
  readonly block: number;
}

/** Does the call make the changes of sizes before it durable, or only what was written inside of the file? */
export const settlesSizes = (promise: PromiseId): boolean => promise !== 'P2' && promise !== 'P8';

/** When a store counts as done before a call: a user's when it is visible, a call's when it returned. */
export function settlingOf(how: number, contract: Contract): Settling {
  if ((how & STORE.untracked) !== 0) return contract.tracksDma ? 'unpin' : 'never';
  if ((how & STORE.dma) !== 0) return 'device';
  return (how & STORE.kernel) !== 0 ? 'exit' : 'visible';
}

/** Does the call cover it? */
export function isSettled(trace: Trace, view: FileView, deed: Deed, made: PromiseMade): boolean {
  if (made.promise === 'P2') return deed.op === made.op;
  // What else the same operation did, such as the zeroing of a new block, is not the program's store.
  if (made.flush !== null && !isPromisedStore(deed, made.flush)) return false;
  switch (deed.settling) {
    case 'visible':
      return deed.event < made.before || (deed.task === made.task && deed.issued < made.before);
    case 'exit':
      return view.exitOf(deed.op) < made.before;
    case 'device': // a freeze does not stop devices: what they write while it is under way may be late
      return view.exitOf(deed.op) < made.begin;
    case 'unpin':
      return (
        view.exitOf(deed.op) < made.begin &&
        unpinnedBetween(trace, deed.block, deed.event, made.begin)
      );
    case 'never':
      return false;
  }
}

function isPromisedStore({ op, event, settling }: Deed, { stores, since }: UserFlush): boolean {
  return settling === 'visible' && event > since && stores.has(op);
}

/** Was the block's last pin for writing released between two events? */
function unpinnedBetween(trace: Trace, block: number, from: number, to: number): boolean {
  let held = 0;
  let released = false;
  for (let event = 0; event < to; event++) {
    const kind = trace.kind(event);
    if (kind !== EVENT.pin && kind !== EVENT.unpin) continue;
    if (trace.argument(event, AT.pin.block) !== block || trace.argument(event, AT.pin.write) === 0)
      continue;
    held += kind === EVENT.pin ? 1 : -1;
    if (kind === EVENT.unpin && event > from) released = true;
  }
  return released && held === 0;
}
