/**
 * xoshiro128**, the one source of pseudo-randomness.
 *
 * Integers only: a float that rounds differently would make two machines disagree about a seed. Seeds
 * are 64-bit decimal strings, spread over the state by splitmix32, so that neighbouring seeds are
 * unrelated. `split` gives an independent stream, so that one consumer drawing more numbers does not
 * shift what another one sees.
 *
 * Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2018.
 */
import type { Choice } from './choice.js';

function splitmix32(state: number): { next: number; value: number } {
  const next = (state + 0x9e3779b9) | 0;
  let z = next;
  z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
  return { next, value: z ^ (z >>> 16) };
}

export class Prng implements Choice {
  private s0 = 1;
  private s1 = 0;
  private s2 = 0;
  private s3 = 0;

  constructor(low: number, high: number) {
    this.seed(low, high);
  }

  /** From a decimal seed of up to 64 bits, as users type it. */
  static fromSeed(seed: bigint): Prng {
    return new Prng(Number(BigInt.asIntN(32, seed)), Number(BigInt.asIntN(32, seed >> 32n)));
  }

  seed(low: number, high: number): void {
    let mixed = splitmix32(low | 0);
    this.s0 = mixed.value;
    mixed = splitmix32(mixed.next ^ (high | 0));
    this.s1 = mixed.value;
    mixed = splitmix32(mixed.next);
    this.s2 = mixed.value;
    mixed = splitmix32(mixed.next);
    this.s3 = mixed.value | 1; // never the all-zero state, which is a fixed point
  }

  /** 32 bits, as a signed integer. */
  next(): number {
    const scrambled = Math.imul(this.s1, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const t = this.s1 << 9;
    this.s2 ^= this.s0;
    this.s3 ^= this.s1;
    this.s1 ^= this.s2;
    this.s0 ^= this.s3;
    this.s2 ^= t;
    this.s3 = (this.s3 << 11) | (this.s3 >>> 21);
    return result;
  }

  /** An integer in [0, bound). Exact in doubles for every bound below 2^21; the bias is below 2^-11. */
  below(bound: number): number {
    return Math.floor(((this.next() >>> 0) * bound) / 0x1_0000_0000);
  }

  /** An independent generator; advances this one by two draws. */
  split(): Prng {
    return new Prng(this.next(), this.next());
  }
}
