/** `daxfuzz explain` in each of its forms. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { daxfuzz } from '../helpers/cli.js';
import { writeExample } from '../helpers/reproducers.js';
import { inTemporaryDirectory } from '../helpers/temporary.js';

const FORMS: readonly (readonly [string, RegExp, RegExp])[] = [
  ['text', /^msync returned 0 too early/, /\nReplay: npx daxfuzz replay good\.json\n$/],
  ['svg', /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /, /<\/svg>\n$/],
  ['html', /^<!DOCTYPE html>\n/, /<\/html>\n$/],
  ['c', /^\/\*\n \* msync returned 0 too early/, /\nint main\([^]*\n\}\n$/],
];

describe('daxfuzz explain', () => {
  for (const [format, start, end] of FORMS) {
    test(`--format ${format} prints that form, and nothing else`, () =>
      inTemporaryDirectory((directory) => {
        writeExample(path.join(directory, 'good.json'));
        const explained = daxfuzz(directory, 'explain', 'good.json', '--format', format);
        assert.equal(explained.status, 0, explained.stderr);
        assert.equal(explained.stderr, '');
        assert.match(explained.stdout, start);
        assert.match(explained.stdout, end);
      }));
  }

  test('without a format prints text', () =>
    inTemporaryDirectory((directory) => {
      writeExample(path.join(directory, 'good.json'));
      const plain = daxfuzz(directory, 'explain', 'good.json');
      const text = daxfuzz(directory, 'explain', 'good.json', '--format', 'text');
      assert.equal(plain.stdout, text.stdout);
    }));

  test('names the forms in its help', () =>
    inTemporaryDirectory((directory) => {
      const { stdout } = daxfuzz(directory, 'explain', '--help');
      assert.match(stdout, /--format <name>\s+text, svg, html, or c: /);
    }));
});
