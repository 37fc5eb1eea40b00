/** QEMU as a process: how it is started, whether it lives, and what ended it. */
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import type { Writable } from 'node:stream';
import { EnvironmentError } from '../support/assert.js';

const QEMU = 'qemu-system-x86_64';
/** Of its plugin interface, what is used here came with QEMU 10. */
const QEMU_VERSION_MIN = 10;
const QEMU_HINT =
  'on Debian 12, add bookworm-backports and apt-get install -t bookworm-backports qemu-system-x86';

/** The descriptors that QEMU inherits, in the order of FD, and those that take what it says itself. */
export interface Files {
  readonly ram: number;
  readonly control: number;
  readonly trace: number;
  readonly initrd: number;
  readonly console: number;
  /** Of the devices, for a snapshot. */
  readonly state: number;
  readonly answers: number;
  readonly errors: number;
}

/** What "--version" says, checked. @throws EnvironmentError when QEMU is missing or too old. */
export function qemuVersion(): string {
  const { error, stdout } = spawnSync(QEMU, ['--version'], { encoding: 'utf8' });
  if (error !== undefined) throw new EnvironmentError(`${QEMU} is missing: ${QEMU_HINT}`);
  const [, version, major] = /version ((\d+)[.\d]*)/.exec(stdout) ?? [];
  if (version === undefined) throw new EnvironmentError(`${QEMU} does not say its version`);
  if (Number(major) >= QEMU_VERSION_MIN) return version;
  throw new EnvironmentError(
    `${QEMU} is version ${version}, needed is ${QEMU_VERSION_MIN} or newer: ${QEMU_HINT}`,
  );
}

export type Qemu = ChildProcess & { readonly pid: number; readonly stdin: Writable };

export function spawnQemu(files: Files, words: readonly string[]): Qemu {
  const child = spawn(QEMU, words, {
    stdio: [
      'pipe',
      files.answers,
      files.errors,
      files.ram,
      files.control,
      files.trace,
      files.initrd,
      files.console,
      files.state,
    ],
  });
  // Said by the missing pid already; without a listener it would end the process.
  child.on('error', () => undefined);
  const { pid, stdin } = child;
  if (pid === undefined || stdin === null) {
    throw new EnvironmentError(`${QEMU} cannot be started: ${QEMU_HINT}`);
  }
  child.unref();
  return Object.assign(child, { pid, stdin });
}

/** Whether a process runs; a zombie does not, and nobody reaps ours while we wait for it. */
export function isAlive(pid: number): boolean {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const state = stat.charAt(stat.lastIndexOf(')') + 2);
    return state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}

/** A guest that powers off or resets ends QEMU with code 0. */
export function killerOf(child: Qemu): string | null {
  let { signalCode: signal, exitCode: code } = child;
  if (signal === null && code === null) {
    // Not reaped yet: the last word of a zombie's stat is what wait(2) would give.
    let status = 0;
    try {
      const words = fs.readFileSync(`/proc/${child.pid}/stat`, 'latin1').trim().split(' ');
      status = Number(words.at(-1));
    } catch {
      // It is gone, and nobody knows how.
    }
    const number = status & 0x7f;
    const [name] = Object.entries(os.constants.signals).find(([, n]) => n === number) ?? [null];
    signal = name as NodeJS.Signals | null;
    code = status >> 8;
  }
  if (signal !== null) return signal;
  return code === null || code === 0 ? null : `code ${code}`;
}

/** By the kernel's count of run delays, of the thread that was delayed most; 0 where it keeps none. */
export function starvedMs(pid: number): number {
  let longest = 0;
  try {
    for (const thread of fs.readdirSync(`/proc/${pid}/task`)) {
      const text = fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1');
      longest = Math.max(longest, Number(text.split(' ')[1] ?? 0));
    }
  } catch {
    // It has ended, or this kernel does not count.
  }
  return longest / 1e6;
}
