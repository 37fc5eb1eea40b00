/**
 * A stable 64-bit content hash: names for corpus items, findings and traces. Not cryptographic; it only
 * has to be the same on every machine. Two 32-bit lanes in the manner of MurmurHash3's mixer.
 */
export class Hasher {
  private a = 0x2545f491;
  private b = 0x7f4a7c15;

  word(value: number): this {
    this.a = Math.imul(this.a ^ value, 0xcc9e2d51);
    this.a = (this.a << 15) | (this.a >>> 17);
    this.b = Math.imul(this.b ^ this.a ^ value, 0x1b873593);
    this.b = (this.b << 13) | (this.b >>> 19);
    return this;
  }

  words(values: Int32Array, length: number): this {
    for (let i = 0; i < length; i++) this.word(values[i] as number);
    return this.word(length);
  }

  bytes(values: Uint8Array, length = values.length): this {
    for (let i = 0; i < length; i++) this.word(values[i] as number);
    return this.word(length);
  }

  text(value: string): this {
    for (let i = 0; i < value.length; i++) this.word(value.charCodeAt(i));
    return this.word(value.length);
  }

  /** 16 hex digits. */
  digest(): string {
    const finish = (lane: number): string => {
      let z = lane;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return ((z ^ (z >>> 16)) >>> 0).toString(16).padStart(8, '0');
    };
    return finish(this.a) + finish(this.b ^ this.a);
  }
}

export function hashText(value: string): string {
  return new Hasher().text(value).digest();
}
