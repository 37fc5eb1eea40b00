/**
 * The workload under jsfuzz, started as `npm run fuzz` starts it: a process that mutates and a worker that
 * executes, by messages. It gets five seeds of full length, without which its inputs would stay tiny.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Defect } from '../../src/support/assert.js';
import type { Choice } from '../../src/support/choice.js';
import { Prng } from '../../src/support/prng.js';
import { inTemporaryDirectory } from '../helpers/temporary.js';
import type { JsfuzzOrder, JsfuzzResult } from './jsfuzz-target.js';
import { INPUT_BYTES, ORDER_VARIABLE } from './jsfuzz-target.js';
import { countsOf } from './property.js';
import type { Measured } from './rounds.js';

const SEEDS = 5;
const SEED = 1;
export const JSFUZZ_WARM_UP = 5_000;
export const JSFUZZ_MEASURED = 20_000;
/** Only a defect makes it take so long. */
const TIMEOUT_MS = 120_000;
const TARGET = path.join(__dirname, 'jsfuzz-target.js');

/** Random bytes: every input is a program. */
export function drawInput(choice: Choice): Buffer {
  return Buffer.from(Array.from({ length: INPUT_BYTES }, () => choice.below(256)));
}

/** Of the executions after the first `warmUp`. */
export function measureJsfuzz(
  warmUp = JSFUZZ_WARM_UP,
  measured = JSFUZZ_MEASURED,
): Promise<Measured> {
  return inTemporaryDirectory(async (directory) => {
    const choice = new Prng(SEED, 0);
    const corpus = path.join(directory, 'corpus');
    fs.mkdirSync(corpus);
    for (let i = 0; i < SEEDS; i++) {
      fs.writeFileSync(path.join(corpus, `seed-${i}`), drawInput(choice));
    }
    const result = path.join(directory, 'result.json');
    const status = await start(directory, { warmUp, measured, result });
    if (status !== 0 || !fs.existsSync(result)) {
      throw new Defect(`jsfuzz ended with ${status} and without a measurement`);
    }
    const found = JSON.parse(fs.readFileSync(result, 'utf8')) as JsfuzzResult;
    const { executions, events, seconds, cpuSeconds } = found;
    return { ...countsOf(executions, events), seconds, cpuSeconds };
  });
}

/** Gives the exit status. */
function start(directory: string, order: JsfuzzOrder): Promise<number | null> {
  const jsfuzz = require.resolve('jsfuzz/build/src/index.js');
  // jsfuzz takes the target's path as relative to where it runs, which is where it writes.
  const target = path.relative(directory, TARGET);
  const child = spawn(process.execPath, [jsfuzz, target, 'corpus', '--versifier=false'], {
    cwd: directory,
    stdio: 'ignore',
    detached: true, // a process group of its own, so that its worker does not outlive a timeout
    env: { ...process.env, [ORDER_VARIABLE]: JSON.stringify(order) },
  });
  const guard = setTimeout(() => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, TIMEOUT_MS);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (status) => {
      clearTimeout(guard);
      resolve(status);
    });
  });
}
