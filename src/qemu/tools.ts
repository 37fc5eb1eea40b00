/** The tools of the file systems, run on images: mkfs and fsck. */
import { spawnSync } from 'node:child_process';
import type { StdioOptions } from 'node:child_process';
import { EnvironmentError } from '../support/assert.js';

export interface Tool {
  readonly command: string;
  /** Debian's, that has it. */
  readonly package: string;
}

export interface ToolResult {
  /** What the tool exited with. */
  readonly status: number;
  /** What it said: output, then errors. */
  readonly text: string;
}

export interface ToolOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** A descriptor that the tool has as /proc/self/fd/3. */
  readonly fd?: number;
}

export const TOOL_FD = '/proc/self/fd/3';
const TEXT_BYTES_MAX = 16 * 1024 * 1024;

/** Runs a tool to its end. @throws EnvironmentError when it cannot be started, or was killed. */
export function runTool(
  tool: Tool,
  words: readonly string[],
  options: ToolOptions = {},
): ToolResult {
  const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
  if (options.fd !== undefined) stdio.push(options.fd);
  const { error, status, signal, stdout, stderr } = spawnSync(tool.command, [...words], {
    env: {
      ...process.env,
      ...options.environment,
      // Ordinary users have no sbin directories in their path.
      PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
      // What the tools say is compared and shown.
      LC_ALL: 'C',
    },
    stdio,
    encoding: 'utf8',
    maxBuffer: TEXT_BYTES_MAX,
  });
  if (error !== undefined) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new EnvironmentError(
      missing
        ? `${tool.command} is missing: apt-get install ${tool.package}`
        : `cannot run ${tool.command}: ${error.message}`,
    );
  }
  if (status === null) throw new EnvironmentError(`${tool.command} was killed by ${signal}`);
  return { status, text: `${stdout}${stderr}` };
}
