import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EnvironmentError } from '../../src/support/assert.js';
import { removeLeftovers, writeWhole } from '../../src/support/files.js';
import { filesBelow, inTemporaryDirectory } from '../helpers/temporary.js';

test('a file is written with the directories above it', () =>
  inTemporaryDirectory((directory) => {
    const file = path.join(directory, 'a', 'b', 'c.txt');
    writeWhole(file, 'content', { durable: true });
    assert.equal(fs.readFileSync(file, 'utf8'), 'content');
    assert.deepEqual(filesBelow(directory), ['a/b/c.txt']);
  }));

test('a place that cannot be written is an error of the environment that names it', () =>
  inTemporaryDirectory((directory) => {
    fs.writeFileSync(path.join(directory, 'file'), '');
    const file = path.join(directory, 'file', 'below');
    assert.throws(
      () => writeWhole(file, '', { durable: false }),
      (error) => error instanceof EnvironmentError && error.message.includes(file),
    );
  }));

test('half-written files of a dead process are removed, and nothing else', () =>
  inTemporaryDirectory((directory) => {
    const names = [
      'finding.json',
      'finding.json.3141592',
      '0123456789abcdef.prog.27',
      'notes.txt.1',
      'report.txt',
    ];
    for (const name of names) fs.writeFileSync(path.join(directory, name), '');
    removeLeftovers(directory, 0);
    assert.equal(filesBelow(directory).length, names.length, 'young files belong to somebody');
    removeLeftovers(directory, Date.now() + 1000);
    assert.deepEqual(filesBelow(directory), ['finding.json', 'notes.txt.1', 'report.txt']);
  }));
