/** The figures of the recall benchmark as text. */
import { table } from '../../src/cli/print.js';
import { plural, thousands } from '../../src/support/words.js';
import { MEDIAN_SECONDS_MAX, recallOf, SECONDS_MAX, summaryOf } from './recall-figures.js';
import type { Hunt, Mode } from './recall-hunt.js';
import { MODES } from './recall-hunt.js';

const whole = (value: number): string => thousands(Math.round(value));
const seconds = (value: number): string => value.toFixed(value < 10 ? 1 : 0);

export function recallText(
  hunts: readonly Hunt[],
  modes: readonly Mode[],
  ids: readonly string[],
): string {
  return modes
    .flatMap((mode) => [rowTable(hunts, mode, ids), summaryText(hunts, mode, ids)])
    .join('\n');
}

function rowTable(hunts: readonly Hunt[], mode: Mode, ids: readonly string[]): string {
  const rows = ids.flatMap((id) => {
    const recall = recallOf(hunts, mode, id);
    if (recall === null) return [];
    return [
      [
        id,
        `${recall.found}/${recall.hunts}`,
        whole(recall.executions.median),
        whole(recall.executions.worst),
        seconds(recall.seconds.median),
        seconds(recall.seconds.worst),
      ],
    ];
  });
  const head = ['bug', 'found', 'executions: median', 'worst', 'seconds: median', 'worst'];
  return `${mode}: ${MODES[mode].title}\n\n${table(head, rows)}`;
}

function summaryText(hunts: readonly Hunt[], mode: Mode, ids: readonly string[]): string {
  const summary = summaryOf(hunts, mode, ids);
  if (summary === null) return 'nothing was hunted\n';
  return [
    `${summary.foundByAll} of ${plural(summary.rows, 'row')} found by every seed, ${summary.withinGoal} of them ` +
      `within ${SECONDS_MAX} s each`,
    `median over the rows: ${seconds(summary.medianSeconds)} s (goal: ${MEDIAN_SECONDS_MAX} s), ` +
      `${whole(summary.medianExecutions)} executions`,
    `slowest: ${summary.slowest.join(', ')}`,
    '',
  ].join('\n');
}
