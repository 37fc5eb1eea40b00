/** Files that are broken, or made to do harm, given to every verb that reads one. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { printReproducer } from '../../src/finding/reproducer.js';
import { daxfuzz } from '../helpers/cli.js';
import { refuses } from '../helpers/refused.js';
import { exampleFinding, writeExample } from '../helpers/reproducers.js';
import { filesBelow, inTemporaryDirectory } from '../helpers/temporary.js';

/** The verbs take turns: all of them read by the same function. */
const VERBS: readonly (readonly string[])[] = [
  ['replay', 'x.json'],
  ['minimize', 'x.json', '-o', 'out.json'],
  ['explain', 'x.json'],
  ['validate', 'x.json', '--before', 'dax-v8', '--after', 'mainline'],
];

const { reproducer } = exampleFinding();
const GOOD = printReproducer(reproducer);
const changed = (changes: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({ ...reproducer, ...changes });
const withGeometry = (text: string): string =>
  changed({ program: [`geometry ${text}`, ...reproducer.program.slice(1)] });
const withLine = (text: string): string => changed({ program: [...reproducer.program, text] });
const withStep = (at: number, text: string): string =>
  changed({ schedule: reproducer.schedule.map((step, index) => (index === at ? text : step)) });

const BROKEN: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ['that is empty', '', /x\.json: not JSON .*; the file may be truncated, take another copy/],
  ['cut in the middle', GOOD.slice(0, GOOD.length / 2), /not JSON/],
  ['full of zeros', Buffer.alloc(4096), /not JSON/],
  ['of bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x9b, 0x0a]), /not JSON/],
  ['that draws on the terminal', '\u001b[2J\u001b]0;title\u0007\u009b31m', /not JSON .*\\u001b/],
  [
    'of another format',
    changed({ format: 2 }),
    /x\.json: format 2 is not known .* use the version/,
  ],
  ['that is null', 'null', /must be object/],
  ['of lists in lists', '['.repeat(1e6) + ']'.repeat(1e6), /must be object/],
  ['of objects in objects', '{"a":'.repeat(1e5) + '1' + '}'.repeat(1e5), /must have required/],
  ['with a prototype', GOOD.replace('{', '{"__proto__":{"a":1},'), /properties \("__proto__"\)/],
  ['with a constructor', GOOD.replace('{', '{"constructor":{},'), /properties \("constructor"\)/],
  ['with a name that is a screen of escapes', changed({ ['\u001b[2J'.repeat(1e5)]: 1 }), /\\u001b/],
  ['with an escape sequence in it', changed({ kernel: '\u001b[31mdax-v8' }), /\/kernel must match/],
  ['with a line break in it', changed({ signature: 'P5 a\nb' }), /\/signature must match/],
  ['of an unknown kernel', changed({ kernel: 'mine' }), /x\.json: --kernel: unknown kernel "mine"/],
  ['of an unknown bug', changed({ bugs: ['B99'] }), /x\.json: --bug: unknown bug "B99"/],
  [
    'of too many lines',
    changed({ program: new Array(70_001).fill('') }),
    /\/program must NOT have/,
  ],
  [
    'of too many operations',
    changed({ program: new Array(65_536).fill('t0: sync()') }),
    /x\.json: program: at most 65535 operations/,
  ],
  ['of an unknown operation', withLine('t0: erase(f0)'), /x\.json: program line 8: expected an op/],
  ['of a thread too many', withLine('t4: sync()'), /program line 8: expected a thread below t4/],
  [
    'of an offset without end',
    withLine('t0: pread(f0, 0xffffffff, 8)'),
    /pread: offset 4294967295/,
  ],
  ['of a number too long', withLine(`t0: pread(f0, ${'9'.repeat(40)}, 8)`), /an offset in bytes/],
  ['of huge pages', withGeometry('page 268435456 pmd 4 file-pages 8 blocks 16'), /power of two/],
  ['of no pages', withGeometry('page 0 pmd 4 file-pages 8 blocks 16'), /page must be a power/],
  ['of odd pages', withGeometry('page 4095 pmd 4 file-pages 8 blocks 16'), /page must be a power/],
  ['of huge files', withGeometry('page 4096 pmd 4 file-pages 99999 blocks 16'), /file-pages must/],
  ['of a huge device', withGeometry('page 4096 pmd 4 file-pages 8 blocks 99999999'), /blocks must/],
  ['of a negative size', withGeometry('page 4096 pmd -4 file-pages 8 blocks 16'), /a number after/],
  [
    'of a file too large',
    withLine('file b pages 9 allocated 0'),
    /file 1: allocated <= pages <= 8/,
  ],
  ['of an unknown point', withStep(1, 't0 op 3 at nowhere #1 -> t1'), /line 2: unknown preemption/],
  ['of an unknown agent', withStep(0, 'start -> t7'), /line 1: expected t0\.\.t3 or b0\.\.b3/],
  ['of a schedule in prose', withStep(0, 'then t1 runs'), /schedule line 1: expected "tN op N at/],
];

describe('a file', () => {
  BROKEN.forEach(([what, content, message], index) => {
    const args = VERBS[index % VERBS.length] as readonly string[];
    test(`${what} is refused by "${args[0]}"`, () =>
      inTemporaryDirectory((directory) => {
        fs.writeFileSync(path.join(directory, 'x.json'), content);
        refuses(directory, args, message);
      }));
  });

  for (const args of VERBS) {
    test(`of 100 MB is refused by "${args[0]}"`, () =>
      inTemporaryDirectory((directory) => {
        fs.writeFileSync(path.join(directory, 'x.json'), GOOD);
        fs.truncateSync(path.join(directory, 'x.json'), 100_000_000);
        refuses(directory, args, /x\.json: 100000000 bytes, more than the 67108864/);
      }));
  }
});

/** Well-formed, but not what was executed: only a strict replay can tell. */
const UNTRUE: readonly (readonly [string, string, RegExp])[] = [
  ['starts with a thread that is none', withStep(0, 'start -> t3'), /step 0: .* found t3 unable/],
  [
    'stops at a point that is not passed',
    withStep(1, 't0 op 3 at jbd2_commit:locked #7 -> t1'),
    /step 1: expected t0 op 3 at jbd2_commit:locked #7, found t0 at task_end/,
  ],
  [
    'stops in an operation that is none',
    withStep(1, 't0 op 999 at op_end #1 -> t1'),
    /step 1: expected t0 op 999 at op_end #1, found/,
  ],
  [
    'goes on after the end',
    changed({ schedule: [...reproducer.schedule, 't3 op 999 at op_end #7 -> b3'] }),
    /step 4: expected t3 op 999 at op_end #7, found the end/,
  ],
  [
    'ends before the program',
    changed({ schedule: reproducer.schedule.slice(0, 1) }),
    /step 1: expected the end, found t0 at task_end/,
  ],
];

describe('a file whose schedule', () => {
  for (const [what, content, message] of UNTRUE) {
    test(`${what} is refused by "replay" and "explain"`, () =>
      inTemporaryDirectory((directory) => {
        fs.writeFileSync(path.join(directory, 'x.json'), content);
        refuses(directory, ['replay', 'x.json', '--trace', 'x.trace'], message);
        refuses(directory, ['explain', 'x.json'], message);
      }));
  }
});

describe('a file that was edited', () => {
  const cases: readonly (readonly [string, Readonly<Record<string, unknown>>, string, RegExp])[] = [
    ['in its hash', { traceHash: '0'.repeat(16) }, 'replay', /x\.json: trace hash: expected 0000/],
    ['in its program', { program: [...reproducer.program, 't1: sync()'] }, 'replay', /x\.json: /],
    ['in its signature', { signature: 'P3 x' }, 'explain', /does not break "P3 x"; if it was edi/],
    ['in its kernel', { kernel: 'mainline', bugs: [] }, 'explain', /x\.json: /],
  ];
  for (const [what, changes, verb, message] of cases) {
    test(`${what} is refused by "${verb}"`, () =>
      inTemporaryDirectory((directory) => {
        writeExample(path.join(directory, 'x.json'), changes);
        refuses(directory, [verb, 'x.json'], message);
      }));
  }

  test('so that nothing fails any more is refused by "minimize"', () =>
    inTemporaryDirectory((directory) => {
      writeExample(path.join(directory, 'x.json'), { kernel: 'mainline' });
      const args = ['minimize', 'x.json', '-o', 'out.json'];
      refuses(directory, args, /x\.json: does not fail with "P5 towrite-taken" on mainline, so/);
    }));

  test('spoils a directory of good ones for "validate", which names it', () =>
    inTemporaryDirectory((directory) => {
      for (const name of ['a', 'b', 'c']) writeExample(path.join(directory, `${name}.json`));
      fs.truncateSync(path.join(directory, 'b.json'), 200);
      const args = ['validate', '.', '--before', 'dax-v8', '--after', 'mainline'];
      refuses(directory, args, /b\.json: not JSON/);
    }));
});

describe('a name that draws on the terminal', () => {
  const NAME = 'a\u001b[31m\u0007\u009b2J\nb.json';
  const CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;

  test('is shown and not obeyed, whatever is printed of it', () =>
    inTemporaryDirectory((directory) => {
      writeExample(path.join(directory, NAME));
      const printed = [
        ['replay', NAME],
        ['replay', NAME, '--json'],
        ['explain', NAME],
        ['validate', '.', '--before', 'dax-v8', '--after', 'mainline', '--execs', '20'],
        ['validate', '.', '--before', 'dax-v8', '--after', 'mainline', '--execs', '20', '--json'],
      ].map((args) => daxfuzz(directory, ...args));
      for (const { status, stdout, stderr } of printed) {
        assert.ok(status === 0 || status === 1, stderr);
        assert.doesNotMatch(stdout + stderr, CONTROL);
      }
      const replay = JSON.parse(printed[1]?.stdout ?? '') as { file: string };
      assert.equal(replay.file, NAME);
      assert.match(printed[2]?.stdout ?? '', /a\\u001b\[31m\\u0007\\u009b2J/);
    }));

  test('is shown in the message that refuses the file', () =>
    inTemporaryDirectory((directory) => {
      refuses(directory, ['replay', NAME], /a\\u001b\[31m\\u0007\\u009b2J\\u000ab\.json: no such/);
    }));
});

describe('a corpus or store with bad files in it', () => {
  test('does not stop a campaign, which names them, skips them and keeps them', () =>
    inTemporaryDirectory((directory) => {
      const files: readonly (readonly [string, string | Buffer])[] = [
        ['corpus/0000000000000000.prog', 'file a pages 1 allocated 1\n'],
        ['corpus/bytes.prog', Buffer.from([0xff, 0x00, 0x1b, 0x5b])],
        ['corpus/empty.prog', ''],
        ['corpus/es\u001b[31mcape.prog', `t0: \u001b[2J${'x'.repeat(3000)}`],
        ['corpus/good.prog', 't0: f0 = open("a")\nt0: fsync(f0)\n'],
        ['crashes/x/finding.json', GOOD.slice(0, 100)],
        ['crashes/y/finding.json', GOOD],
      ];
      for (const [name, content] of files) {
        const file = path.join(directory, name);
        fs.mkdirSync(path.dirname(file), { recursive: true });
        fs.writeFileSync(file, content);
      }
      const places = ['--corpus', 'corpus', '--crashes', 'crashes', '--resume', '--no-seeds'];
      const bounds = ['--execs', '20', '--workers', '1', '--seed', '1'];
      const { status, stderr, stdout } = daxfuzz(directory, 'run', ...places, ...bounds);
      assert.equal(status, 0, stderr);
      assert.match(stdout, /20 executions/);
      const problems = stderr.split('\n').filter((line) => line.startsWith('daxfuzz: '));
      const expected = [
        /^daxfuzz: corpus\/0000000000000000\.prog: its content is not what its name/,
        /^daxfuzz: corpus\/bytes\.prog: .*; skipped: delete it or restore it$/,
        /^daxfuzz: corpus\/empty\.prog: it is empty; skipped/,
        /^daxfuzz: corpus\/es\\u001b\[31mcape\.prog: .*\\u001b\[2Jx{400}.*; skipped: .*$/,
        /^daxfuzz: crashes\/x\/finding\.json: not JSON .*; it is not counted as found$/,
      ];
      assert.equal(problems.length, expected.length, stderr);
      expected.forEach((message, index) => assert.match(problems[index] ?? '', message));
      assert.ok(problems.every((line) => line.length <= 1010));
      for (const [name, content] of files) {
        assert.deepEqual(fs.readFileSync(path.join(directory, name)), Buffer.from(content), name);
      }
      assert.ok(filesBelow(directory).length > files.length, 'expected new programs beside them');
    }));
});
