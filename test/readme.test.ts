/**
 * The commands of README.md are run, and must print what it shows. Only figures of time are masked;
 * `DAXFUZZ_UPDATE=1 npm test` rewrites the page.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { daxfuzz } from './helpers/cli.js';
import { inTemporaryDirectory, ROOT } from './helpers/temporary.js';

const README = path.join(ROOT, 'README.md');
const BLOCK = /```console\n\$ npx daxfuzz (.*)\n([^]*?)```\n/g;
const PROMPT = '$ npx daxfuzz ';

const maskTimes = (text: string): string =>
  text.replace(/[\d,.]+ s\b/g, 'N s').replace(/[\d,]+\/s\b/g, 'N/s');

test('the commands of README.md print what it shows', async () => {
  const text = fs.readFileSync(README, 'utf8');
  const blocks = [...text.matchAll(BLOCK)];
  assert.ok(blocks.length >= 6, `only ${blocks.length} commands in README.md`);
  let updated = text;
  await inTemporaryDirectory((directory) => {
    // What a command writes goes elsewhere; what it reads is the repository's.
    fs.mkdirSync(path.join(directory, 'crashes'));
    for (const name of ['crashes/catalogue', 'dist']) {
      fs.symlinkSync(path.join(ROOT, name), path.join(directory, name));
    }
    for (const [block, words = '', shown = ''] of blocks) {
      const { stdout, stderr, status } = daxfuzz(directory, ...words.split(' '));
      assert.ok(status === 0 || status === 1, `${words}: ${stderr}`);
      const printed = stdout.endsWith('\n') ? stdout : `${stdout}\n`;
      if (process.env['DAXFUZZ_UPDATE'] === '1') {
        if (maskTimes(printed) === maskTimes(shown)) continue;
        updated = updated.replace(
          block,
          () => `\`\`\`console\n${PROMPT}${words}\n${printed}\`\`\`\n`,
        );
      } else {
        assert.equal(maskTimes(shown), maskTimes(printed), `npx daxfuzz ${words}`);
      }
    }
  });
  if (updated !== text) fs.writeFileSync(README, updated);
});
