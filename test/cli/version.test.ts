import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { VERSION } from '../../src/support/version.js';
import { daxfuzz } from '../helpers/cli.js';
import { ROOT } from '../helpers/temporary.js';

test('the version that reproducers name is the one of the package, and the one that is printed', () => {
  const manifest = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    version: string;
  };
  assert.equal(VERSION, manifest.version);
  assert.deepEqual(daxfuzz(ROOT, '--version'), {
    status: 0,
    stdout: `${manifest.version}\n`,
    stderr: '',
  });
});
