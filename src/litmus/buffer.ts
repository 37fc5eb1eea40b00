/**
 * What waits in the store buffer of a thread, and what may leave it before what: the table "which pairs are
 * preserved" of Px86. Everything that the model says about reordering is in `blocks`.
 */

export interface Entry {
  /** `arrival` is what remains of a non-temporal store that is visible, until it is on media. */
  readonly kind: 'store' | 'ntstore' | 'arrival' | 'clflush' | 'clflushopt' | 'sfence';
  /** Place in the code; the parts of one wide store share it. */
  readonly at: number;
  /** -1 for sfence. */
  readonly location: number;
  /** Cache line of the location; -1 for sfence. */
  readonly line: number;
  /** Of stores; else 0. */
  readonly value: number;
}

/** Must `older` have left before `younger` may? */
export function blocks(older: Entry, younger: Entry): boolean {
  if (older.kind === 'sfence' || younger.kind === 'sfence') return true;
  // Only a fence waits for media: that a store is durable once others see it is not settled either.
  if (older.kind === 'arrival') return false;
  const sameLine = older.line === younger.line;
  const sameLocation = older.location === younger.location;
  switch (younger.kind) {
    case 'arrival':
      return false;
    case 'store':
      // A plain store overtakes weak flushes, and non-temporal stores to other locations.
      if (older.kind === 'store') return older.at !== younger.at;
      return older.kind === 'clflush' || (older.kind === 'ntstore' && sameLocation);
    case 'ntstore':
      // Write-combining: ordered by location only. Whether it may overtake an older plain store is not
      // settled by the vendors' texts; it may here.
      return older.kind === 'clflush' || (isStore(older) && sameLocation);
    case 'clflush':
      // Not ordered after non-temporal stores to other lines: not settled either, the weaker reading.
      return older.kind === 'store' || older.kind === 'clflush' || sameLine;
    case 'clflushopt':
      return sameLine && older.kind !== 'clflushopt';
  }
}

const isStore = (entry: Entry): boolean => entry.kind === 'store' || entry.kind === 'ntstore';

/** The newest store to `location`, which is what the thread's own loads see. */
export function newestStore(buffer: readonly Entry[], location: number): Entry | undefined {
  return buffer.filter((entry) => isStore(entry) && entry.location === location).at(-1);
}
