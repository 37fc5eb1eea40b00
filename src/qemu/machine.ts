/** One run of QEMU, with the memory that is shared with it. */
import fs from 'node:fs';
import { mapShared } from '../media/mmap-io.js';
import type { MachineOptions } from './command-line.js';
import { inherited, machineArguments, RAM_BYTES } from './command-line.js';
import { Control } from './control.js';
import { buildInitrd } from './initrd.js';
import type { KernelImage } from './kernel-image.js';
import { openKernelImage } from './kernel-image.js';
import { Mailbox } from './mailbox.js';
import { readModules } from './modules.js';
import { Monitor } from './monitor.js';
import { nativeFile } from './native-files.js';
import { Pmem } from './pmem.js';
import type { Files, Qemu } from './process.js';
import { isAlive, killerOf, qemuVersion, spawnQemu, starvedMs } from './process.js';
import {
  AT_DIRTY,
  CONTROL_BYTES,
  FD,
  MAILBOX_BASE,
  MAILBOX_BYTES,
  PMEM_BASE,
  PMEM_BYTES,
  RECORD_BYTES,
} from './protocol.js';
import { fillFile, unnamedFile } from './shared-memory.js';
import { Snapshot } from './snapshot.js';

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
  /** Loads the snapshot that it was started for: its guest runs. @throws EnvironmentError */
  goOn(): void;
  /** Ends QEMU and keeps what others can go on from. Its guest must be parked. @throws EnvironmentError */
  save(): Snapshot;
  /** Kills QEMU. */
  stop(): void;
}

function textOf(fd: number): string {
  const { size } = fs.fstatSync(fd);
  const length = Math.min(size, TEXT_BYTES_MAX);
  const bytes = Buffer.alloc(length);
  fs.readSync(fd, bytes, 0, length, size - length);
  return bytes.toString('latin1').replaceAll('\r', '');
}

function describe(
  child: Qemu,
  files: Files,
  records: number,
  kernel: KernelImage,
  snapshot: Snapshot | null,
): Machine {
  let stopped = false;
  /** Of what a snapshot would have; none of it is closed twice. */
  let own = snapshot === null ? [files.ram, files.state, files.initrd] : [files.ram];
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
  const isRunning = (): boolean => !stopped && isAlive(child.pid);
  const monitor = new Monitor(child.stdin, () => textOf(files.answers), isRunning);
  return {
    kernelVersion: kernel.version,
    pid: child.pid,
    control,
    mailbox: new Mailbox(mapShared(files.ram, MAILBOX_BYTES, MAILBOX_BASE)),
    pmem: new Pmem(mapShared(files.ram, PMEM_BYTES, PMEM_BASE), page.subarray(AT_DIRTY)),
    trace: mapShared(files.trace, records * RECORD_BYTES),
    get alive() {
      return isRunning();
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
    goOn() {
      monitor.load(inherited(FD.state));
    },
    save() {
      monitor.save(inherited(FD.state));
      own = [];
      this.stop();
      return new Snapshot(kernel, files, RAM_BYTES);
    },
    stop() {
      if (stopped) return;
      Object.assign(texts, { console: textNow('console'), errors: textNow('errors') });
      stopped = true;
      for (const fd of [files.console, files.errors, files.answers, ...own]) fs.closeSync(fd);
      process.removeListener('exit', kill);
      kill();
    },
  };
}

/**
 * Starts QEMU with a kernel, or for going on from a snapshot; its guest is not up yet.
 * @throws UsageError or EnvironmentError
 */
export function startMachine(
  options: MachineOptions & { readonly kernel: string; readonly traceRecords: number },
  snapshot: Snapshot | null = null,
): Machine {
  const { traceRecords } = options;
  const kernel = snapshot?.kernel ?? openKernelImage(options.kernel);
  if (snapshot === null) qemuVersion();
  const plugin = nativeFile('plugin.so');
  const files: Files = {
    ...(snapshot?.files() ?? {
      ram: unnamedFile(RAM_BYTES),
      state: unnamedFile(0),
      initrd: fillFile(buildInitrd(readModules(kernel.modules))),
    }),
    control: unnamedFile(CONTROL_BYTES),
    trace: unnamedFile(traceRecords * RECORD_BYTES),
    console: unnamedFile(0),
    answers: unnamedFile(0),
    errors: unnamedFile(0),
  };
  const words = machineArguments(kernel.file, plugin, options, snapshot !== null);
  const machine = describe(spawnQemu(files, words), files, traceRecords, kernel, snapshot);
  for (const fd of [files.control, files.trace]) fs.closeSync(fd);
  return machine;
}
