/**
 * `daxfuzz explain`: a reproducer for a human, from a fresh replay of it.
 */
import type { Finding } from '../finding/finding.js';
import { settingsOf } from '../finding/finding.js';
import { wantedIn } from '../finding/wanted.js';
import { record } from '../minimize/record.js';
import { printC } from '../report/c/program.js';
import { printHtml } from '../report/html.js';
import type { ReportOptions } from '../report/report.js';
import { printReport } from '../report/report.js';
import { printSvg } from '../report/svg.js';
import { UsageError } from '../support/assert.js';
import type { Trace } from '../trace/trace.js';
import { inFile, loadReproducer, withLine } from './load.js';
import { out } from './print.js';

type Print = (finding: Finding, trace: Trace, options: ReportOptions) => string;

/** The forms that a finding can be printed in. */
const PRINT = {
  text: printReport,
  svg: printSvg,
  html: printHtml,
  c: printC,
} as const satisfies Record<string, Print>;

export type ExplainFormat = keyof typeof PRINT;
export const EXPLAIN_FORMATS = Object.keys(PRINT) as ExplainFormat[];

export function explain(file: string, { format }: { readonly format: ExplainFormat }): number {
  const loaded = loadReproducer(file);
  const { setup, program, schedule, recordedOn } = loaded;
  const { signature } = loaded.reproducer;
  const wanted = wantedIn(loaded.reproducer, true);
  const [recorded, pointNames] = withLine(recordedOn, settingsOf(setup), (line) => [
    inFile(file, () => record(line, setup, program, schedule, wanted)),
    line.target.pointNames,
  ]);
  if (recorded === null) {
    throw new UsageError(
      `${file}: its execution does not break "${signature}"; if it was edited, take the original`,
    );
  }
  const print = PRINT[format];
  out(inFile(file, () => print(recorded.finding, recorded.trace, { pointNames, file })));
  return 0;
}
