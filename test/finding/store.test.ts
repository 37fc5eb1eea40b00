import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, mock, test } from 'node:test';
import { printReproducer, REPRODUCER_BYTES_MAX } from '../../src/finding/reproducer.js';
import {
  findReproducers,
  readReproducer,
  reproducerPath,
  storeFinding,
} from '../../src/finding/store.js';
import { EnvironmentError, UsageError } from '../../src/support/assert.js';
import { exampleFinding } from '../helpers/reproducers.js';
import { filesBelow, inTemporaryDirectory } from '../helpers/temporary.js';

const { reproducer } = exampleFinding();
const text = printReproducer(reproducer);
const FINDING = `${reproducer.id}/finding.json`;
const REPORT = `${reproducer.id}/report.txt`;

/** Lets a disk be full while `body` runs: of files whose name begins so, half is written. */
function withFullDisk(name: string, body: () => void): void {
  const { writeFileSync } = fs;
  const full = mock.method(fs, 'writeFileSync', (file: string, content: string) => {
    if (!path.basename(file).startsWith(name)) return writeFileSync(file, content);
    writeFileSync(file, content.slice(0, content.length / 2));
    throw new Error('ENOSPC: no space left on device, write');
  });
  try {
    body();
    assert.ok(full.mock.callCount() > 0, 'expected the full disk to be met');
  } finally {
    full.mock.restore();
  }
}

describe('the store of findings', () => {
  test('keeps each in a directory named by its id, with its report', () =>
    inTemporaryDirectory((directory) => {
      storeFinding(directory, reproducer, 'the report\n');
      assert.deepEqual(filesBelow(directory), [FINDING, REPORT]);
      assert.equal(reproducerPath(directory, reproducer), path.join(directory, FINDING));
      assert.deepEqual(readReproducer(path.join(directory, FINDING)), reproducer);
      assert.equal(fs.readFileSync(path.join(directory, REPORT), 'utf8'), 'the report\n');
    }));

  test('overwrites nothing that is there already', () =>
    inTemporaryDirectory((directory) => {
      storeFinding(directory, reproducer, 'first\n');
      storeFinding(directory, { ...reproducer, title: 'another title' }, 'second\n');
      assert.deepEqual(filesBelow(directory), [FINDING, REPORT]);
      assert.equal(fs.readFileSync(path.join(directory, FINDING), 'utf8'), text);
      assert.equal(fs.readFileSync(path.join(directory, REPORT), 'utf8'), 'first\n');
    }));

  test('sets a damaged reproducer aside instead of losing the finding or the file', () =>
    inTemporaryDirectory((directory) => {
      const file = path.join(directory, FINDING);
      fs.mkdirSync(path.dirname(file));
      const damaged = [text.slice(0, 100), ''];
      for (const content of damaged) {
        fs.writeFileSync(file, content);
        storeFinding(directory, reproducer, 'report\n');
        assert.deepEqual(readReproducer(file), reproducer);
      }
      const aside = ['.damaged', '.damaged-2'].map((end) => fs.readFileSync(file + end, 'utf8'));
      assert.deepEqual(aside, damaged);
      assert.deepEqual(findReproducers([directory]), [file]);
    }));

  test('has no half-written finding when the disk is full, and the whole one when it no longer is', () =>
    inTemporaryDirectory((directory) => {
      const store = (): void => storeFinding(directory, reproducer, 'report\n');
      withFullDisk('report.txt', () => assert.throws(store, EnvironmentError));
      assert.deepEqual(filesBelow(directory), []);
      withFullDisk('finding.json', () => assert.throws(store, EnvironmentError));
      assert.deepEqual(filesBelow(directory), [REPORT]);
      store();
      assert.deepEqual(filesBelow(directory), [FINDING, REPORT]);
      assert.deepEqual(readReproducer(path.join(directory, FINDING)), reproducer);
    }));

  test('waits for the disk to have the file before its name, and the names of new directories', () =>
    inTemporaryDirectory((directory) => {
      const steps: string[] = [];
      const { fsyncSync, renameSync } = fs;
      const sync = mock.method(fs, 'fsyncSync', (fd: number) => {
        steps.push(`sync ${path.relative(directory, fs.readlinkSync(`/proc/self/fd/${fd}`))}`);
        fsyncSync(fd);
      });
      const rename = mock.method(fs, 'renameSync', (from: string, to: string) => {
        steps.push(`rename ${path.relative(directory, to)}`);
        renameSync(from, to);
      });
      try {
        storeFinding(path.join(directory, 'x'), reproducer, 'report\n');
      } finally {
        sync.mock.restore();
        rename.mock.restore();
      }
      const { id } = reproducer;
      const named = steps.map((step) => step.replace(/\.\d+$/, '.TMP'));
      assert.deepEqual(named, [
        `sync x/${id}/report.txt.TMP`,
        `rename x/${id}/report.txt`,
        `sync x/${id}`,
        'sync x',
        'sync ',
        `sync x/${id}/finding.json.TMP`,
        `rename x/${id}/finding.json`,
        `sync x/${id}`,
      ]);
    }));

  test('says where it could not write', () =>
    inTemporaryDirectory((directory) => {
      const file = path.join(directory, 'file');
      fs.writeFileSync(file, '');
      assert.throws(
        () => storeFinding(file, reproducer, 'report\n'),
        (error) => error instanceof EnvironmentError && error.message.includes(file),
      );
    }));
});

describe('reading a reproducer', () => {
  const refuses = (file: string, message: RegExp): void =>
    assert.throws(
      () => readReproducer(file),
      (error) =>
        error instanceof UsageError &&
        error.message.startsWith(`${file}: `) &&
        message.test(error.message),
    );

  test('refuses what is missing, a directory or below a file', () =>
    inTemporaryDirectory((directory) => {
      const file = path.join(directory, 'x.json');
      fs.writeFileSync(file, text);
      refuses(path.join(directory, 'nowhere.json'), /no such file/);
      refuses(path.join(file, 'below'), /no such file/);
      refuses(directory, /is a directory/);
      refuses(path.join(directory, 'n'.repeat(300)), /no such file/);
    }));

  test('refuses a file larger than any reproducer without reading it', () =>
    inTemporaryDirectory((directory) => {
      const file = path.join(directory, 'x.json');
      fs.writeFileSync(file, text);
      fs.truncateSync(file, REPRODUCER_BYTES_MAX + 1);
      const read = mock.method(fs, 'readFileSync');
      try {
        refuses(file, new RegExp(`${REPRODUCER_BYTES_MAX + 1} bytes, more than`));
        assert.equal(read.mock.callCount(), 0);
      } finally {
        read.mock.restore();
      }
    }));

  test('refuses a pipe, which could keep it waiting for ever', () =>
    inTemporaryDirectory((directory) => {
      const file = path.join(directory, 'pipe.json');
      assert.equal(spawnSync('mkfifo', [file]).status, 0);
      refuses(file, /not a regular file/);
    }));
});

describe('searching for reproducers', () => {
  test('takes files as they are named and directories apart, in the order of the names', () =>
    inTemporaryDirectory((directory) => {
      const names = ['b/finding.json', 'a/x/finding.json', 'a/report.txt', 'c.json.123'];
      for (const name of names) {
        fs.mkdirSync(path.dirname(path.join(directory, name)), { recursive: true });
        fs.writeFileSync(path.join(directory, name), '');
      }
      const at = (name: string): string => path.join(directory, name);
      assert.deepEqual(findReproducers([directory]), [
        at('a/x/finding.json'),
        at('b/finding.json'),
      ]);
      assert.deepEqual(findReproducers([at('c.json.123'), at('b')]), [
        at('c.json.123'),
        at('b/finding.json'),
      ]);
    }));

  test('is refused where there is none, or no such directory', () =>
    inTemporaryDirectory((directory) => {
      assert.throws(() => findReproducers([directory]), /^UsageError: .*no reproducer/);
      const missing = path.join(directory, 'x');
      assert.throws(() => findReproducers([missing]), /^UsageError: .*x: no such file/);
    }));
});
