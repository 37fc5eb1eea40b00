import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { Finding, FindingSetup } from '../../src/finding/finding.js';
import { signatureOf } from '../../src/finding/finding.js';
import { printReproducer, toReproducer } from '../../src/finding/reproducer.js';
import { POINT_NAMES } from '../../src/kernel/points.js';
import { allIds, draftOf, render, without } from '../../src/minimize/draft.js';
import type { Failure } from '../../src/minimize/minimize.js';
import { minimized, record } from '../../src/minimize/record.js';
import { sameFailure } from '../../src/minimize/same-failure.js';
import { opCount, threadCount } from '../../src/program/program.js';
import { parseProgram, printProgram } from '../../src/program/text.js';
import { contextSwitches } from '../../src/schedule/schedule.js';
import { parseSchedule, printSchedule } from '../../src/schedule/text.js';
import { assert as check } from '../../src/support/assert.js';
import { daxfuzz } from '../helpers/cli.js';
import { lineOf } from '../helpers/lines.js';
import { filesBelow, inTemporaryDirectory } from '../helpers/temporary.js';

interface Case {
  readonly bug: string;
  readonly signature: string;
  readonly program: string;
  readonly schedule?: string;
  /** Operations, threads and context switches of the smallest reproducer. */
  readonly smallest: readonly [number, number, number];
}

/** Busywork on another file and on other pages, which has nothing to do with any bug. */
const NOISE = `t0: f1 = open("b")
  t0: m2 = mmap(f1, pages 0..4, MAP_SHARED)
  t0: store(m2, 0x80, 200)
  t0: pwrite(f1, 0x1000, 300)
  t0: pread(f1, 0x0, 64)
  t0: load(m2, 0x1000, 8)
  t0: fadvise(f1, pages 2..3, DONTNEED)
  t0: munmap(m2, pages 3..4)
`;
const FILES = `file a pages 8 allocated 8
  file b pages 4 allocated 2
  t0: f0 = open("a")
`;

const CASES: readonly Case[] = [
  {
    bug: 'B01',
    signature: 'P3 never-tagged',
    program: `${FILES}${NOISE}
      t0: m0 = mmap(f0, pages 0..8, MAP_SHARED|UNALIGNED)
      t0: store(m0, 0x3fc0, 400)
      t0: load(m0, 0x40, 8)
      ${NOISE}
      t0: fsync(f0)
      t0: ftruncate(f0, 0x100)`,
    smallest: [4, 1, 0],
  },
  {
    bug: 'A1',
    signature: 'P3 tags-lost-on-replacement',
    program: `${FILES}
      t0: m0 = mmap(f0, pages 0..8, MAP_SHARED|UNALIGNED)
      t0: m1 = mmap(f0, pages 4..8, MAP_SHARED)
      ${NOISE}
      t0: store(m0, 0x4040, 100)
      t0: fdatasync(f1)
      t0: store(m0, 0x5040, 8)
      t0: load(m1, 0x3000, 8)
      t0: load(m1, 0x2000, 8)
      t0: fsync(f0)
      t0: sync()`,
    smallest: [6, 1, 0],
  },
  {
    bug: 'A2',
    signature: 'P3 towrite-taken',
    program: `${FILES}${NOISE}
      t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
      t0: store(m0, 0x2040, 8)
      t0: spawn
      t0: store(m0, 0x1040, 8)
      t0: fsync(f0)
      t0: load(m0, 0x1040, 8)
      t1: pread(f1, 0x0, 8)
      t1: load(m0, 0x2080, 8)
      t1: fsync(f0)
      t1: fsync(f1)`,
    schedule: `start -> t0
      t0 op 12 at dax_writeback_one:flushed #1 -> t1
      t1 op 17 at op_end #1 -> t0`,
    smallest: [5, 2, 2],
  },
  {
    bug: 'A4',
    signature: 'P3 writable-while-cleaned',
    program: `${FILES}${NOISE}
      t0: m0 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
      t0: load(m0, 0x1000, 64)
      t0: spawn
      t0: store(m0, 0x1040, 64)
      t0: fsync(f0)
      t0: sync()
      t1: load(m0, 0x2000, 8)
      t1: fsync(f0)
      t1: pwrite(f1, 0x0, 64)`,
    schedule: `start -> t0
      t0 op 11 at wp_pfn_shared:pfn_mkwrite_done #1 -> t1
      t1 op 15 at op_end #1 -> t0`,
    smallest: [6, 2, 2],
  },
];

const setupOf = (bug: string): FindingSetup => ({
  kernel: 'mainline',
  bugs: [bug],
  fs: 'ext4',
  domain: 'adr',
  persistency: 'line',
});

/** The large program as it failed; a test that starts from one that does not fail would show nothing. */
function failureOfCase({ bug, signature, program, schedule }: Case): Failure {
  const line = lineOf({ bugs: [bug] });
  const steps = parseSchedule(schedule ?? '', POINT_NAMES);
  const failure = sameFailure(line, signature)(parseProgram(program), steps);
  check(failure !== null, `${bug}: the large program does not fail with ${signature}`);
  return failure;
}

function smallest(bug: string, failure: Failure, signature: string): Finding {
  return minimized(lineOf({ bugs: [bug] }), setupOf(bug), failure, signature).finding;
}

const textOf = ({ program, schedule }: Pick<Finding, 'program' | 'schedule'>): string =>
  printProgram(program) + printSchedule(schedule, POINT_NAMES);

for (const example of CASES) {
  const { bug, signature } = example;
  const [ops, threads, switches] = example.smallest;
  const size = `${ops} operations, ${threads} threads, ${switches} context switches`;

  describe(`a large program that fails because of ${bug}`, () => {
    const failure = failureOfCase(example);
    const finding = smallest(bug, failure, signature);

    test(`shrinks to ${size}`, () => {
      assert.ok(opCount(failure.program) >= 2 * ops, 'it was large');
      assert.equal(opCount(finding.program), ops, textOf(finding));
      assert.equal(threadCount(finding.program), threads, textOf(finding));
      assert.equal(contextSwitches(finding.schedule), switches, textOf(finding));
    });

    test('keeps its signature, and replays to the recorded trace', () => {
      const { program, schedule, violation, setup, traceHash } = finding;
      assert.equal(signatureOf(violation), signature);
      const again = record(lineOf({ bugs: [bug] }), setup, program, schedule, signature);
      assert.equal(again?.finding.traceHash, traceHash);
      assert.deepEqual(again?.finding.violation, violation);
    });

    test('has no operation left that can go', () => {
      const stillFails = sameFailure(lineOf({ bugs: [bug] }), signature);
      const draft = draftOf(finding.program, finding.schedule);
      for (const id of allIds(draft)) {
        const fewer = render(without(draft, new Set([id])));
        assert.equal(stillFails(fewer.program, fewer.schedule), null, textOf(fewer));
      }
    });

    test('stays as large as it is once somebody waits for the end', () => {
      const hurriedAfter = (tries: number): Finding => {
        const line = lineOf({ bugs: [bug] });
        let asked = 0;
        const hurried = (): boolean => ++asked > tries;
        return minimized(line, setupOf(bug), failure, signature, null, hurried).finding;
      };
      const whole = hurriedAfter(0);
      assert.equal(printProgram(whole.program), printProgram(failure.program));
      assert.equal(signatureOf(whole.violation), signature);
      const between = opCount(hurriedAfter(40).program);
      assert.ok(between < opCount(failure.program) && between >= ops, `${between} operations`);
    });

    test('does not change when it is minimised again', () => {
      const again = sameFailure(lineOf({ bugs: [bug] }), signature);
      const start = again(finding.program, finding.schedule);
      check(start !== null, 'the smallest one fails');
      const twice = smallest(bug, start, signature);
      assert.equal(textOf(twice), textOf(finding));
      assert.equal(twice.traceHash, finding.traceHash);
    });
  });
}

describe('the smallest reproducer', () => {
  test('of B01 is the one that a person would write', () => {
    const [example] = CASES;
    check(example !== undefined, 'B01 comes first');
    const { program } = smallest('B01', failureOfCase(example), example.signature);
    assert.equal(
      printProgram(program),
      `geometry page 4096 pmd 4 file-pages 8 blocks 16
file a pages 1 allocated 1
t0: f0 = open("a")
t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
t0: store(m0, 0x0, 1)
t0: fsync(f0)
`,
    );
  });

  test('is the same whatever program it came from', () => {
    const program = `file a pages 8 allocated 4
      t0: f3 = open("a")
      t0: m2 = mmap(f3, pages 4..8, MAP_SHARED)
      t0: store(m2, 0x2100, 3)
      t0: sync()
      t0: fsync(f3)`;
    const signature = 'P3 never-tagged';
    const other: Case = { bug: 'B01', signature, program, smallest: [4, 1, 0] };
    const finding = smallest('B01', failureOfCase(other), signature);
    const [example] = CASES;
    check(example !== undefined, 'B01 comes first');
    assert.equal(textOf(finding), textOf(smallest('B01', failureOfCase(example), signature)));
  });
});

describe('daxfuzz minimize', () => {
  const [example] = CASES;
  check(example !== undefined, 'B01 comes first');
  const { signature } = example;

  /** The large program, stored as a campaign would that did not minimise. */
  function stored(directory: string, setup: FindingSetup): string {
    const { program, schedule } = failureOfCase(example as Case);
    const recorded = record(lineOf({ bugs: ['B01'] }), setup, program, schedule, signature);
    check(recorded !== null, 'the large program fails');
    const file = path.join(directory, 'large.json');
    const finding = { ...recorded.finding, setup };
    fs.writeFileSync(file, printReproducer(toReproducer(finding, POINT_NAMES)));
    return file;
  }

  test('writes the smallest reproducer, which replays', async () => {
    await inTemporaryDirectory((directory) => {
      const file = stored(directory, setupOf('B01'));
      const result = daxfuzz(directory, 'minimize', file, '-o', 'small.json');
      assert.equal(result.status, 0, result.stderr);
      assert.match(result.stdout, /^P3 never-tagged: 22 operations.* -> 4 operations/);
      const replay = daxfuzz(directory, 'replay', 'small.json');
      assert.equal(replay.status, 1, replay.stderr);
      assert.equal(daxfuzz(directory, 'minimize', 'small.json', '-o', 'smaller.json').status, 0);
      const [small, smaller] = ['small.json', 'smaller.json'].map((name) =>
        fs.readFileSync(path.join(directory, name), 'utf8'),
      );
      assert.equal(smaller, small);
    });
  });

  test('refuses a reproducer that does not fail, and writes nothing', async () => {
    await inTemporaryDirectory((directory) => {
      const file = stored(directory, { ...setupOf('B01'), bugs: [] });
      const result = daxfuzz(directory, 'minimize', file, '-o', 'small.json');
      assert.equal(result.status, 2, result.stdout);
      assert.match(result.stderr, /large\.json: does not fail with "P3 never-tagged" on mainline/);
      assert.deepEqual(filesBelow(directory), ['large.json']);
    });
  });
});
