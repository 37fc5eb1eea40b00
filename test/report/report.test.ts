/** Reports of hand-made findings against golden files, which are meant to be read by kernel developers. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { Finding, FindingSetup } from '../../src/finding/finding.js';
import { printReproducer, toReproducer } from '../../src/finding/reproducer.js';
import { POINT_NAMES } from '../../src/kernel/points.js';
import { record } from '../../src/minimize/record.js';
import { parseProgram } from '../../src/program/text.js';
import { printReport } from '../../src/report/report.js';
import { parseSchedule } from '../../src/schedule/text.js';
import { assert as check } from '../../src/support/assert.js';
import { VERSION } from '../../src/support/version.js';
import { daxfuzz } from '../helpers/cli.js';
import { assertGolden } from '../helpers/golden.js';
import { lineOf } from '../helpers/lines.js';
import { inTemporaryDirectory } from '../helpers/temporary.js';

interface Example {
  readonly golden: string;
  readonly what: string;
  readonly bug: string;
  readonly signature: string;
  readonly program: string;
  readonly schedule: string;
}

const FILE = 'crashes/example/finding.json';

const EXAMPLES: readonly Example[] = [
  {
    golden: 'report-one-thread.txt',
    what: 'one thread whose huge page fault drops the tags of a small page (A1)',
    bug: 'A1',
    signature: 'P3 tags-lost-on-replacement',
    program: `file a pages 4 allocated 4
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
      t0: m1 = mmap(f0, pages 0..4, MAP_SHARED)
      t0: store(m0, 0x1040, 8)
      t0: load(m1, 0x3000, 8)
      t0: fsync(f0)`,
    schedule: 'start -> t0\n',
  },
  {
    golden: 'report-two-fsyncs.txt',
    what: 'two threads that fsync the same page at the same time (A2)',
    bug: 'A2',
    signature: 'P3 towrite-taken',
    program: `file a pages 1 allocated 1
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: spawn
      t0: store(m0, 0x40, 8)
      t0: fsync(f0)
      t1: fsync(f0)`,
    schedule: `start -> t0
t0 op 3 at dax_writeback_one:flushed #1 -> t1
t1 at task_end #0 -> t0
`,
  },
  {
    golden: 'report-store-against-fsync.txt',
    what: 'a store that is made writable while another thread cleans its page (A4)',
    bug: 'A4',
    signature: 'P3 writable-while-cleaned',
    program: `file a pages 1 allocated 1
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: load(m0, 0x40, 8)
      t0: spawn
      t0: store(m0, 0x40, 8)
      t0: fsync(f0)
      t1: fsync(f0)`,
    schedule: `start -> t0
t0 op 3 at wp_pfn_shared:pfn_mkwrite_done #1 -> t1
t1 at task_end #0 -> t0
`,
  },
  {
    golden: 'report-pinned-block.txt',
    what: 'a pinned block that is given to another file, without any power failure (A9)',
    bug: 'A9',
    signature: 'P13 block-reused-while-pinned',
    program: `geometry page 4096 pmd 4 file-pages 8 blocks 1
      file a pages 1 allocated 1
      file b pages 0 allocated 0
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: p0 = pin(m0, pages 0..1, WRITE)
      t0: ftruncate(f0, 0x0)
      t0: sync()
      t0: pwrite(f1, 0x0, 8)`,
    schedule: 'start -> t0\n',
  },
];

function recorded(example: Example): { finding: Finding; report: string } {
  const setup: FindingSetup = {
    kernel: 'mainline',
    bugs: [example.bug],
    fs: 'ext4',
    domain: 'adr',
    persistency: 'line',
  };
  const program = parseProgram(example.program);
  const schedule = parseSchedule(example.schedule, POINT_NAMES);
  const found = record(
    lineOf({ bugs: [example.bug] }),
    setup,
    program,
    schedule,
    example.signature,
  );
  check(found !== null, `${example.golden}: the execution does not fail with ${example.signature}`);
  const options = { pointNames: POINT_NAMES, file: FILE };
  return { finding: found.finding, report: printReport(found.finding, found.trace, options) };
}

describe('the report', () => {
  for (const example of EXAMPLES) {
    test(`of ${example.what} reads as its golden file`, () => {
      const { report } = recorded(example);
      assertGolden(example.golden, report.replace(`   ${VERSION}\n`, '   VERSION\n'));
    });
  }

  for (const example of EXAMPLES) {
    test(`of ${example.bug} holds what is needed to see it again, in plain text of mail width`, () => {
      const { finding, report } = recorded(example);
      const section = (title: string): string => {
        const found = new RegExp(`^${title}:\\n\\n((?: {4}.*\\n)*)`, 'm').exec(report);
        return (found?.[1] ?? '').replace(/^ {4}/gm, '');
      };
      assert.deepEqual(parseProgram(section('Program')), finding.program);
      assert.deepEqual(parseSchedule(section('Schedule'), POINT_NAMES), finding.schedule);
      assert.ok(report.includes(finding.traceHash));
      assert.ok(report.endsWith(`Replay: npx daxfuzz replay ${FILE}\n`));
      assert.match(report, /^[\n\x20-\x7e]*$/, 'printable ASCII');
      assert.doesNotMatch(report, /[ ]$/m, 'no space at the end of a line');
      const [drawing] = report.slice(report.indexOf('\nthread 0')).split('####');
      for (const line of (drawing ?? '').split('\n')) assert.ok(line.length <= 96, line);
    });
  }

  test('draws the operations of each thread in its own column, in the order of the trace', () => {
    const example = EXAMPLES.find(({ bug }) => bug === 'A2');
    check(example !== undefined, 'A2 is among the examples');
    const lines = recorded(example).report.split('\n');
    const title = lines.find((line) => line.startsWith('thread 0')) ?? '';
    const column = title.indexOf('thread 1');
    assert.ok(column > 0, title);
    const row = (pattern: RegExp): number => lines.findIndex((line) => pattern.test(line));
    const first = row(/^3: fsync\(f0\) \{$/);
    const second = row(/^ +4: fsync\(f0\) \{$/);
    const cut = row(/POWER FAILS/);
    assert.equal(lines[second]?.indexOf('4:'), column);
    assert.ok(first > 0 && first < second && second < cut, `${first} ${second} ${cut}`);
    assert.ok(!lines.slice(first + 1, cut).some((line) => line.startsWith('} = ')));
  });

  test('says where words persist one by one, and names the word that was lost', () => {
    const [example] = EXAMPLES;
    check(example !== undefined, 'there are examples');
    const { finding } = recorded(example);
    const { program, schedule, setup } = finding;
    const settings = { persistency: 'location' } as const;
    const line = lineOf({ bugs: [example.bug], settings });
    const found = record(line, { ...setup, ...settings }, program, schedule, example.signature);
    check(found !== null, 'it fails under either model');
    const options = { pointNames: POINT_NAMES, file: FILE };
    const report = printReport(found.finding, found.trace, options);
    assert.match(report, /ext4, ADR, location-ordered/);
    assert.match(report, /^ {2}word 0x/m);
  });
});

test('daxfuzz explain prints the report of a stored finding', async () => {
  const [example] = EXAMPLES;
  check(example !== undefined, 'there are examples');
  await inTemporaryDirectory((directory) => {
    const { finding, report } = recorded(example);
    const file = path.join(directory, FILE);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, printReproducer(toReproducer(finding, POINT_NAMES)));
    const result = daxfuzz(directory, 'explain', FILE);
    assert.equal(result.status, 0, result.stderr);
    assert.equal(result.stdout.trimEnd(), report.trimEnd());
  });
});
