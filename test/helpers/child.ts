/** A daxfuzz that runs beside the test, to be stopped in the middle. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { MAIN } from './cli.js';

/** A run that nothing ends; only a defect makes a test wait so long. */
const TIMEOUT_MS = 120_000;

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class Child {
  private stdout = '';
  private stderr = '';
  private readonly child: ChildProcess;
  private readonly guard: NodeJS.Timeout;
  readonly ended: Promise<Ended>;

  /** `nodeOptions` come before the program, as `--require FILE`. */
  constructor(cwd: string, args: readonly string[], nodeOptions: readonly string[] = []) {
    // In a process group of its own, which is killed whole.
    this.child = spawn(process.execPath, [...nodeOptions, MAIN, ...args], { cwd, detached: true });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.guard = setTimeout(() => this.signalGroup('SIGKILL'), TIMEOUT_MS);
    this.ended = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (status, signal) => {
        clearTimeout(this.guard);
        resolve({ status, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  /** To the process and whatever it started, if it still runs. */
  signalGroup(signal: NodeJS.Signals): void {
    const { pid, exitCode, signalCode } = this.child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    process.kill(-pid, signal);
  }

  /** Waits until stderr holds `count` matches, or the process has ended; gives whether it does. */
  async seen(pattern: RegExp, count = 1): Promise<boolean> {
    const matches = (): boolean => [...this.stderr.matchAll(pattern)].length >= count;
    while (!matches()) {
      const more = new Promise<boolean>((resolve) => {
        this.child.stderr?.once('data', () => resolve(true));
      });
      const goesOn = await Promise.race([more, this.ended.then(() => false)]);
      if (!goesOn) return matches();
    }
    return true;
  }
}
