/** `--kernel ./my-fix.js`: a fix of the user's own, from the file to the verdict. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { readReproducer } from '../../src/finding/store.js';
import { daxfuzz } from '../helpers/cli.js';
import { HARMLESS, moduleText, writeModule } from '../helpers/modules.js';
import { refuses } from '../helpers/refused.js';
import { filesBelow, inTemporaryDirectory, ROOT } from '../helpers/temporary.js';

const A2 = path.join(ROOT, 'crashes', 'catalogue', 'A2.json');
const EXAMPLES = path.join(ROOT, 'dist', 'src', 'kernel', 'examples');

/** A fix that does not mend A2, and so is found out. */
const NO_FIX = moduleText(HARMLESS, "\n  bugs: ['A2'],");

function campaign(directory: string, kernel: string, ...flags: readonly string[]): string {
  const bounds = ['--seed', '1', '--execs', '2000', '--stop-on-first', '--crashes', 'found'];
  const result = daxfuzz(directory, 'run', '--kernel', kernel, ...bounds, ...flags);
  assert.equal(result.status, 1, result.stderr);
  const [file] = filesBelow(path.join(directory, 'found')).filter((name) => name.endsWith('.json'));
  assert.ok(file !== undefined);
  return path.join('found', file);
}

describe('a kernel module', () => {
  test('is run in every worker, and its findings say which text it had', () =>
    inTemporaryDirectory((directory) => {
      const kernel = writeModule(directory, NO_FIX);
      const file = path.join(directory, campaign(directory, kernel, '--workers', '2'));
      const sha256 = createHash('sha256').update(NO_FIX).digest('hex');
      const reproducer = readReproducer(file);
      assert.equal(reproducer.kernel, './my-fix.js');
      assert.deepEqual(reproducer.module, { name: 'my-fix', sha256 });
      const report = fs.readFileSync(path.join(path.dirname(file), 'report.txt'), 'utf8');
      assert.match(report, new RegExp(`module: +my-fix, SHA-256 ${sha256}`));
    }));

  test('names the directory of its findings', () =>
    inTemporaryDirectory((directory) => {
      writeModule(directory, NO_FIX);
      const flags = ['--seed', '1', '--execs', '2000', '--stop-on-first', '--workers', '1'];
      assert.equal(daxfuzz(directory, 'run', '--kernel', './my-fix.js', ...flags).status, 1);
      assert.ok(fs.existsSync(path.join(directory, 'crashes', 'my-fix')));
    }));

  test('can be an ES module', () =>
    inTemporaryDirectory((directory) => {
      const text = NO_FIX.replace('module.exports =', 'export default');
      campaign(directory, writeModule(directory, text, 'my-fix.mjs'), '--workers', '1');
    }));

  test('gives the same executions as the kernel that it starts from, if it changes nothing', () =>
    inTemporaryDirectory((directory) => {
      const kernel = writeModule(directory, moduleText(HARMLESS));
      const counts = [kernel, 'mainline'].map((name) => {
        const flags = ['--seed', '5', '--execs', '500', '--workers', '1', '--json'];
        const { stdout } = daxfuzz(directory, 'run', '--kernel', name, ...flags);
        const { events, operations, coverage, promisesDecided } = JSON.parse(stdout) as Record<
          string,
          number
        >;
        return { events, operations, coverage, promisesDecided };
      });
      assert.deepEqual(counts[0], counts[1]);
    }));
});

describe('a finding on a kernel module', () => {
  test('is replayed, explained and minimised with it', () =>
    inTemporaryDirectory((directory) => {
      const file = campaign(directory, writeModule(directory, NO_FIX), '--workers', '1');
      const replayed = daxfuzz(directory, 'replay', file, '--workers', '2');
      assert.equal(replayed.status, 1, replayed.stderr);
      assert.match(replayed.stdout, /schedule followed exactly\nreproduced: /);
      assert.equal(daxfuzz(directory, 'explain', file).status, 0);
      assert.equal(daxfuzz(directory, 'minimize', file, '-o', 'small.json').status, 0);
      assert.equal(daxfuzz(directory, 'replay', 'small.json').status, 1);
    }));

  test('is carried over to the module as it is now, and replay says that it has changed', () =>
    inTemporaryDirectory((directory) => {
      const file = campaign(directory, writeModule(directory, NO_FIX), '--workers', '1');
      writeModule(directory, moduleText(HARMLESS));
      const { status, stdout } = daxfuzz(directory, 'replay', file);
      assert.equal(status, 0);
      assert.match(
        stdout,
        /the module has changed since this was recorded: its SHA-256 was \w{64}/,
      );
      assert.match(stdout, /holds: no promise is broken/);
      const json = daxfuzz(directory, 'replay', file, '--json').stdout;
      assert.equal((JSON.parse(json) as { exact: boolean }).exact, false);
    }));

  test('is replayed exactly with the same text in another place', () =>
    inTemporaryDirectory((directory) => {
      const file = campaign(directory, writeModule(directory, NO_FIX), '--workers', '1');
      fs.renameSync(path.join(directory, 'my-fix.js'), path.join(directory, 'moved.js'));
      refuses(directory, ['replay', file], /\.\/my-fix\.js: no such file or directory/);
      const { status, stdout } = daxfuzz(directory, 'replay', file, '--kernel', './moved.js');
      assert.equal(status, 1);
      assert.match(stdout, /schedule followed exactly/);
    }));
});

describe('the worked examples', () => {
  const check = (name: string): ReturnType<typeof daxfuzz> =>
    daxfuzz(
      ROOT,
      ...['validate', 'crashes/catalogue/L01.json', '--before', 'mainline', '--bug-before', 'L01'],
      ...[
        '--after',
        path.join(EXAMPLES, name),
        '--execs',
        '2000',
        '--crashes',
        '/tmp/daxfuzz-examples',
      ],
    );

  test('are a fix that validate accepts', () => {
    const { status, stdout } = check('wait-after.js');
    assert.match(stdout, /ACCEPTED/);
    assert.equal(status, 0);
  });

  test('and one that it refuses', () => {
    const { status, stdout } = check('wait-before.js');
    assert.match(stdout, /REFUSED/);
    assert.equal(status, 1);
  });
});

/** File name, text, and what the message must say. */
type Refused = readonly [name: string, text: string, message: RegExp];

describe('a file that is no kernel module is refused:', () => {
  const variant = (fields: string): string => `module.exports = { ${fields} };`;
  const all: readonly Refused[] = [
    ['a.ts', '', /is TypeScript; compile it and give the \.js file/],
    ['a.js', 'exports.variant = {\n name: ; }', /while it is loaded: SyntaxError: .* \(a\.js:2\)/],
    ['a.js', 'null.x', /a\.js: throws while it is loaded: TypeError: .* \(a\.js:1\)/],
    ['a.js', "require('./not-there')", /Cannot find module '\.\/not-there'/],
    ['a.mjs', 'await 1;', /throws while it is loaded: .*await/],
    ['a.js', '', /not a kernel variant: its name must be/],
    ['a.js', 'module.exports = 5', /it exports no object with name, title and functions/],
    ['a.js', variant("name: 'A b'"), /its name must be lower-case letters/],
    ['a.js', variant("name: 'mainline'"), /its name "mainline" is that of a kernel/],
    ['a.js', variant("name: 'x', title: 'a\\nb'"), /its title must be one line/],
    ['a.js', variant("name: 'x', title: 'a', knobs: []"), /it has "knobs", where only name/],
    ['a.js', variant("name: 'x', title: 'a', functions: {}"), /its functions must be a function/],
    ['a.js', moduleText(HARMLESS, "base: 'nope',"), /its base "nope" is no kernel/],
    ['a.js', moduleText(HARMLESS, 'base: 7,'), /its base must be a string/],
    ['a.js', moduleText(HARMLESS, "bugs: 'A2',"), /its bugs must be an array of catalogue ids/],
    ['a.js', moduleText(HARMLESS, "bugs: ['A2', 'B99'],"), /its bug "B99" is none that/],
    ['a.js', moduleText('*daxWriteback() {},'), /"daxWriteback" is no function of .*functions\.ts/],
    ['a.js', moduleText('nvdimmFlush: 1,'), /"nvdimmFlush" is no function/],
    ['a.js', moduleText(''), /functions\(\) gives no object of functions/],
    ['a.js', moduleText('...kit.nothing.there,'), /functions\(\) throws TypeError: .* \(a\.js:/],
  ];
  for (const [name, text, message] of all) {
    test(`${name}: ${text.replaceAll(/\s+/g, ' ').slice(0, 100)}`, () =>
      inTemporaryDirectory((directory) => {
        const kernel = writeModule(directory, text, name);
        refuses(directory, ['run', '--kernel', kernel, '--execs', '100'], message);
      }));
  }

  test('one that is not there, is a directory, or no file', () =>
    inTemporaryDirectory((directory) => {
      refuses(directory, ['run', '--kernel', './nope.js'], /\.\/nope\.js: no such file/);
      refuses(directory, ['run', '--kernel', './'], /is a directory/);
      refuses(directory, ['run', '--kernel', '/dev/null'], /not a regular file/);
      refuses(directory, ['replay', A2, '--kernel', './nope.js'], /\.\/nope\.js: no such file/);
    }));
});

describe('a kernel module that does something wrong', () => {
  const stops = (functions: string, message: RegExp): Promise<void> =>
    inTemporaryDirectory((directory) => {
      const kernel = writeModule(directory, moduleText(functions));
      const { status, stdout, stderr } = daxfuzz(directory, 'run', '--kernel', kernel);
      const [first = '', second, ...program] = stderr.split('\n');
      assert.equal(status, 2, stderr);
      assert.equal(stdout, '');
      assert.match(first, message);
      assert.equal(second, 'the program:');
      assert.ok(
        program.some((line) => /^t\d: \w+/.test(line)),
        stderr,
      );
    });

  test('by throwing is told the function and the place', () =>
    stops(
      '*vfsFsyncRange(k) { return k.nothing.there; },',
      /^daxfuzz: \.\/my-fix\.js: vfsFsyncRange throws TypeError: .*there.* \(my-fix\.js:5:\d+\)$/,
    ));

  test('by calling without yield* is told the call', () =>
    stops(
      `*vfsFsyncRange(k, t, inode, start, end) {
         original.daxWritebackMappingRange(k, t, inode, start, end);
         return 0;
       },`,
      /it calls daxWritebackMappingRange\(\) without running it; write "yield\* daxWriteback/,
    ));

  test('by yielding at no preemption point is told the function', () =>
    stops('*daxFlush() { yield; },', /daxFlush yields where nothing asked it to stop/));

  test('by writing a function that sleeps as one that does not, or the reverse, is told so', async () => {
    await stops('vfsFsyncRange() { return 0; },', /vfsFsyncRange must be a generator/);
    await stops('*nvdimmFlush() {},', /nvdimmFlush may not sleep/);
  });

  test('by doing what the model excludes is told the function', () =>
    stops(
      '*daxWritebackOne(k, t, inode, index) { kit.unlockEntry(k, t, inode, index); },',
      /daxWritebackOne does what the model excludes: dax_unlock_entry: entry is not locked/,
    ));

  test('by leaving a state in which the model stops later is told that it may be the cause', () =>
    stops(
      `*vfsFsyncRange(k, t, inode, start, end, datasync) {
         k.sb.journal.handles = -1;
         return yield* original.vfsFsyncRange(k, t, inode, start, end, datasync);
       },`,
      /after it ran, daxfuzz stopped with "/,
    ));

  test('by drawing random numbers is refused', () =>
    stops(
      `*vfsFsyncRange(k, t, inode, start, end, datasync) {
         if (Math.random() < 0.5) return 0;
         return yield* original.vfsFsyncRange(k, t, inode, start, end, datasync);
       },`,
      /its functions are not pure: an execution went another way when it was run again/,
    ));

  test('by never coming to an end is ended', () =>
    stops(
      '*vfsFsyncRange(k, t, inode) { while (inode.ino < 4); },',
      /vfsFsyncRange does not end within 10 s; a loop that waits for another thread must/,
    ));

  test('by keeping something between executions is refused', () =>
    inTemporaryDirectory((directory) => {
      const functions = `*vfsFsyncRange(k, t, inode, start, end, datasync) {
         if (calls++ > 100) return 0;
         return yield* original.vfsFsyncRange(k, t, inode, start, end, datasync);
       },`;
      const kernel = writeModule(directory, `let calls = 0;\n${moduleText(functions)}`);
      refuses(directory, ['run', '--kernel', kernel], /not pure: a program left another trace on/);
    }));

  test('late loses nothing that was found before', () =>
    inTemporaryDirectory((directory) => {
      // Programs that seldom come, so that something is found before.
      const functions = `*fadviseDontneed(k) {
         const { files, threads } = k.program;
         if (threads.length > 2 && files.length > 1 && threads[2].length === 4) throw new Error('late');
         return 0;
       },`;
      const kernel = writeModule(directory, moduleText(functions, "\n  bugs: ['B01'],"));
      const flags = ['--seed', '3', '--execs', '20000', '--workers', '1'];
      const { status, stderr } = daxfuzz(directory, 'run', '--kernel', kernel, ...flags);
      assert.equal(status, 2, stderr);
      assert.match(stderr, /found P3 never-tagged/);
      assert.match(stderr, /fadviseDontneed throws Error: late \(my-fix\.js:\d+:\d+\)/);
      assert.ok(filesBelow(path.join(directory, 'crashes', 'my-fix')).length > 0);
    }));
});
