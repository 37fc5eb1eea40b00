/**
 * What one execution of a program with one thread shows to whoever looks after every operation: results,
 * what read(2) would give, and after every promise the bytes that no power failure can take any more. Where
 * blocks are, and how the kernel came to it, is not part of it: two targets can be compared by it.
 */
import type { PromiseId } from '../oracle/promise.js';

/** A file after an operation. Shared with the operations before that left it the same. */
export interface FileState {
  /** Bytes. */
  readonly size: number;
  /** What read(2) gives, up to the size. */
  readonly content: Uint8Array;
  /** 1 for each page that has a block, up to the size: beyond it, file systems keep what they like. */
  readonly allocated: Uint8Array;
}

/** What of a file no power failure at this point can change. */
export interface SureFile {
  /** Every crash state has the size that the file has now. */
  readonly size: boolean;
  /** 1 for each byte of the content that every crash state shows as it is now. */
  readonly bytes: Uint8Array;
}

/** After a call that promises durability and returned success. */
export interface Guarantee {
  readonly promise: PromiseId;
  /** By file. */
  readonly files: readonly SureFile[];
  /** Why the file system could not be recovered; null if it could. */
  readonly unrecovered: string | null;
}

/** An operation that returned. */
export interface Step {
  /** Its number in the program. */
  readonly op: number;
  readonly result: number;
  /** By file. */
  readonly files: readonly FileState[];
  /** Null where nothing was promised. */
  readonly guarantee: Guarantee | null;
}

export interface Observation {
  readonly steps: readonly Step[];
  /** The kernel warned, crashed or came to a standstill. */
  readonly alarm: string | null;
  /** Why nothing can be said about the execution; null if something can. */
  readonly discarded: string | null;
}
