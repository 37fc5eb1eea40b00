import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { loadCorpus, saveProgram } from '../../src/corpus/files.js';
import { ProgramGenerator } from '../../src/program/generate.js';
import { parseProgram, printProgram } from '../../src/program/text.js';
import { EnvironmentError, UsageError } from '../../src/support/assert.js';
import { hashText } from '../../src/support/hash.js';
import { byText } from '../../src/support/order.js';
import { Prng } from '../../src/support/prng.js';
import { filesBelow, inTemporaryDirectory, ROOT } from '../helpers/temporary.js';

const TEXT = 'file a pages 1 allocated 1\nt0: f0 = open("a")\nt0: fsync(f0)\n';
const PROGRAM = parseProgram(TEXT);
const CANONICAL = printProgram(PROGRAM);

describe('a corpus', () => {
  test('gives back what was saved, each program once, in the order of the hashes', () =>
    inTemporaryDirectory((directory) => {
      const generator = new ProgramGenerator();
      const choice = Prng.fromSeed(3n);
      const texts = Array.from({ length: 40 }, () => printProgram(generator.generate(choice)));
      for (const text of [...texts, ...texts]) saveProgram(directory, text);
      const names = [...new Set(texts.map((text) => `${hashText(text)}.prog`))].sort(byText);
      assert.deepEqual(filesBelow(directory), names);
      const { programs, problems } = loadCorpus(directory);
      assert.deepEqual(problems, []);
      const hashes = programs.map((program) => `${hashText(printProgram(program))}.prog`);
      assert.deepEqual(hashes, names);
    }));

  test('is empty where there is no directory', () =>
    inTemporaryDirectory((directory) => {
      assert.deepEqual(loadCorpus(path.join(directory, 'x')), { programs: [], problems: [] });
    }));

  test('takes hand-written files under any name, and leaves others alone', () =>
    inTemporaryDirectory((directory) => {
      fs.writeFileSync(path.join(directory, 'mine.prog'), TEXT);
      fs.writeFileSync(path.join(directory, 'notes.txt'), 'no program');
      fs.writeFileSync(path.join(directory, `${hashText(CANONICAL)}.prog.123`), 'half a pro');
      assert.deepEqual(loadCorpus(directory), { programs: [PROGRAM], problems: [] });
    }));

  test('that comes with daxfuzz can be read', () => {
    const { programs, problems } = loadCorpus(path.join(ROOT, 'corpora', 'seeds'));
    assert.deepEqual(problems, []);
    assert.ok(programs.length > 0, 'expected seeds');
  });

  test('does not overwrite a file of the same name', () =>
    inTemporaryDirectory((directory) => {
      const file = path.join(directory, `${hashText(CANONICAL)}.prog`);
      fs.writeFileSync(file, 'damaged');
      saveProgram(directory, CANONICAL);
      assert.equal(fs.readFileSync(file, 'utf8'), 'damaged');
    }));

  test('that cannot be written or listed says so, and whose fault it is', () =>
    inTemporaryDirectory((directory) => {
      const file = path.join(directory, 'file');
      fs.writeFileSync(file, '');
      assert.throws(
        () => saveProgram(file, CANONICAL),
        (error) => error instanceof EnvironmentError && error.message.includes(file),
      );
      assert.throws(
        () => loadCorpus(file),
        (error) => error instanceof UsageError && error.message.startsWith(`${file}: `),
      );
    }));
});

describe('a corpus file that cannot be used', () => {
  const SAVED = `${hashText(CANONICAL)}.prog`;
  const lines = CANONICAL.split('\n');
  const CASES: readonly (readonly [string, string, string | Buffer, RegExp])[] = [
    ['empty, as after a power failure', 'x.prog', '', /it is empty/],
    ['full of zeros, as after a power failure', 'x.prog', Buffer.alloc(4096), /line 1: expected/],
    ['of random bytes', 'x.prog', Buffer.from([0xff, 0xfe, 0x80, 0x0a]), /line 1: expected/],
    ['cut in the middle of a line', SAVED, CANONICAL.slice(0, -4), /not what its name/],
    ['cut at the end of a line', SAVED, lines.slice(0, 2).join('\n') + '\n', /not what its name/],
    ['with one byte changed', SAVED, CANONICAL.replace('fsync', 'fsymc'), /not what its name/],
    ['of another language', 'x.prog', '{"format":1}', /line 1: expected "geometry"/],
    [
      'of an impossible size',
      'x.prog',
      'geometry page 3 pmd 4 file-pages 8 blocks 16',
      /page must/,
    ],
    ['of a thread too many', 'x.prog', 't9: sync()', /line 1: expected a thread below t4/],
    ['too large', 'x.prog', Buffer.alloc(5 << 20, '#'), /5242880 bytes, more than/],
  ];
  for (const [what, name, content, message] of CASES) {
    test(`because it is ${what} is named, skipped and kept`, () =>
      inTemporaryDirectory((directory) => {
        const file = path.join(directory, name);
        fs.writeFileSync(file, content);
        fs.writeFileSync(path.join(directory, 'good.prog'), TEXT);
        const { programs, problems } = loadCorpus(directory);
        assert.deepEqual(programs, [PROGRAM]);
        assert.equal(problems.length, 1);
        const [problem = ''] = problems;
        assert.match(problem, message);
        assert.ok(problem.startsWith(`${file}: `), problem);
        assert.equal(problem.split(file).length, 2, `the name once: ${problem}`);
        assert.match(problem, /; skipped: delete it or restore it$/);
        assert.deepEqual(fs.readFileSync(file), Buffer.from(content));
      }));
  }

  test('because it is a directory, a pipe or a dead link is named and skipped', () =>
    inTemporaryDirectory((directory) => {
      fs.mkdirSync(path.join(directory, 'a.prog'));
      assert.equal(spawnSync('mkfifo', [path.join(directory, 'b.prog')]).status, 0);
      fs.symlinkSync('nowhere', path.join(directory, 'c.prog'));
      fs.symlinkSync('d.prog', path.join(directory, 'd.prog'));
      const { programs, problems } = loadCorpus(directory);
      assert.deepEqual(programs, []);
      const expected = [
        /a\.prog: is a directory/,
        /b\.prog: not a regular/,
        /c\.prog: no such/,
        /d\.prog: no such/,
      ];
      assert.equal(problems.length, expected.length);
      expected.forEach((message, index) => assert.match(problems[index] ?? '', message));
    }));

  test('because every line of it is made to be slow to refuse is refused in one pass', () =>
    inTemporaryDirectory((directory) => {
      // Quadratic in a parser that looks at the same characters again and again: hours, not milliseconds.
      const many = 1 << 20;
      const slow = ['#'.repeat(many), `t0:${' '.repeat(many)}`, `t0: x${' '.repeat(many)}`];
      slow.forEach((text, index) =>
        fs.writeFileSync(path.join(directory, `${index}.prog`), `${text}\rx\u2028x\n`),
      );
      assert.equal(loadCorpus(directory).problems.length, slow.length);
    }));
});
