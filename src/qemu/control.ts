/**
 * The controller's side of the control page: waits for the guest's hypercalls and answers them. Everything
 * is synchronous, since a target runs programs synchronously; waiting naps in short steps, so that a guest
 * that died or hangs is noticed.
 */
import { performance } from 'node:perf_hooks';
import { AT_DIRTY, CONTROL, CONTROL_MAGIC } from './protocol.js';

/** Rounds of looking without a nap: about as long as a hypercall takes. */
const SPINS = 200;
const NAP_MS_MIN = 0.02;
const NAP_MS_MAX = 1;
/** Naps between two looks at whether QEMU lives. */
const LOOK_EVERY = 32;

const nowhere = new Int32Array(new SharedArrayBuffer(4));

/** Blocks this thread. */
export function nap(milliseconds: number): void {
  Atomics.wait(nowhere, 0, 0, milliseconds);
}

/** How long somebody waits for a guest. */
export interface Patience {
  readonly isAlive: () => boolean;
  /** In ms, from any time on; reading it may take a while. */
  readonly clock: () => number;
}

/** What a wait ended with: a hypercall, files in the mailbox, or why there was nothing. */
export type Waited = { readonly call: number } | 'listed' | 'died' | 'hung';

export class Control {
  private readonly words: Int32Array;
  private answered = 0;
  private listedBefore = 0;

  constructor(page: Uint8Array) {
    this.words = new Int32Array(page.buffer, page.byteOffset, AT_DIRTY / 4);
  }

  private word(index: number): number {
    return Atomics.load(this.words, index) >>> 0;
  }

  /** Whether the plugin runs. */
  get started(): boolean {
    return this.word(CONTROL.magic) === CONTROL_MAGIC;
  }

  set capacity(records: number) {
    Atomics.store(this.words, CONTROL.capacity, records);
  }

  get records(): number {
    return this.word(CONTROL.records);
  }

  get overflow(): number {
    return this.word(CONTROL.overflow);
  }

  /** Events that the plugin could not follow, and an index into PROBLEMS for the first. */
  get problems(): { readonly count: number; readonly first: number } {
    return { count: this.word(CONTROL.problems), first: this.word(CONTROL.problem) };
  }

  /** Lets the guest go on after its last hypercall. */
  answer(): void {
    this.answered = this.word(CONTROL.request);
    this.listedBefore = this.word(CONTROL.listed);
    Atomics.store(this.words, CONTROL.reply, this.answered | 0);
  }

  private get asked(): boolean {
    return this.word(CONTROL.request) !== this.answered;
  }

  /**
   * Waits for the next hypercall, or, if somebody is waiting for files, until they are there; by a clock that
   * stands still while the guest gets no processor.
   */
  wait(limitMs: number, { isAlive, clock }: Patience, wantsFiles = false): Waited {
    const look = (): Waited | null => {
      if (wantsFiles && this.word(CONTROL.listed) !== this.listedBefore) return 'listed';
      return this.asked ? { call: this.word(CONTROL.call) } : null;
    };
    let seen = look();
    for (let spin = 0; spin < SPINS && seen === null; spin++) seen = look();
    let started: number | null = null;
    let deadline = performance.now() + limitMs;
    for (let naps = 0; seen === null; naps++) {
      if (naps % LOOK_EVERY === LOOK_EVERY - 1) {
        if (!isAlive()) return look() ?? 'died';
        started ??= clock();
      }
      if (started !== null && performance.now() > deadline) {
        const left = limitMs - (clock() - started);
        if (left <= 0) return 'hung';
        deadline = performance.now() + left;
      }
      nap(Math.min(NAP_MS_MAX, NAP_MS_MIN * (1 + naps / 8)));
      seen = look();
    }
    return seen;
  }
}
