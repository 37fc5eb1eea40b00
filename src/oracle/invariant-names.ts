/** Invariants of the running kernel by number, and the mechanisms that stand for them in signatures. */
import type { Invariant } from '../target/target.js';
import type { Mechanism } from './mechanism.js';

export const INVARIANT_MECHANISMS: Readonly<Record<Invariant, Mechanism>> = {
  I1: 'writable-and-clean',
  I2: 'mapped-elsewhere',
  I4: 'dirty-and-not-listed',
  I5: 'writable-while-frozen',
  I6: 'free-block-in-use',
  I7: 'waiter-forgotten',
  I8: 'writable-before-commit',
  I10: 'private-copy-removed',
};

/** The invariant that a mechanism stands for; null if it is one by which a promise is broken. */
export function invariantOf(mechanism: Mechanism): Invariant | null {
  const names = Object.keys(INVARIANT_MECHANISMS) as Invariant[];
  return names.find((name) => INVARIANT_MECHANISMS[name] === mechanism) ?? null;
}
