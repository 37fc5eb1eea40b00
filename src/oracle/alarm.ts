/**
 * P0 for the running kernel: software under test that warns, crashes or stands still is wrong, whatever its
 * trace says.
 */
import type { Execution } from '../target/target.js';
import type { Mechanism } from './mechanism.js';
import type { JudgeOptions, Verdict } from './state.js';
import { symptomOf } from './symptom.js';

const MECHANISMS: Record<'warned' | 'crashed' | 'hung', Mechanism> = {
  warned: 'kernel-warned',
  crashed: 'kernel-crashed',
  hung: 'kernel-hung',
};
/** Of the text, more does not go into a report. */
const DETAIL_MAX = 300;

export function noteAlarm(
  verdict: Verdict,
  { alarm, trace }: Execution,
  { isKnown }: Pick<JudgeOptions, 'isKnown'>,
): void {
  if (alarm === null) return;
  const mechanism = MECHANISMS[alarm.kind];
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
