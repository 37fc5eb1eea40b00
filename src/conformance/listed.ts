/**
 * Disagreements that are known and not mended, each with its reason and with what exactly it covers. What no
 * row covers is a failure of the comparison.
 */
import type { Program } from '../program/program.js';
import type { FilesystemName } from '../target/real.js';
import type { Disagreement } from './compare.js';
import type { Observation } from './observation.js';

/** What a row may look at. */
export interface Compared {
  readonly program: Program;
  readonly filesystem: FilesystemName;
  readonly model: Observation;
  readonly kernel: Observation;
}

export interface Listed {
  readonly id: string;
  /** Which of the two is right, and why they differ. */
  readonly reason: string;
  covers(disagreement: Disagreement, compared: Compared): boolean;
}

export const LISTED: readonly Listed[] = [];

/** The row that covers a disagreement; null if it is news. */
export function listedAs(disagreement: Disagreement, compared: Compared): Listed | null {
  return LISTED.find((row) => row.covers(disagreement, compared)) ?? null;
}
