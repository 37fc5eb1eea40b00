/** QEMU as a process, with the memory that is shared with it. */
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import { mapShared } from '../media/mmap-io.js';
import { EnvironmentError } from '../support/assert.js';
import type { MachineOptions } from './command-line.js';
import { machineArguments, RAM_BYTES } from './command-line.js';
import { Control } from './control.js';
import { buildInitrd, nativeFile } from './initrd.js';
import { openKernelImage } from './kernel-image.js';
import { Mailbox } from './mailbox.js';
import { readModules } from './modules.js';
import { Pmem } from './pmem.js';
import {
  AT_DIRTY,
  CONTROL_BYTES,
  MAILBOX_BASE,
  MAILBOX_BYTES,
  PMEM_BASE,
  PMEM_BYTES,
  RECORD_BYTES,
} from './protocol.js';
import { fillFile, unnamedFile } from './shared-memory.js';

const QEMU = 'qemu-system-x86_64';
/** Of its plugin interface, what is used here came with QEMU 10. */
const QEMU_VERSION_MIN = 10;
const QEMU_HINT =
  'on Debian 12, add bookworm-backports and apt-get install -t bookworm-backports qemu-system-x86';
/** Of the console, and of QEMU's errors, more is not kept. */
const TEXT_BYTES_MAX = 256 * 1024;

export interface Machine {
  readonly kernelVersion: string;
  readonly pid: number;
  readonly control: Control;
  readonly mailbox: Mailbox;
  readonly pmem: Pmem;
  readonly trace: Buffer;
  readonly alive: boolean;
  /** What ended QEMU if its guest did not: a signal, or an error of its own; else null. */
  readonly killer: string | null;
  /** How long its threads have been ready to run and had no processor, at most. */
  readonly starvedMs: number;
  /** The kernel's console so far, or its end. */
  readonly console: string;
  /** What QEMU itself complained about. */
  readonly errors: string;
  /** Kills QEMU. */
  stop(): void;
}

/** Whether a process runs; a zombie does not, and nobody reaps ours while we wait for it. */
function isAlive(pid: number): boolean {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    const state = stat.charAt(stat.lastIndexOf(')') + 2);
    return state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}

/** A guest that powers off or resets ends QEMU with code 0. */
function killerOf(child: ChildProcess & { pid: number }): string | null {
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
function starvedMs(pid: number): number {
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

function textOf(fd: number): string {
  const { size } = fs.fstatSync(fd);
  const length = Math.min(size, TEXT_BYTES_MAX);
  const bytes = Buffer.alloc(length);
  fs.readSync(fd, bytes, 0, length, size - length);
  return bytes.toString('latin1').replaceAll('\r', '');
}

/** The descriptors that QEMU inherits, in the order of FD, and the one that takes its complaints. */
interface Files {
  readonly ram: number;
  readonly control: number;
  readonly trace: number;
  readonly initrd: number;
  readonly console: number;
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

function spawnQemu(files: Files, words: readonly string[]): ChildProcess & { pid: number } {
  const child = spawn(QEMU, words, {
    stdio: [
      'ignore',
      files.errors,
      files.errors,
      files.ram,
      files.control,
      files.trace,
      files.initrd,
      files.console,
    ],
  });
  // Said by the missing pid already; without a listener it would end the process.
  child.on('error', () => undefined);
  const { pid } = child;
  if (pid === undefined) {
    throw new EnvironmentError(`${QEMU} cannot be started: ${QEMU_HINT}`);
  }
  child.unref();
  return Object.assign(child, { pid });
}

function describe(
  child: ChildProcess & { pid: number },
  files: Files,
  records: number,
  kernelVersion: string,
): Machine {
  let stopped = false;
  const texts = { console: '', errors: '' };
  const textNow = (name: 'console' | 'errors'): string =>
    stopped ? texts[name] : textOf(files[name]);
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', kill);
  const page = mapShared(files.control, CONTROL_BYTES);
  const control = new Control(page);
  control.capacity = records;
  return {
    kernelVersion,
    pid: child.pid,
    control,
    mailbox: new Mailbox(mapShared(files.ram, MAILBOX_BYTES, MAILBOX_BASE)),
    pmem: new Pmem(mapShared(files.ram, PMEM_BYTES, PMEM_BASE), page.subarray(AT_DIRTY)),
    trace: mapShared(files.trace, records * RECORD_BYTES),
    get alive() {
      return !stopped && isAlive(child.pid);
    },
    get killer() {
      return stopped || isAlive(child.pid) ? null : killerOf(child);
    },
    get starvedMs() {
      return starvedMs(child.pid);
    },
    get console() {
      return textNow('console');
    },
    get errors() {
      return textNow('errors');
    },
    stop() {
      if (stopped) return;
      Object.assign(texts, { console: textNow('console'), errors: textNow('errors') });
      stopped = true;
      for (const fd of [files.console, files.errors]) fs.closeSync(fd);
      process.removeListener('exit', kill);
      kill();
    },
  };
}

/** Starts QEMU with a kernel; its guest is not up yet. @throws UsageError or EnvironmentError */
export function startMachine(
  options: MachineOptions & { readonly kernel: string; readonly traceRecords: number },
): Machine {
  const kernel = openKernelImage(options.kernel);
  qemuVersion();
  const initrd = buildInitrd(readModules(kernel.modules));
  const plugin = nativeFile('plugin.so');
  const files: Files = {
    ram: unnamedFile(RAM_BYTES),
    control: unnamedFile(CONTROL_BYTES),
    trace: unnamedFile(options.traceRecords * RECORD_BYTES),
    initrd: fillFile(initrd),
    console: unnamedFile(0),
    errors: unnamedFile(0),
  };
  const child = spawnQemu(files, machineArguments(kernel.file, plugin, options));
  const machine = describe(child, files, options.traceRecords, kernel.version);
  for (const fd of [files.ram, files.control, files.trace, files.initrd]) fs.closeSync(fd);
  return machine;
}
