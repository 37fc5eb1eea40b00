/**
 * `daxfuzz explain`: a reproducer for a human, from a fresh replay of it.
 */
import { record } from '../minimize/record.js';
import { printReport } from '../report/report.js';
import { UsageError } from '../support/assert.js';
import { inFile, lineFor, loadReproducer, settingsOf } from './load.js';
import { out } from './print.js';

export function explain(file: string): number {
  const loaded = loadReproducer(file);
  const { setup, program, schedule, recordedOn } = loaded;
  const { signature } = loaded.reproducer;
  const line = lineFor(recordedOn, settingsOf(setup));
  const recorded = inFile(file, () => record(line, setup, program, schedule, signature));
  if (recorded === null) {
    throw new UsageError(
      `${file}: its execution does not break "${signature}"; if it was edited, take the original`,
    );
  }
  const { pointNames } = line.target;
  out(printReport(recorded.finding, recorded.trace, { pointNames, file }));
  return 0;
}
