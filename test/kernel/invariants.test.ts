/** Invariants of the running kernel: what breaks them, that mainline does not, and what they notice. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { signatureOf } from '../../src/finding/finding.js';
import type { Reproducer } from '../../src/finding/reproducer.js';
import { programOf, scheduleOf, setupOf } from '../../src/finding/reproducer.js';
import { readReproducer } from '../../src/finding/store.js';
import { BUGS } from '../../src/kernel/bugs.js';
import { INVARIANT_MECHANISMS } from '../../src/oracle/invariant-names.js';
import type { Outcome } from '../../src/run.js';
import { runOnce } from '../../src/run.js';
import { ReplayScheduler } from '../../src/schedule/replay.js';
import type { BrokenInvariant, Invariant } from '../../src/target/target.js';
import { lineOf } from '../helpers/lines.js';
import { ROOT } from '../helpers/temporary.js';

const README = path.join(ROOT, 'src', 'kernel', 'invariants', 'README.md');
const NOTICED = /(<!-- noticed -->\n)[^]*(<!-- end -->\n)/;

const keptReproducer = (id: string): Reproducer =>
  readReproducer(path.join(ROOT, 'crashes', 'catalogue', `${id}.json`));

function replayed(
  reproducer: Reproducer,
  invariants: boolean,
  bugs: readonly string[] = reproducer.bugs,
): Outcome {
  const settings = { ...setupOf(reproducer), invariants };
  const line = lineOf({ kernel: reproducer.kernel, bugs, settings });
  const { pointNames } = line.target;
  const schedule = scheduleOf(reproducer, pointNames);
  const mode = bugs === reproducer.bugs ? 'strict' : 'lenient';
  const scheduler = new ReplayScheduler(schedule, pointNames, mode);
  return runOnce(line, programOf(reproducer), scheduler);
}

const brokenIn = ({ execution, verdict }: Outcome): BrokenInvariant[] =>
  [...verdict.broken, ...execution.broken].sort((a, b) => a.event - b.event);

/** A kernel that breaks each invariant, with what is found. */
const BREAKERS: Record<Invariant, readonly [bug: string, found: string][]> = {
  I1: [
    ['A3', 'is writable and its entry is clean'],
    ['A1', 'is writable and has no entry'],
  ],
  I2: [
    ['B25', 'is mapped to the zero page although it has a block'],
    ['B55', 'is mapped to a block that the file does not have there'],
  ],
  I4: [['L02', 'has a DIRTY entry, and its inode is on no dirty list']],
  I5: [
    ['A20', 'is writable when the freeze returns'],
    ['B15', 'became writable while frozen'],
  ],
  I6: [
    ['A9', 'block 0 is free and pinned'],
    ['B30', 'has an entry for a free block'],
  ],
  I7: [
    ['B53', 'is waited for although its entry is not locked'],
    ['B54b', 'is waited for although its entry is not locked'],
  ],
  I8: [['B36', 'became writable with MAP_SYNC before its block was on media']],
  I10: [['B43', 'has lost the private copy of a mapping']],
};

describe('an invariant', () => {
  for (const [invariant, breakers] of Object.entries(BREAKERS)) {
    for (const [bug, found] of breakers) {
      test(`${invariant} does not hold with ${bug}, and does on mainline`, () => {
        const reproducer = keptReproducer(bug);
        const broken = brokenIn(replayed(reproducer, true));
        const own = broken.find((one) => one.invariant === invariant);
        assert.equal(own?.found, found);
        assert.deepEqual(brokenIn(replayed(reproducer, true, [])), []);
      });
    }
  }

  test('is reported after the promises that it did not hide', () => {
    const reproducer = keptReproducer('A3');
    const promises = replayed(reproducer, false).verdict.violations.map(signatureOf);
    assert.ok(promises.includes(reproducer.signature));
    const { verdict } = replayed(reproducer, true);
    assert.deepEqual(verdict.violations.map(signatureOf), [
      ...promises,
      `P0 ${INVARIANT_MECHANISMS.I1}`,
    ]);
  });

  test('is not looked at unless asked for', () => {
    const reproducer = keptReproducer('A3');
    const outcome = replayed(reproducer, false);
    const found = outcome.verdict.violations.map(signatureOf);
    assert.ok(!found.includes(`P0 ${INVARIANT_MECHANISMS.I1}`));
    assert.deepEqual(brokenIn(outcome), []);
  });

  test('leaves the trace as it is', () => {
    const reproducer = keptReproducer('A3');
    assert.equal(replayed(reproducer, true).execution.trace.hash(), reproducer.traceHash);
  });
});

function noticedTable(): string {
  const rows = BUGS.map(({ id }) => {
    const reproducer = keptReproducer(id);
    const broken = brokenIn(replayed(reproducer, true));
    return [id, broken.map(({ invariant }) => invariant).join(', '), reproducer.signature];
  });
  const noticed = rows.filter(([, invariants]) => invariants !== '');
  return tableOf(['row', 'invariants', 'promise'], noticed);
}

/** As the formatter of the repository would have it. */
function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |\n`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('');
}

test('the readme of the invariants says what they notice of the catalogue', () => {
  const text = fs.readFileSync(README, 'utf8');
  const table = `\n${noticedTable()}\n`;
  const updated = text.replace(
    NOTICED,
    (_, start, end) => `${start as string}${table}${end as string}`,
  );
  if (process.env['DAXFUZZ_UPDATE'] === '1') fs.writeFileSync(README, updated);
  else assert.equal(text, updated);
});
