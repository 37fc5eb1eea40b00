/** A failure that is looked for again: which one it is, and the crash that showed it. */
import type { CrashPlan } from '../crash/plan.js';
import type { PromiseId, Violation } from '../oracle/promise.js';
import { symptomOf } from '../oracle/symptom.js';
import { signatureOf } from './finding.js';
import type { Reproducer } from './reproducer.js';

export interface Wanted {
  readonly signature: string;
  /** What the kernel said; null where that does not matter: another kernel may say it in another way. */
  readonly symptom: string | null;
  /** To be tried first; empty for failures that need no power failure. */
  readonly plans: readonly CrashPlan[];
}

/** A signature alone stands for all failures that have it. */
export const wantedBy = (failure: Wanted | string): Wanted =>
  typeof failure === 'string' ? { signature: failure, symptom: null, plans: [] } : failure;

/** On a target whose signatures tell causes, nothing else does. */
export function wantedOf(violation: Violation, tellsCauses: boolean): Wanted {
  return {
    signature: signatureOf(violation),
    symptom: tellsCauses ? null : symptomOf(violation),
    plans: violation.plan === null ? [] : [violation.plan],
  };
}

/** What a file says that was seen; a real kernel has to say the same again if it is the same one. */
export function wantedIn(reproducer: Reproducer, isSameKernel: boolean): Wanted {
  const { signature, promise, violation, real } = reproducer;
  const { crash, detail } = violation;
  const isTold = real !== undefined && isSameKernel;
  return {
    signature,
    symptom: isTold ? symptomOf({ promise: promise as PromiseId, detail }) : null,
    plans: crash === null ? [] : [{ cut: crash.cut, version: crash.version, short: crash.lost }],
  };
}

export function isWanted({ signature, symptom }: Wanted, violation: Violation): boolean {
  return (
    signatureOf(violation) === signature && (symptom === null || symptomOf(violation) === symptom)
  );
}
