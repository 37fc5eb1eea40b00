/** Runs the command line as a user does, in a directory of its own. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ROOT } from './temporary.js';

export const MAIN = path.join(ROOT, 'dist', 'src', 'cli', 'main.js');
const TIMEOUT_MS = 120_000;

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function daxfuzz(cwd: string, ...args: readonly string[]): CliResult {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], {
    cwd,
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    maxBuffer: 1 << 28,
  });
  return { status, stdout, stderr };
}
