/** Wrong words on the command line, wrong places, and a machine that does not let us. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { daxfuzz, MAIN } from '../helpers/cli.js';
import { daxfuzzUnder, refuses } from '../helpers/refused.js';
import { writeExample } from '../helpers/reproducers.js';
import { filesBelow, inTemporaryDirectory } from '../helpers/temporary.js';

/** What is typed after `daxfuzz`, as words, and what the answer must say. */
type Case = readonly [string, RegExp];

const words = (typed: string): string[] =>
  typed.split(' ').map((word) => (word === "''" ? '' : word));

/** Each in a directory with a good reproducer and an empty directory. */
function refusesAll(cases: readonly Case[]): void {
  for (const [typed, message] of cases) {
    test(`daxfuzz ${typed}`, () =>
      inTemporaryDirectory((directory) => {
        writeExample(path.join(directory, 'good.json'));
        fs.mkdirSync(path.join(directory, 'empty'));
        refuses(directory, words(typed), message);
      }));
  }
}

describe('a verb, flag or value that there is not is refused:', () => {
  refusesAll([
    ["''", /unknown command ''/],
    ['help nope', /which verb\? see "daxfuzz --help"/],
    ['fuzz', /unknown command 'fuzz'; see "daxfuzz --help"/],
    ['run --nope', /unknown option '--nope'/],
    ['replay good.json --nope', /unknown option '--nope'/],
    ['minimize good.json -o x.json --nope', /unknown option/],
    ['explain good.json --nope', /unknown option/],
    ['validate good.json --before mainline --after mainline --nope', /unknown option/],
    ['litmus good.json --nope', /unknown option/],
    ['kernels --nope', /unknown option/],
    ['bugs --nope', /unknown option/],
    ['doctor --nope', /unknown option/],
    ['run extra', /too many arguments for 'run'/],
    ['bugs extra', /too many arguments/],
    ['kernels extra', /too many arguments/],
    ['doctor extra', /too many arguments/],
    ['replay good.json good.json', /too many arguments/],
    ['replay', /missing required argument 'file'/],
    ['minimize good.json', /required option '-o, --output <out>' not specified/],
    ['explain', /missing required argument/],
    ['validate --before mainline --after mainline', /missing required argument 'paths'/],
    ['validate good.json --before mainline', /required option '--after <spec>'/],
    ['run --seed', /option '--seed <n>' argument missing/],
    ['replay good.json --trace', /option '--trace <out>' argument missing/],
    ['run --\u001b[31mred', /unknown option '--\\u001b\[31mred'/],
  ]);
});

describe('a value outside its bounds is refused:', () => {
  refusesAll([
    ['run --workers 0', /--workers: expected a whole number from 1 to 64, found "0"/],
    ['run --workers 1000000000', /--workers: .*found "1000000000"/],
    ['run --workers two', /--workers: .*found "two"/],
    ['run --workers 1.5', /--workers: .*found "1.5"/],
    ['run --workers 1e1', /--workers: .*found "1e1"/],
    ["run --workers ''", /--workers: .*found ""/],
    ['replay good.json --workers 99', /--workers: .*found "99"/],
    ['run --execs -1', /--execs: .*found "-1"/],
    ['run --execs 0', /--execs: .*found "0"/],
    ['run --execs 99999999999999999999', /--execs: /],
    ['run --threads 99', /--threads: expected a whole number from 1 to 4, found "99"/],
    ['run --threads 0', /--threads: /],
    ['run --ops 0', /--ops: expected a whole number from 1 to 64, found "0"/],
    ['run --ops 3', /--ops: expected at least 4, found "3"/],
    ['run --ops 65', /--ops: /],
    ['run --seed abc', /--seed: expected a whole number below 2\^64, found "abc"/],
    ['run --seed -1', /--seed: .*found "-1"/],
    ['run --seed 18446744073709551616', /--seed: /],
    ['run --time 5x', /--time: expected a duration such as 30s, 10m or 2h, found "5x"/],
    ['run --time 5', /--time: /],
    ['run --time 0s', /--time: /],
    ['run --time -5s', /--time: /],
    ['run --time 9999999h', /--time: /],
    ['run --scheduler fair', /--scheduler: expected mixed or random or pct or exhaustive, found/],
    ['run --scheduler exhaustive --execs 5', /--execs: an exhaustive run has no such bound/],
    ['run --scheduler exhaustive --corpus empty', /--corpus: an exhaustive run has no such bound/],
    ['run --scheduler exhaustive --ops 7', /--ops: an exhaustive run has at most 6, found "7"/],
    ['run --scheduler exhaustive --threads 4', /--threads: at most 3 beside the one that sets up/],
    ['run --scheduler exhaustive --programs 5..5', /--programs: expected numbers such as 0..500/],
    [
      'run --scheduler exhaustive --ops 1 --programs 0..99999',
      /--programs 0..99999: there are \d+/,
    ],
    ['run --programs 0..5', /--preemptions and --programs are for --scheduler exhaustive/],
    ['run --domain battery', /--domain: expected adr or eadr/],
    ['run --persistency constructor', /--persistency: expected line or location/],
    [
      'run --fs xfs-huge',
      /--fs xfs-huge: the model has ext4, xfs and xfs-reflink; use --kernel qemu:PATH/,
    ],
    ['explain good.json --format pdf', /--format: expected text or svg or html or c, found/],
    ['run --kernel linux-99', /--kernel: unknown kernel "linux-99"; known: mainline/],
    ['run --kernel __proto__', /--kernel: unknown kernel/],
    ['run --kernel qemu:/no/such/vmlinuz', /no\/such\/vmlinuz: no such file or directory/],
    ['run --ignore-flush clean_cache_range', /--ignore-flush.*for real kernels/],
    ["run --kernel ''", /--kernel: unknown kernel ""/],
    ['run --kernel dax-v8\u001b]0;title\u0007', /unknown kernel "dax-v8\\u001b\]0;title\\u0007"/],
    ['run --bug B99', /--bug: unknown bug "B99"; "daxfuzz bugs" lists them/],
    ['run --bug constructor', /--bug: unknown bug/],
    ['run --bug ,', /--bug: expected an id, found an empty value/],
    ['replay good.json --kernel linux-99', /unknown kernel "linux-99"/],
    ['replay good.json --bug B99', /unknown bug "B99"/],
    ['validate good.json --before nope --after mainline', /unknown kernel "nope"/],
    ['validate good.json --before mainline --after nope', /unknown kernel "nope"/],
    ['validate good.json --before mainline --after mainline --bug-before x', /unknown bug "x"/],
    ["validate good.json --before mainline --after mainline --bug-after ''", /--bug-after: /],
    ['validate good.json --before mainline --after mainline --execs 0', /--execs: /],
    ['validate good.json --before mainline --after mainline --seed x', /--seed: /],
  ]);
});

describe('a place that is none is refused before any work:', () => {
  refusesAll([
    ["run --corpus ''", /--corpus: expected a name/],
    ["run --crashes ''", /--crashes: expected a name/],
    ['run --corpus good.json', /--corpus: .*good\.json is not a directory; name another/],
    ['run --crashes good.json --resume', /--crashes: .*good\.json is not a directory/],
    ['run --crashes good.json/below/it', /--crashes: .*good\.json is not a directory/],
    ['validate good.json --before dax-v8 --after mainline --crashes good.json', /--crashes: /],
    ['validate empty --before dax-v8 --after mainline', /empty: no reproducer/],
    ['validate nowhere --before dax-v8 --after mainline', /nowhere: no such file or directory/],
    ['replay nowhere.json', /nowhere\.json: no such file or directory/],
    ['explain good.json/below', /good\.json\/below: no such file/],
    ['minimize empty -o x.json', /empty: is a directory; name a file in it/],
    ['replay /dev/zero', /\/dev\/zero: not a regular file/],
    ["minimize good.json -o ''", /--output: expected a name/],
    ['minimize good.json -o empty', /--output: empty is a directory; name a file in it/],
    ['minimize good.json -o new/', /--output: new\/ is a directory/],
    ['minimize good.json -o good.json/x.json', /--output: .*good\.json is not a directory/],
    ['replay good.json --trace empty', /--trace: empty is a directory/],
    ['replay good.json --image empty/', /--image: empty\/ is a directory/],
    ['replay good.json --trace ./good.json', /--trace: \.\/good\.json would be overwritten/],
    ['replay good.json --trace x --image ./x', /--image: \.\/x would be overwritten/],
  ]);
});

describe('a place of several new directories', () => {
  test('is made for the output', () =>
    inTemporaryDirectory((directory) => {
      writeExample(path.join(directory, 'good.json'));
      const { status } = daxfuzz(directory, 'replay', 'good.json', '--trace', 'new/below/x.trace');
      assert.equal(status, 1);
      assert.deepEqual(filesBelow(directory), ['good.json', 'new/below/x.trace']);
    }));
});

/** A command under which the permissions of files hold, also for root; null if there is no way to it. */
function underPermissions(directory: string): readonly string[] | null {
  const probe = path.join(directory, 'probe');
  fs.writeFileSync(probe, '');
  fs.chmodSync(probe, 0);
  const ways = [['env'], ['setpriv', '--bounding-set=-all', '--inh-caps=-all']];
  const holds = (way: readonly string[]): boolean =>
    spawnSync(way[0] as string, [...way.slice(1), 'test', '!', '-r', probe]).status === 0;
  const way = ways.find(holds) ?? null;
  fs.rmSync(probe);
  return way;
}

describe('a machine that does not let us', () => {
  for (const args of [
    'minimize good.json -o /dev/full',
    'replay good.json --trace /dev/full',
    'replay good.json --image /dev/full',
  ]) {
    test(`for want of space makes "${args}" end with code 3 and leaves the device alone`, () =>
      inTemporaryDirectory((directory) => {
        writeExample(path.join(directory, 'good.json'));
        refuses(directory, words(args), /cannot write \/dev\/full: ENOSPC.*; free some space/, 3);
        assert.ok(fs.statSync('/dev/full').isCharacterDevice());
      }));
  }

  test('for want of space behind stdout ends with code 3, not with a stack trace', () => {
    const full = fs.openSync('/dev/full', 'w');
    try {
      for (const verb of ['bugs', 'kernels', 'doctor']) {
        const stdio = ['ignore', full, 'pipe'] as const;
        const { status, stderr } = spawnSync(process.execPath, [MAIN, verb], { stdio: [...stdio] });
        assert.equal(status, 3);
        assert.match(stderr.toString(), /^daxfuzz: cannot write to stdout: ENOSPC[^\n]*\n$/);
      }
    } finally {
      fs.closeSync(full);
    }
  });

  test('that closes the pipe behind stdout is no error', () => {
    const pipe = `'${process.execPath}' '${MAIN}' bugs --json | true; exit \${PIPESTATUS[0]}`;
    const { status, stderr } = spawnSync('bash', ['-c', pipe], { encoding: 'utf8' });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
  });

  test('for want of space in the middle of a file leaves no file, and keeps the one before', () =>
    inTemporaryDirectory((directory) => {
      const limited = ['sh', '-c', 'ulimit -f 1; exec "$@"', 'sh'];
      writeExample(path.join(directory, 'good.json'), { title: 'x'.repeat(400) });
      fs.writeFileSync(path.join(directory, 'out.json'), 'before');
      const minimize = ['minimize', 'good.json', '-o', 'out.json'];
      const { status, stderr } = daxfuzzUnder(directory, limited, ...minimize);
      assert.equal(status, 3, stderr);
      assert.match(stderr, /^daxfuzz: cannot write out\.json: EFBIG[^\n]*\n$/);
      assert.deepEqual(filesBelow(directory), ['good.json', 'out.json']);
      assert.equal(fs.readFileSync(path.join(directory, 'out.json'), 'utf8'), 'before');
    }));

  test('for want of space for media ends a campaign with code 3 and one message', () =>
    inTemporaryDirectory((directory) => {
      const limited = ['sh', '-c', 'ulimit -f 1; exec "$@"', 'sh'];
      const { status, stderr } = daxfuzzUnder(directory, limited, 'run', '--execs', '10');
      assert.equal(status, 3, stderr);
      assert.match(stderr, /\ndaxfuzz: cannot map a pmem file [^\n]*EFBIG[^\n]*\n$/);
    }));

  test('for want of permission ends with code 3 and names the place', (context) =>
    inTemporaryDirectory((directory) => {
      const way = underPermissions(directory);
      if (way === null) {
        context.skip('permissions do not hold for this user');
        return;
      }
      const locked = path.join(directory, 'locked');
      writeExample(path.join(directory, 'good.json'));
      writeExample(path.join(directory, 'unreadable.json'));
      fs.mkdirSync(locked);
      fs.chmodSync(path.join(directory, 'unreadable.json'), 0);
      fs.chmodSync(locked, 0);
      const validate = ['--before', 'dax-v8', '--after', 'mainline'];
      const cases: readonly (readonly string[])[] = [
        ['replay', 'unreadable.json'],
        ['validate', 'locked', ...validate],
        ['validate', 'good.json', ...validate, '--crashes', 'locked'],
        ['minimize', 'good.json', '-o', 'locked/x.json'],
        ['replay', 'good.json', '--image', 'locked/x'],
        ['run', '--corpus', 'locked'],
        ['run', '--crashes', 'locked/below'],
      ];
      const results = cases.map((args) => daxfuzzUnder(directory, way, ...args));
      fs.chmodSync(locked, 0o700);
      results.forEach(({ status, stdout, stderr }, index) => {
        const told = `${cases[index]?.join(' ')}: ${stderr}`;
        assert.deepEqual({ status, stdout }, { status: 3, stdout: '' }, told);
        assert.match(stderr, /^daxfuzz: [^\n]*(?:locked|unreadable\.json)[^\n]*EACCES[^\n]*\n$/);
      });
      assert.deepEqual(filesBelow(directory), ['good.json', 'unreadable.json']);
    }));
});
