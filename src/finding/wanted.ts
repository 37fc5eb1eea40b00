/** A failure that is looked for again: which one it is, and the crash that showed it. */
import type { CrashPlan } from '../crash/plan.js';
import type { Mechanism } from '../oracle/mechanism.js';
import type { PromiseId, Violation } from '../oracle/promise.js';
import { symptomOf } from '../oracle/symptom.js';
import type { Line } from '../run.js';
import type { RealSettings } from '../target/real.js';
import { signatureOf } from './finding.js';
import type { Reproducer } from './reproducer.js';

export interface Wanted {
  readonly signature: string;
  /** Other signatures of the same failure; none unless its cause is known. */
  readonly kin: readonly string[];
  /** What the kernel said; null where that does not matter: another kernel may say it in another way. */
  readonly symptom: string | null;
  /** To be tried first; empty for failures that need no power failure. */
  readonly plans: readonly CrashPlan[];
}

/** How a store is lost whose write-backs count as not done: the user's, or that of a call. */
const LOST: readonly Mechanism[] = ['store-lost', 'kernel-write-not-fenced'];

/** Where write-backs are left out on purpose, that is why a store is lost, whoever made it. */
function kinOf(promise: PromiseId, mechanism: Mechanism, real: RealSettings | undefined): string[] {
  if ((real?.ignoreFlush ?? null) === null || !LOST.includes(mechanism)) return [];
  return LOST.map((lost) => signatureOf({ promise, mechanism: lost }));
}

/** A signature alone stands for all failures that have it. */
export const wantedBy = (failure: Wanted | string): Wanted =>
  typeof failure === 'string' ? { signature: failure, kin: [], symptom: null, plans: [] } : failure;

/** On a target whose signatures tell causes, nothing else does. */
export function wantedOf(violation: Violation, { target, settings }: Line): Wanted {
  return {
    signature: signatureOf(violation),
    kin: kinOf(violation.promise, violation.mechanism, settings.real),
    symptom: target.pace.tellsCauses ? null : symptomOf(violation),
    plans: violation.plan === null ? [] : [violation.plan],
  };
}

/** What a file says that was seen; a real kernel has to say the same again if it is the same one. */
export function wantedIn(reproducer: Reproducer, isSameKernel: boolean): Wanted {
  const { signature, promise, mechanism, violation, real } = reproducer;
  const { crash, detail } = violation;
  const isTold = real !== undefined && isSameKernel;
  return {
    signature,
    kin: kinOf(promise as PromiseId, mechanism as Mechanism, real),
    symptom: isTold ? symptomOf({ promise: promise as PromiseId, detail }) : null,
    plans: crash === null ? [] : [{ cut: crash.cut, version: crash.version, short: crash.lost }],
  };
}

export function isWanted(wanted: Wanted, violation: Violation): boolean {
  return isWantedBy(wanted, signatureOf(violation), symptomOf(violation));
}

export function isWantedBy(wanted: Wanted, signature: string, symptom: string): boolean {
  if (wanted.symptom !== null && wanted.symptom !== symptom) return false;
  return signature === wanted.signature || wanted.kin.includes(signature);
}
