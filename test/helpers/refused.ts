/** What the contract says of every wrong input: code 2, one line that helps, and nothing else happens. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { byText } from '../../src/support/order.js';
import type { CliResult } from './cli.js';
import { daxfuzz, MAIN } from './cli.js';

/** One line for people: no control character but the newline at its end. */
const ONE_LINE = /^daxfuzz: [^\u0000-\u001f\u007f-\u009f\u2028-\u202e]{10,1000}\n$/;

/** Everything below a directory: names, sizes and times of change. */
function stateOf(directory: string): string[] {
  const entries = fs.readdirSync(directory, { withFileTypes: true, recursive: true });
  return entries
    .map((entry) => {
      const name = path.join(entry.parentPath, entry.name);
      const { size, mtimeMs } = fs.lstatSync(name);
      return entry.isDirectory() ? name : `${name} ${size} ${mtimeMs}`;
    })
    .sort(byText);
}

/** Refused with exit code `status`, 2 for the user and 3 for the machine, and a message that fits. */
export function refuses(
  cwd: string,
  args: readonly string[],
  message: RegExp,
  status: 2 | 3 = 2,
): void {
  const before = stateOf(cwd);
  const result = daxfuzz(cwd, ...args);
  const told = `daxfuzz ${args.join(' ')}: ${JSON.stringify(result)}`;
  assert.equal(result.status, status, told);
  assert.equal(result.stdout, '', told);
  assert.match(result.stderr, ONE_LINE, told);
  assert.match(result.stderr, message, told);
  assert.deepEqual(stateOf(cwd), before, told);
}

/** daxfuzz started by another command, which takes it as its arguments. */
export function daxfuzzUnder(
  cwd: string,
  command: readonly string[],
  ...args: readonly string[]
): CliResult {
  const [name = '', ...before] = command;
  const { status, stdout, stderr } = spawnSync(name, [...before, process.execPath, MAIN, ...args], {
    cwd,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}
