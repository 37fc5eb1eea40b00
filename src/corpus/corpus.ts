/**
 * The programs worth mutating: those that showed something new when they ran. Kept in memory by each
 * worker; files.ts keeps them on disk.
 */
import type { Choice } from '../support/choice.js';
import type { Program } from '../program/program.js';
import { hashText } from '../support/hash.js';
import { printProgram } from '../program/text.js';

/** Beyond this the oldest make way: a program of the beginning has been mutated many times. */
const ITEMS_MAX = 4096;

export class Corpus {
  private readonly items: Program[] = [];
  private readonly hashes = new Set<string>();
  private next = 0;

  get size(): number {
    return this.items.length;
  }

  /** The program's text form if it is new here, else null. */
  add(program: Program): string | null {
    const text = printProgram(program);
    const hash = hashText(text);
    if (this.hashes.has(hash)) return null;
    this.hashes.add(hash);
    if (this.items.length < ITEMS_MAX) {
      this.items.push(program);
    } else {
      this.items[this.next] = program;
      this.next = (this.next + 1) % ITEMS_MAX;
    }
    return text;
  }

  /** Any item, one of the more recent half five times as often as an older one. */
  choose(choice: Choice): Program {
    const count = this.items.length;
    const half = count >> 1;
    const recent = choice.below(3) > 0 && half > 0;
    const age = recent ? half + choice.below(count - half) : choice.below(count);
    return this.items[(this.next + age) % count] as Program; // `next` is where the oldest is
  }
}
