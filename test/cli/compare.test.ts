import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { daxfuzz } from '../helpers/cli.js';
import { ROOT } from '../helpers/temporary.js';

const A1 = path.join(ROOT, 'crashes', 'catalogue', 'A1.json');

describe('daxfuzz compare', () => {
  test('counts how often a reproducer fails on each kernel', () => {
    const args = [A1, '--kernel', 'mainline', '--kernel', 'dax-v8', '--times', '3'];
    const { status, stdout, stderr } = daxfuzz(ROOT, 'compare', ...args);
    assert.equal(status, 1, stderr);
    const [head, row] = stdout.split('\n');
    assert.match(head ?? '', /^reproducer +file system +mainline +dax-v8$/);
    assert.match(row ?? '', /^A1 +ext4 +0 of 3 +3 of 3$/);
    assert.match(stderr, /A1\.json on ext4, dax-v8: 3 of 3/);
  });

  test('exits with 0 where nothing fails, and says what else failed', () => {
    assert.equal(daxfuzz(ROOT, 'compare', A1, '--kernel', 'mainline').status, 0);
    const other = daxfuzz(ROOT, 'compare', A1, '--kernel', 'linux-4.0');
    assert.equal(other.status, 1);
    assert.match(other.stdout, /^A1 +ext4 +0 of 1, 1 with P3 never-tagged$/m);
  });

  test('wants a kernel, and one that there is', () => {
    const without = daxfuzz(ROOT, 'compare', A1);
    assert.equal(without.status, 2);
    assert.match(without.stderr, /--kernel/);
    assert.equal(daxfuzz(ROOT, 'compare', A1, '--kernel', 'none').status, 2);
    assert.equal(daxfuzz(ROOT, 'compare', A1, '--kernel', 'mainline', '--fs', 'btrfs').status, 2);
  });
});
