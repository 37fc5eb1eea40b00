/** What a replay leaves on disk for those who want to look for themselves. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { daxfuzz } from '../helpers/cli.js';
import { inTemporaryDirectory, ROOT } from '../helpers/temporary.js';

const A1 = path.join(ROOT, 'crashes', 'catalogue', 'A1.json');

describe('replay --files', () => {
  test('writes what a mount finds after the power failure: without what was lost', async () => {
    await inTemporaryDirectory((directory) => {
      const lost = daxfuzz(directory, 'replay', A1, '--files', 'after');
      assert.match(lost.stdout, /a\+0x0 reads 0x0 after the crash, expected 0x4/);
      const file = path.join(directory, 'after', 'a');
      assert.equal(fs.readFileSync(file)[0], 0);
      const kept = daxfuzz(directory, 'replay', A1, '--kernel', 'mainline', '--files', 'after');
      assert.equal(kept.status, 0, kept.stderr);
      assert.equal(fs.readFileSync(file)[0], 4);
    });
  });

  test('wants a directory', async () => {
    await inTemporaryDirectory((directory) => {
      fs.writeFileSync(path.join(directory, 'taken'), '');
      const { status, stderr } = daxfuzz(directory, 'replay', A1, '--files', 'taken');
      assert.equal(status, 2);
      assert.match(stderr, /--files: .*taken is not a directory/);
    });
  });
});
