/**
 * What is worth mutating: programs that showed something new when they ran, each with the schedule that it
 * ran under. Kept in memory by each worker; files.ts keeps the programs on disk.
 */
import type { Choice } from '../support/choice.js';
import type { Program } from '../program/program.js';
import { hashText } from '../support/hash.js';
import { printProgram } from '../program/text.js';
import type { Schedule } from '../schedule/schedule.js';

/** Beyond this the oldest make way: a program of the beginning has been mutated many times. */
const ITEMS_MAX = 4096;
/** Schedules of more switches are noise, and are not kept. */
const SWITCHES_MAX = 64;
/** Items that are looked at when one is chosen. */
const CANDIDATES = 3;

export interface Kept {
  readonly program: Program;
  /** What it ran under when it showed something new; null if that is not known, or nothing to repeat. */
  readonly schedule: Schedule | null;
  /** Preemption points that its last execution passed; 0 if that is not known. */
  points: number;
  /** How often it was mutated, and how often that showed something new. */
  picks: number;
  finds: number;
}

export function keptOf(program: Program, schedule: Schedule | null = null, points = 0): Kept {
  return { program, schedule, points, picks: 0, finds: 0 };
}

/** What mutating it has come to so far; high for those that nobody has tried yet. */
const yieldOf = ({ picks, finds }: Kept): number => (1 + finds) / (1 + picks);

export class Corpus {
  private readonly items: Kept[] = [];
  private readonly hashes = new Set<string>();
  private next = 0;

  get size(): number {
    return this.items.length;
  }

  /**
   * Keeps a program with its schedule. Gives the program's text if it is new here, else null; a known one is
   * kept again for another schedule, for that is what was new.
   */
  add(program: Program, schedule: Schedule | null = null, points = 0): string | null {
    const text = printProgram(program);
    const hash = hashText(text);
    const isNew = !this.hashes.has(hash);
    const isShort = schedule !== null && schedule.length <= SWITCHES_MAX;
    const repeats = isShort && program.threads.length > 1 ? [...schedule] : null;
    if (isNew || repeats !== null) this.keep(keptOf(program, repeats, points));
    this.hashes.add(hash);
    return isNew ? text : null;
  }

  /**
   * Of some items, drawn as `any` draws them, the one whose mutation has come to most for how often it was
   * tried. Null of an empty corpus.
   */
  choose(choice: Choice): Kept | null {
    let best: Kept | null = null;
    for (let i = 0; i < CANDIDATES; i++) {
      const item = this.any(choice);
      if (item === null) return null;
      if (best === null || yieldOf(item) > yieldOf(best)) best = item;
    }
    return best;
  }

  /** Any item, one of the more recent half five times as often as an older one. */
  any(choice: Choice): Kept | null {
    const count = this.items.length;
    if (count === 0) return null;
    const half = count >> 1;
    const recent = choice.below(3) > 0 && half > 0;
    const age = recent ? half + choice.below(count - half) : choice.below(count);
    return this.items[(this.next + age) % count] as Kept; // `next` is where the oldest is
  }

  private keep(item: Kept): void {
    if (this.items.length < ITEMS_MAX) {
      this.items.push(item);
    } else {
      this.items[this.next] = item;
      this.next = (this.next + 1) % ITEMS_MAX;
    }
  }
}
