/** Frozen outputs in test/golden; `DAXFUZZ_UPDATE=1 npm test` rewrites them, and a review reads the diff. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './temporary.js';

export function assertGolden(name: string, actual: string): void {
  const file = path.join(ROOT, 'test', 'golden', name);
  if (process.env['DAXFUZZ_UPDATE'] === '1') {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, actual);
    return;
  }
  assert.equal(actual, fs.readFileSync(file, 'utf8'), `${name} differs from its golden file`);
}
