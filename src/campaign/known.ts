/**
 * Failures that have been filed. A trace of the model says by which mechanism a promise was broken, so one
 * finding stands for its signature. A real kernel's does not: under one signature there may be many bugs, and
 * a failure counts as known only if its program does, in that order, what a smallest one filed before does.
 */
import { signatureOf } from '../finding/finding.js';
import type { Op, OpCode } from '../program/op.js';
import { specOf, usesOrigin } from '../program/op.js';
import type { Program } from '../program/program.js';

/** A kind of operation: its code and flags. */
export type Kind = readonly [code: OpCode, flags: number];

export interface KnownFailure {
  readonly signature: string;
  /** What the kernel said (oracle/symptom.ts): with another word it is another failure. */
  readonly symptom: string;
  /** What the smallest program does; empty if it stands for all. */
  readonly kinds: readonly Kind[];
}

/** Findings with one signature, from which on it is known for all programs: nobody reads that many. */
export const FINDINGS_MAX = 20;

/** The same where they are filed as they came: whole programs hardly ever do what another one did. */
export const UNMINIMIZED_MAX = 3;

/** After these a real kernel has to be booted anew. */
const STOPPING = (['kernel-hung', 'kernel-crashed'] as const).map((mechanism) =>
  signatureOf({ promise: 'P0', mechanism }),
);

const opsOf = (program: Program): readonly Op[] => program.threads.flat();

/** What a power failure does to a block that is written hardly depends on the program. */
const OF_ALL_PROGRAMS = signatureOf({ promise: 'P0', mechanism: 'torn-block' });

export function knownFailure(
  signature: string,
  symptom: string,
  smallest: Program,
  forAll: boolean,
): KnownFailure {
  const kinds = opsOf(smallest).map(({ code, flags }): Kind => [code, flags]);
  return { signature, symptom, kinds: forAll || signature === OF_ALL_PROGRAMS ? [] : kinds };
}

export class KnownFailures {
  private readonly bySignature = new Map<string, KnownFailure[]>();

  /** `max` findings with one signature, and there are enough of it. */
  constructor(private readonly max = FINDINGS_MAX) {}

  /** False if it was there already. */
  add(failure: KnownFailure): boolean {
    const others = this.bySignature.get(failure.signature) ?? [];
    if (others.some((other) => isSame(other, failure))) return false;
    this.bySignature.set(failure.signature, [...others, failure]);
    return true;
  }

  get all(): readonly KnownFailure[] {
    return [...this.bySignature.values()].flat();
  }

  /**
   * Does the program do what has stopped a kernel before? Each such run costs the time of many others. Never
   * where a finding stands for its signature: nothing would be left to run.
   */
  stops(program: Program): boolean {
    return STOPPING.some((signature) => {
      const failures = this.bySignature.get(signature) ?? [];
      return failures.some(({ kinds }) => kinds.length > 0 && does(program, kinds));
    });
  }

  covers(signature: string, symptom: string, program: Program): boolean {
    const failures = this.bySignature.get(signature);
    if (failures === undefined) return false;
    if (failures.length >= this.max) return true;
    return failures.some((known) => known.symptom === symptom && does(program, known.kinds));
  }
}

function isSame(a: KnownFailure, b: KnownFailure): boolean {
  return a.symptom === b.symptom && JSON.stringify(a.kinds) === JSON.stringify(b.kinds);
}

/** Does the program do all of these, one after the other, whatever it does between them? */
function does(program: Program, kinds: readonly Kind[]): boolean {
  if (kinds.length === 0) return true;
  let done = 0;
  for (const op of opsOf(program)) {
    if (isKind(op, kinds[done] as Kind)) done++;
    if (done === kinds.length) return true;
  }
  return false;
}

/** Flags are the mode of a call, a page, or bits of which more may be set. */
function isKind({ code, flags }: Op, [kind, wanted]: Kind): boolean {
  if (code !== kind) return false;
  const spec = specOf(code);
  if (spec.modes.length > 0) return flags === wanted;
  return usesOrigin(spec) || (flags & wanted) === wanted;
}
