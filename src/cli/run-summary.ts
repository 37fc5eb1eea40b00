/** What a campaign says at its end, as text. */
import type { CampaignSummary } from '../campaign/summary.js';
import { MARKS } from '../kernel/marks.js';
import { PROMISES } from '../oracle/promise.js';
import { plural, thousands } from '../support/words.js';
import { coveredText } from './exhaustive.js';
import { table } from './print.js';

/** Promises of which a real trace says nothing. */
const NOT_OF_REAL: readonly string[] = ['P1', 'P10', 'P13', 'P14', 'P15'];

function judgedPromises({ real }: CampaignSummary): string[] {
  const left = real === null ? [] : NOT_OF_REAL;
  return Object.keys(PROMISES).filter((id) => !left.includes(id));
}

/** How much of what recovery does was looked at. */
function sampledText(summary: CampaignSummary): string {
  if (summary.real === null) {
    const again =
      summary.recoveries === 0
        ? 'power did not fail again during recovery'
        : 'a second power cut, during recovery, was sampled: ' +
          `${plural(summary.recoveryCuts, 'cut')} in ${plural(summary.recoveries, 'mount')}`;
    return `no survivor was sampled; ${again}`;
  }
  return (
    `what recovery does was sampled: ${plural(summary.crashImages, 'crash image')}, ` +
    `${thousands(summary.crashImagesMounted)} of them new and mounted; ` +
    `${plural(summary.executionsDiscarded, 'execution')} discarded for a trace that differs from memory` +
    (summary.programsSkipped === 0
      ? ''
      : `\n${plural(summary.programsSkipped, 'program')} not run, for they do what is known to stop this kernel`)
  );
}

/** What a real kernel came to apart from its findings, of which each is run ten times again and more. */
function searchText(summary: CampaignSummary): string {
  const { workers, elapsedMs, findingsMs, executions, crashImages } = summary;
  const searching = Math.max(1, workers * elapsedMs - findingsMs) / workers / 1000;
  const rate = (count: number): string => (count / searching).toFixed(1);
  return (
    `${(findingsMs / 1000).toFixed(1)} s went to findings; the search had ${rate(executions)} programs/s ` +
    `and ${rate(crashImages)} crash images/s`
  );
}

/** Which of the model's rare branches were tested at all. */
function marksText({ marks }: CampaignSummary, namesThem: boolean): string {
  const left = marks.filter(({ executions }) => executions === 0);
  const taken = `${marks.length - left.length} of ${plural(marks.length, 'rare branch')} of the model taken`;
  if (left.length === 0) return taken;
  if (!namesThem) return `${taken} (--marks names the others)`;
  const textOf = (name: string): string => MARKS.find((mark) => mark.name === name)?.text ?? '';
  return `${taken}, but not:\n${left.map(({ name }) => `  ${name}: ${textOf(name)}`).join('\n')}`;
}

/** With the names of marks that were never taken if `namesMarks`. */
export function summaryText(summary: CampaignSummary, namesMarks: boolean): string {
  const seconds = (summary.elapsedMs / 1000).toFixed(1);
  const lines = [
    '',
    `${plural(summary.executions, 'execution')} in ${seconds} s (${thousands(summary.executionsPerSecond)}/s), ` +
      `${plural(summary.operations, 'operation')}, ${plural(summary.events, 'event')}`,
    `${thousands(summary.crashPoints)} power cuts decided with every survivor set; the largest cut had ` +
      `2^${summary.crashStatesLog2Max} crash states`,
    sampledText(summary),
    ...(summary.real === null ? [] : [searchText(summary)]),
    `${thousands(summary.promisesDecided)} promises of ${judgedPromises(summary).join(', ')} decided` +
      (summary.exhaustive === null
        ? `; coverage ${thousands(summary.coverage)}, corpus ${thousands(summary.corpus)}`
        : ''),
    'not judged: calls under way in ' +
      `${plural(summary.stuckExecutions, 'execution')} that ended with a thread waiting for ever`,
  ];
  if (summary.marks.length > 0) lines.push(marksText(summary, namesMarks));
  if (summary.workersLost > 0)
    lines.push(`${plural(summary.workersLost, 'worker')} died and had to be replaced`);
  if (summary.exhaustive !== null) lines.push(coveredText(summary.exhaustive));
  lines.push('');
  if (summary.findings.length === 0) return `${lines.join('\n')}no finding\n`;
  const rows = summary.findings.map((finding) => [
    finding.signature,
    finding.catalogue.join(', '),
    String(finding.ops),
    String(finding.threads),
    String(finding.contextSwitches),
    thousands(finding.executionsToFind),
    finding.file,
  ]);
  const head = [
    'signature',
    'looks like',
    'ops',
    'threads',
    'switches',
    'executions',
    'reproducer',
  ];
  return `${lines.join('\n')}${plural(summary.findings.length, 'finding')}:\n\n${table(head, rows)}\nnpx daxfuzz explain FILE shows one\n`;
}
