/** What was found on stock kernels stays readable; running it takes the kernels. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { programOf } from '../src/finding/reproducer.js';
import { findReproducers, readReproducer } from '../src/finding/store.js';
import { printProgram } from '../src/program/text.js';
import { daxfuzz } from './helpers/cli.js';
import { inTemporaryDirectory, ROOT } from './helpers/temporary.js';

const DIRECTORY = path.join(ROOT, 'crashes', 'linux');

describe('a reproducer of a stock kernel', () => {
  const files = findReproducers([DIRECTORY]);

  test('is there for each report, and each is told of', () => {
    const names = files.map((file) => path.basename(file, '.json'));
    const reports = fs.readdirSync(DIRECTORY).filter((name) => name.endsWith('.txt'));
    assert.deepEqual(
      reports.map((name) => path.basename(name, '.txt')),
      names,
    );
    const readme = fs.readFileSync(path.join(DIRECTORY, 'README.md'), 'utf8');
    for (const name of names) assert.ok(readme.includes(`**\`${name}\``), name);
  });

  for (const file of files) {
    test(`reads as it was filed: ${path.basename(file)}`, () => {
      const reproducer = readReproducer(file);
      assert.match(
        reproducer.kernel,
        /^qemu:kernel\/(boot\/vmlinuz-|usr\/lib\/modules\/[^/]+\/vmlinuz$)/,
      );
      assert.deepEqual(reproducer.hits, { runs: 10, failures: 10 });
      const lines = printProgram(programOf(reproducer)).split('\n');
      assert.deepEqual(
        lines.filter((line) => line !== ''),
        reproducer.program,
      );
    });
  }
});

test('a reproducer of a stock kernel runs on another one where that is not at hand', async () => {
  const file = path.join(DIRECTORY, 'cow-keeps-old-mapping.json');
  await inTemporaryDirectory((directory) => {
    const elsewhere = daxfuzz(directory, 'replay', file, '--kernel', 'linux-6.1');
    assert.equal(elsewhere.status, 1, elsewhere.stderr);
    assert.match(elsewhere.stdout, /fails in another way than recorded \(P4 store-lost\)/);
    const there = daxfuzz(directory, 'replay', file);
    assert.equal(there.status, 2);
    assert.match(there.stderr, /no such file/);
  });
});
