/** Everything twice: nothing that daxfuzz finds may depend on when, where or after what it ran. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { replayOnce } from '../src/cli/replay-once.js';
import { resolveKernel } from '../src/kernel/model-target.js';
import { signatureOf } from '../src/finding/finding.js';
import { readReproducer } from '../src/finding/store.js';
import { at } from '../src/support/assert.js';
import type { CliResult } from './helpers/cli.js';
import { daxfuzz } from './helpers/cli.js';
import { fingerprint, outcomeText, samples } from './helpers/fingerprint.js';
import { lineOf } from './helpers/lines.js';
import { filesBelow, inTemporaryDirectory, ROOT } from './helpers/temporary.js';

const KERNELS = ['mainline', 'dax-v8', 'dax-v2', 'linux-4.0', 'linux-6.16', 'mainline+A4'];
const COUNT = 300;

for (const kernel of KERNELS) {
  describe(`an execution on ${kernel}`, () => {
    const [name, ...bugs] = kernel.split('+');
    const setup = { kernel: name ?? '', bugs };

    test('is the same before and after another one on the same line, and on a fresh line', () => {
      const line = lineOf(setup);
      const drawn = samples(11n, COUNT);
      const outcomes = new Set<string>();
      for (let i = 0; i < COUNT; i++) {
        const sample = at(drawn, i);
        const first = outcomeText(line, sample);
        outcomeText(line, at(drawn, (i + 1) % COUNT));
        assert.equal(outcomeText(line, sample), first, `program ${i}, after another one`);
        assert.equal(outcomeText(lineOf(setup), sample), first, `program ${i}, on a fresh line`);
        outcomes.add(first);
      }
      assert.ok(outcomes.size > COUNT * 0.9, `only ${outcomes.size} of ${COUNT} differ`);
    });

    test('is the same in another process', () => {
      const script = path.join(ROOT, 'dist', 'test', 'helpers', 'fingerprint.js');
      const words = [script, kernel, '12', String(COUNT)];
      const child = spawnSync(process.execPath, words, { encoding: 'utf8' });
      assert.equal(child.stderr, '');
      assert.match(child.stdout, /^[0-9a-f]{16}$/);
      assert.equal(child.stdout, fingerprint(kernel, 12n, COUNT));
      assert.notEqual(child.stdout, fingerprint(kernel, 13n, COUNT));
    });
  });
}

describe('a campaign with one worker and a number of executions', () => {
  const FLAGS = '--kernel dax-v8 --seed 3 --execs 20000 --workers 1 --json'.split(' ');

  /** The JSON without the figures that are measured. */
  function withoutTimes(result: CliResult): string {
    const times = /"(elapsedMs|executionsPerSecond|findingsMs|elapsedMsToFind)": \d+/g;
    assert.ok((result.stdout.match(times) ?? []).length > 2, result.stderr);
    return result.stdout.replace(times, '"$1": 0');
  }

  function contents(directory: string): Record<string, string> {
    const files = filesBelow(directory);
    const read = (file: string): string => fs.readFileSync(path.join(directory, file), 'utf8');
    return Object.fromEntries(files.map((file) => [file, read(file)]));
  }

  test('prints and writes the same bytes in every directory, and its findings replay', async () => {
    await inTemporaryDirectory((directory) => {
      const results = ['one', 'two'].map((name) => {
        const cwd = path.join(directory, name);
        fs.mkdirSync(cwd);
        const result = daxfuzz(cwd, 'run', ...FLAGS);
        assert.equal(result.status, 1, result.stderr);
        return { cwd, printed: withoutTimes(result), written: contents(cwd) };
      });
      const [one, two] = [at(results, 0), at(results, 1)];
      assert.equal(one.printed, two.printed);
      assert.deepEqual(one.written, two.written);
      const folders = new Set(Object.keys(one.written).map((file) => file.split(path.sep)[0]));
      assert.deepEqual([...folders], ['corpora', 'crashes']);
      assertReplays(one.cwd, Object.keys(one.written));
    });
  });

  /** Each finding replays to the trace that it was recorded with, and shows its signature there. */
  function assertReplays(cwd: string, names: readonly string[]): void {
    const files = names.filter((name) => path.basename(name) === 'finding.json');
    assert.ok(files.length >= 10, `only ${files.length} findings`);
    for (const name of files) {
      const file = path.join(cwd, name);
      const reproducer = readReproducer(file);
      const kernel = resolveKernel(reproducer.kernel, reproducer.bugs);
      const { result, violations } = replayOnce({ file, kernel, mode: 'strict' });
      assert.equal(result.hash, reproducer.traceHash, name);
      assert.equal(result.followed, reproducer.schedule.length, name);
      assert.ok(violations.map(signatureOf).includes(reproducer.signature), name);
    }
  }
});
