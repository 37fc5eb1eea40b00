/**
 * A finding: a broken promise together with everything that is needed to see it again.
 *
 * Two findings are the same if their signature is: the promise that was broken and the mechanism by which,
 * both free of names, numbers and offsets, so that it stays the same while the program shrinks.
 */
import { invariantOf } from '../oracle/invariant-names.js';
import { MECHANISMS } from '../oracle/mechanism.js';
import { OF_TIMES } from '../oracle/mismatch.js';
import type { PromiseId, Violation } from '../oracle/promise.js';
import type { Program } from '../program/program.js';
import { FILE_NAMES } from '../program/program.js';
import type { Settings } from '../run.js';
import type { Schedule } from '../schedule/schedule.js';
import { hashText } from '../support/hash.js';

/** What a run needs besides program and schedule; the same strings as on the command line. */
export interface FindingSetup extends Settings {
  readonly kernel: string;
  readonly bugs: readonly string[];
  /** Of a kernel that is a module: how it calls itself, and the SHA-256 of its text in hexadecimal. */
  readonly module?: { readonly name: string; readonly sha256: string };
}

/** The part of it that is not the kernel. */
export function settingsOf({ fs, domain, persistency, invariants, real }: Settings): Settings {
  return {
    fs,
    domain,
    persistency,
    ...(invariants === undefined ? {} : { invariants }),
    ...(real === undefined ? {} : { real }),
  };
}

/** How often a reproducer failed when it was run again and again. */
export interface HitRate {
  readonly runs: number;
  readonly failures: number;
}

export interface Finding {
  readonly setup: FindingSetup;
  readonly program: Program;
  readonly schedule: Schedule;
  readonly violation: Violation;
  /** Hash of the whole trace, which a replay must give again. */
  readonly traceHash: string;
  /** Of targets that do not repeat. */
  readonly hits?: HitRate;
}

export function signatureOf(violation: Pick<Violation, 'promise' | 'mechanism'>): string {
  return `${violation.promise} ${violation.mechanism}`;
}

const PROMISE_VERB: Record<PromiseId, string> = {
  P0: 'the kernel fails',
  P1: 'a read shows wrong bytes',
  P2: 'a write with O_DSYNC returned too early',
  P3: 'fsync returned 0 too early',
  P4: 'fdatasync returned 0 too early',
  P5: 'msync returned 0 too early',
  P6: 'sync returned too early',
  P8: 'a user flush was not enough',
  P10: 'mtime or ctime is older than a store',
  P12: 'a freeze does not hold',
  P9: 'a file shows foreign or stale bytes',
  P13: 'a pinned block was given away',
  P14: 'a device that was removed is still there for somebody',
  P15: 'a media error goes unnoticed',
};

/** One sentence, the same for all findings with this signature. */
export function titleOf(violation: Pick<Violation, 'promise' | 'mechanism'>): string {
  const { promise, mechanism } = violation;
  const isInvariant = invariantOf(mechanism) !== null;
  const verb = isInvariant ? 'an invariant does not hold' : PROMISE_VERB[promise];
  return `${verb}: ${MECHANISMS[mechanism].text}`;
}

/** Catalogue rows with the same mechanism: what the finding looks like, not what it is. */
export function catalogueRows(violation: Pick<Violation, 'mechanism'>): readonly string[] {
  return MECHANISMS[violation.mechanism].rows;
}

/** A short name for files: readable, and different for different reproducers. */
export function findingId(
  signature: string,
  setup: FindingSetup,
  program: string,
  schedule: string,
): string {
  const { kernel, bugs, fs, domain, persistency, module } = setup;
  const content = JSON.stringify([
    signature,
    kernel,
    bugs,
    fs,
    domain,
    persistency,
    program,
    schedule,
    ...(module === undefined ? [] : [module.sha256]),
  ]);
  return `${signature.toLowerCase().replace(' ', '-')}-${hashText(content).slice(0, 8)}`;
}

/** Where the wrong byte is, in words: `a+0x40` or `size of a`. */
export function placeOf(violation: Violation): string {
  const name = FILE_NAMES[violation.ino] ?? '?';
  if (violation.offset === OF_TIMES) return `times of ${name}`;
  return violation.offset < 0 ? `size of ${name}` : `${name}+0x${violation.offset.toString(16)}`;
}
