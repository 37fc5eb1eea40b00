import type { Choice } from '../../src/support/choice.js';

/**
 * Choices as a list of bytes says: two bytes a draw, zero after the end.
 */
export class ByteChoice implements Choice {
  private position = 0;

  constructor(private readonly bytes: Uint8Array) {}

  below(bound: number): number {
    const low = this.bytes[this.position] ?? 0;
    const high = this.bytes[this.position + 1] ?? 0;
    this.position += 2;
    return (low | (high << 8)) % bound;
  }
}
