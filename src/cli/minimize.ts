/**
 * `daxfuzz minimize`: the smallest reproducer with the same signature, recorded anew.
 */
import type { Reproducer } from '../finding/reproducer.js';
import { printReproducer, toReproducer } from '../finding/reproducer.js';
import { wantedIn } from '../finding/wanted.js';
import { minimized } from '../minimize/record.js';
import { sameFailure } from '../minimize/same-failure.js';
import type { Line } from '../run.js';
import { UsageError } from '../support/assert.js';
import { writeWhole } from '../support/files.js';
import { plural } from '../support/words.js';
import { settingsOf } from '../finding/finding.js';
import type { Loaded } from './load.js';
import { kernelText, loadReproducer, withLine } from './load.js';
import { checkOutput } from './places.js';
import { out } from './print.js';

export interface MinimizeFlags {
  readonly output: string;
}

export function minimizeFile(file: string, flags: MinimizeFlags): number {
  checkOutput('--output', flags.output);
  const loaded = loadReproducer(file);
  const settings = settingsOf(loaded.setup);
  const smaller = withLine(loaded.recordedOn, settings, (line) => smallest(loaded, line));
  writeWhole(flags.output, printReproducer(smaller), { durable: true });
  const before = loaded.reproducer;
  // With --ignore-flush, the same failure can have another name.
  const renamed = smaller.signature === before.signature ? '' : `${smaller.signature}: `;
  out(`${before.signature}: ${sizeOf(before)} -> ${renamed}${sizeOf(smaller)}: ${flags.output}`);
  return 0;
}

const sizeOf = ({ ops, threads, contextSwitches }: Reproducer): string =>
  [
    plural(ops, 'operation'),
    plural(threads, 'thread'),
    plural(contextSwitches, 'context switch'),
  ].join(', ');

function smallest(loaded: Loaded, line: Line): Reproducer {
  const { signature } = loaded.reproducer;
  const wanted = wantedIn(loaded.reproducer, true);
  const first = sameFailure(line, wanted)(loaded.program, loaded.schedule);
  if (first === null) {
    throw new UsageError(
      `${loaded.file}: does not fail with "${signature}" on ${kernelText(loaded.recordedOn)}, so there is nothing to minimise`,
    );
  }
  const { finding } = minimized(line, loaded.setup, first, wanted);
  return toReproducer(finding, line.target.pointNames);
}
