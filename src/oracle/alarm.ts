/**
 * P0 for the running kernel: software under test that warns, crashes or stands still is wrong, whatever its
 * trace says.
 */
import type { Alarm, Execution } from '../target/target.js';
import { INVARIANT_MECHANISMS } from './invariant-names.js';
import type { Mechanism } from './mechanism.js';
import type { JudgeOptions, Verdict } from './state.js';
import { symptomOf } from './symptom.js';

const MECHANISMS: Record<'warned' | 'crashed' | 'hung', Mechanism> = {
  warned: 'kernel-warned',
  crashed: 'kernel-crashed',
  hung: 'kernel-hung',
};
/** Warnings that are known by the function that gives them, which begins their text. */
const WARNINGS: ReadonlyMap<string, Mechanism> = new Map([
  ['dax_disassociate_entry', 'truncated-while-referenced'],
  ['xfs_vm_set_page_dirty', 'dirtied-as-page-cache'],
  ['set_page_dirty', 'dirtied-untold'],
  ['dax_set_page_dirty', 'dirtied-while-clean'],
  ['dax_prepare_freeze', 'walked-from-freed-inode'],
  ['free_pgtables', 'unmapping-passed-over'],
]);
/** Of the text, more does not go into a report. */
const DETAIL_MAX = 300;

export function noteAlarm(
  verdict: Verdict,
  { alarm, trace }: Execution,
  { isKnown }: Pick<JudgeOptions, 'isKnown'>,
): void {
  if (alarm === null) return;
  const mechanism = mechanismOf(alarm);
  const detail = alarm.text.replaceAll(/[^ -~]+/g, ' ').slice(0, DETAIL_MAX);
  if (isKnown('P0', mechanism, symptomOf({ promise: 'P0', detail }))) {
    verdict.repeats++;
    return;
  }
  verdict.violations.push({
    promise: 'P0',
    mechanism,
    op: -1,
    event: Math.max(0, trace.length - 1),
    ino: -1,
    offset: -1,
    store: -1,
    detail,
    plan: null,
  });
}

function mechanismOf({ kind, text }: Alarm): Mechanism {
  const known = kind === 'warned' ? WARNINGS.get(text.split(':', 1)[0] ?? '') : undefined;
  return known ?? MECHANISMS[kind];
}

/** Invariants that did not hold, each a finding of its own: after the promises, which they do not replace. */
export function noteBroken(
  verdict: Verdict,
  { broken }: Execution,
  { isKnown }: Pick<JudgeOptions, 'isKnown'>,
): void {
  for (const { invariant, op, event, ino, offset, found } of [...verdict.broken, ...broken]) {
    const mechanism = INVARIANT_MECHANISMS[invariant];
    if (isKnown('P0', mechanism, symptomOf({ promise: 'P0', detail: found }))) {
      verdict.repeats++;
      continue;
    }
    const where = { op, event, ino, offset, store: -1 };
    verdict.violations.push({ promise: 'P0', mechanism, ...where, detail: found, plan: null });
  }
}
