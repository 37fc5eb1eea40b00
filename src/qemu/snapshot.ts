/**
 * A guest that has booted, in files: its memory, and the state of its devices. Guests go on from copies of
 * it, which takes a fiftieth of the time of a boot.
 */
import fs from 'node:fs';
import type { KernelImage } from './kernel-image.js';
import { attemptWrite, unnamedFile } from './shared-memory.js';

/** Of memory, pieces without a byte in them are not copied. */
const PIECE_BYTES = 1 << 16;

/** What a Debian kernel has written of its memory when it has booted, at most. */
export const SNAPSHOT_BYTES = 150 * 1024 * 1024;

/** Descriptors. */
interface SavedFiles {
  readonly ram: number;
  /** Of the devices. */
  readonly state: number;
  /** QEMU asks for it again. */
  readonly initrd: number;
}

export class Snapshot {
  /** Where pieces of memory with bytes in them start. */
  private readonly pieces: readonly number[];
  private readonly piece = Buffer.alloc(PIECE_BYTES);

  /** Closes the files in the end. */
  constructor(
    readonly kernel: KernelImage,
    private readonly saved: SavedFiles,
    private readonly ramBytes: number,
  ) {
    const nothing = Buffer.alloc(PIECE_BYTES);
    const count = ramBytes / PIECE_BYTES;
    this.pieces = Array.from({ length: count }, (_, index) => index * PIECE_BYTES).filter(
      (start) => !this.read(start).equals(nothing),
    );
  }

  private read(start: number): Buffer {
    const length = fs.readSync(this.saved.ram, this.piece, 0, PIECE_BYTES, start);
    return this.piece.subarray(0, length);
  }

  /** What a guest goes on from; its memory is its own, in a file without a name. @throws EnvironmentError */
  files(): SavedFiles {
    const ram = unnamedFile(this.ramBytes);
    attemptWrite(ram, this.pieces.length * PIECE_BYTES, () => {
      for (const start of this.pieces) fs.writeSync(ram, this.read(start), 0, PIECE_BYTES, start);
    });
    return { ...this.saved, ram };
  }

  close(): void {
    const { ram, state, initrd } = this.saved;
    for (const fd of [ram, state, initrd]) fs.closeSync(fd);
  }
}
