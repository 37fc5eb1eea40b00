/** A finding that every test can have at once: a race of the v8 patches, run along its schedule. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import type { Finding } from '../../src/finding/finding.js';
import type { Reproducer } from '../../src/finding/reproducer.js';
import { printReproducer, toReproducer } from '../../src/finding/reproducer.js';
import { record } from '../../src/minimize/record.js';
import { parseProgram } from '../../src/program/text.js';
import { parseSchedule } from '../../src/schedule/text.js';
import { lineOf } from './lines.js';

const PROGRAM = `file a pages 1 allocated 0
t0: f0 = open("a")
t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
t0: store(m0, 0x0, 1)
t0: msync(m0, pages 0..1, MS_SYNC)
t1: fsync(f0)
`;
const SCHEDULE = `start -> t0
t0 op 3 at dax_writeback_mapping_range:tagged #1 -> t1
t1 op 4 at dax_writeback_one:flushed #1 -> t0
t0 at task_end #0 -> t1
`;
const SIGNATURE = 'P5 towrite-taken';

export interface Example {
  readonly finding: Finding;
  readonly reproducer: Reproducer;
  readonly pointNames: readonly string[];
}

export function exampleFinding(): Example {
  const line = lineOf({ kernel: 'dax-v8' });
  const { pointNames } = line.target;
  const setup = { kernel: 'dax-v8', bugs: [], ...line.settings };
  const schedule = parseSchedule(SCHEDULE, pointNames);
  const recorded = record(line, setup, parseProgram(PROGRAM), schedule, SIGNATURE);
  assert.ok(recorded !== null, `the example breaks ${SIGNATURE}`);
  const { finding } = recorded;
  return { finding, reproducer: toReproducer(finding, pointNames), pointNames };
}

/** The example, or something else in its place, as a file. */
export function writeExample(file: string, changes: Readonly<Record<string, unknown>> = {}): void {
  const changed = { ...exampleFinding().reproducer, ...changes } as Reproducer;
  fs.writeFileSync(file, printReproducer(changed));
}
