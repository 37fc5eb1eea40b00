/** Pins, drawn: how pages are pinned and let go; and how the device goes. */
import type { Choice } from '../support/choice.js';
import { chance } from '../support/choice.js';
import type { Aim } from './kernel-operations.js';
import type { Op } from './op.js';
import { OP, PIN_FAST, PIN_LONGTERM, PIN_WRITE, UNBIND_SURPRISE, UNPIN_BATCH } from './op.js';

/** Mostly the same slot, so that the operations on pins meet. */
export function pinSlot(choice: Choice): number {
  return chance(choice, 1, 5) ? 1 : 0;
}

export function drawUnbind(choice: Choice, blank: Op): Op {
  return { ...blank, flags: chance(choice, 1, 4) ? UNBIND_SURPRISE : 0 };
}

export function drawPinOp(choice: Choice, blank: Op, aim: Aim): Op {
  if (blank.code !== OP.pin) {
    return { ...blank, target: pinSlot(choice), flags: choice.below(2) * UNPIN_BATCH };
  }
  const pages = aim.mappedPages(choice);
  let flags = chance(choice, 4, 5) ? PIN_WRITE : 0;
  if (chance(choice, 1, 2)) flags |= PIN_FAST;
  if (chance(choice, 1, 20)) flags |= PIN_LONGTERM;
  return { ...blank, ...pages, source: pages.target, target: pinSlot(choice), flags };
}
