/** How the controller of a campaign tells its workers to end early: a word that all of them share. */

/** `soon`: no more executions. `now`: and findings are filed as small as they are by then. */
export type Haste = 'soon' | 'now';

const WORDS: Readonly<Record<Haste, number>> = { soon: 1, now: 2 };

export class StopWord {
  private readonly word: Int32Array;

  /** `buffer` has four bytes, zero as long as nobody has asked. */
  constructor(readonly buffer = new SharedArrayBuffer(4)) {
    this.word = new Int32Array(buffer);
  }

  /** Who asks for less than somebody before changes nothing. */
  ask(haste: Haste): void {
    Atomics.store(this.word, 0, Math.max(WORDS[haste], Atomics.load(this.word, 0)));
  }

  get isAsked(): boolean {
    return Atomics.load(this.word, 0) !== 0;
  }

  get isHurried(): boolean {
    return Atomics.load(this.word, 0) === WORDS.now;
  }
}
