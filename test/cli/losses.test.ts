/**
 * Campaigns in which something breaks: a worker thread, the disk, daxfuzz itself. A script loaded before
 * daxfuzz, in every thread, breaks it at an exact place.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { parseReproducer } from '../../src/finding/reproducer.js';
import type { Ended } from '../helpers/child.js';
import { Child } from '../helpers/child.js';
import { checkAnnounced, checkFiles } from '../helpers/kill.js';
import { inTemporaryDirectory, ROOT } from '../helpers/temporary.js';

const PLACES = ['--corpus', 'corpora', '--crashes', 'crashes'];
/** A module of daxfuzz as a string of JavaScript. */
const moduleOf = (name: string): string => JSON.stringify(path.join(ROOT, 'dist', 'src', name));

/** Runs a campaign with `script` loaded first; `inWorker` and `number` say where it is. */
async function broken(
  directory: string,
  script: string,
  ...args: readonly string[]
): Promise<Ended> {
  const file = path.join(directory, 'break.cjs');
  const head =
    "const { isMainThread, threadId: number } = require('node:worker_threads');\n" +
    'const inWorker = !isMainThread;\n';
  fs.writeFileSync(file, head + script);
  const all = ['run', '--kernel', 'dax-v8', '--seed', '7', ...PLACES, ...args];
  return new Child(directory, all, ['--require', file]).ended;
}

/** Runs `then` (JavaScript) in each worker as a batch `begins` or ends; `batches` counts them. */
const atBatch = (when: 'begins' | 'ends', then: string): string => `
  if (inWorker) {
    const { Fuzzer } = require(${moduleOf('campaign/fuzzer.js')});
    const { batch } = Fuzzer.prototype;
    let batches = 0;
    Fuzzer.prototype.batch = function (order) {
      batches++;
      const result = ${when === 'ends'} ? batch.call(this, order) : null;
      ${then}
      return result ?? batch.call(this, order);
    };
  }`;

/** Lets files whose path matches be written by half. */
const fullDisk = (pattern: string): string => `
  const fs = require('node:fs');
  const { writeFileSync } = fs;
  fs.writeFileSync = (file, content, ...more) => {
    if (!${pattern}.test(String(file))) return writeFileSync(file, content, ...more);
    writeFileSync(file, String(content).slice(0, 20));
    throw new Error('ENOSPC: no space left on device, write');
  };`;

describe('a worker that dies', () => {
  test('is replaced, its batch is done again, and nothing found is lost', () =>
    inTemporaryDirectory(async (directory) => {
      const dies = atBatch('ends', 'if (number === 1 && batches === 1) process.exit(1);');
      const args = ['--workers', '2', '--execs', '1000'];
      const { status, stdout, stderr } = await broken(directory, dies, ...args);
      assert.equal(status, 1, stderr);
      assert.match(stderr, /^daxfuzz: a worker died \(.*\); it is replaced, its batch does not/m);
      assert.match(stdout, /^1,000 executions/m);
      assert.match(stdout, /^1 worker died and had to be replaced$/m);
      assert.ok(checkAnnounced(directory, stderr) > 0, stderr);
      assert.equal(checkFiles(directory).leftovers, 0);
    }));

  test('again and again ends the campaign with code 3 and what was found before', () =>
    inTemporaryDirectory(async (directory) => {
      const die = atBatch('begins', 'if (batches === 2 || number > 1) process.exit(1);');
      const { status, stdout, stderr } = await broken(directory, die, '--workers', '1');
      assert.equal(status, 3, stderr);
      assert.match(stderr, /\ndaxfuzz: 5 workers died in a row \([^\n]*\): is there enough memory/);
      const announced = checkAnnounced(directory, stderr);
      assert.ok(announced > 0, stderr);
      assert.match(stdout, new RegExp(`^${announced} finding`, 'm'));
    }));
});

describe('a disk that is full', () => {
  test('for findings ends the campaign with code 3, and each is printed instead', () =>
    inTemporaryDirectory(async (directory) => {
      const full = fullDisk('/finding\\.json\\.\\d+$/');
      const { status, stdout, stderr } = await broken(directory, full, '--workers', '1');
      assert.equal(status, 3, stderr);
      assert.match(stderr, /\ndaxfuzz: cannot write crashes\/[^\n]*ENOSPC[^\n]*; free some space/);
      assert.match(stdout, /^no finding$/m);
      const printed = stderr.split('finding not stored; here it is:\n').slice(1);
      assert.ok(printed.length > 1, 'expected the other findings of the batch as well');
      for (const text of printed) {
        const { signature } = parseReproducer(text.slice(0, text.indexOf('\n}\n') + 2), 'stderr');
        assert.match(signature, /^P\d+ [a-z-]+$/);
      }
      assert.deepEqual(checkFiles(directory), { programs: 0, leftovers: 0 });
    }));

  test('for programs ends all workers of a campaign without a bound, with code 3', () =>
    inTemporaryDirectory(async (directory) => {
      const full = fullDisk('/\\.prog\\.\\d+$/');
      const { status, stderr } = await broken(directory, full, '--workers', '2');
      assert.equal(status, 3, stderr);
      assert.match(stderr, /\ndaxfuzz: cannot write corpora\/[^\n]*ENOSPC[^\n]*\n$/);
      assert.ok(checkAnnounced(directory, stderr) > 0, stderr);
      assert.deepEqual(checkFiles(directory), { programs: 0, leftovers: 0 });
    }));
});

describe('a defect of daxfuzz', () => {
  test('ends with code 70 and the seed, and what its batch had found is filed', () =>
    inTemporaryDirectory(async (directory) => {
      // Right after the third finding was minimised, long before its batch has ended.
      const defect = `
        if (inWorker) {
          const record = require(${moduleOf('minimize/record.js')});
          const { minimized } = record;
          let count = 0;
          record.minimized = (...args) => {
            if (++count > 3) throw new Error('broken by the test');
            return minimized(...args);
          };
        }`;
      const { status, stdout, stderr } = await broken(directory, defect, '--workers', '1');
      assert.equal(status, 70, stderr);
      assert.match(
        stderr,
        /^daxfuzz: BUG: broken by the test\n.*\n?.*seed 7, execution \d+ of a w/m,
      );
      assert.match(stderr, /^t0: f0 = open/m);
      assert.equal(checkAnnounced(directory, stderr), 3);
      assert.match(stdout, /^3 findings:/m);
      checkFiles(directory);
    }));
});
