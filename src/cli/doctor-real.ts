/**
 * What real kernels need (`--kernel qemu:PATH`): looked at by using it, as far as that takes no time. A guest
 * is not booted.
 */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { RAM_BYTES } from '../qemu/command-line.js';
import type { FilesystemName } from '../target/real.js';
import { FILESYSTEMS, makeFilesystem } from '../qemu/filesystem.js';
import { checkImage } from '../qemu/fsck.js';
import { DEFAULT_GUEST } from '../qemu/guest.js';
import { isNativeBuilt } from '../qemu/native-files.js';
import { openKernelImage } from '../qemu/kernel-image.js';
import { SNAPSHOT_BYTES } from '../qemu/snapshot.js';
import { qemuVersion } from '../qemu/process.js';
import { readModules } from '../qemu/modules.js';
import { RECORD_BYTES } from '../qemu/protocol.js';
import { unnamedFile } from '../qemu/shared-memory.js';
import type { Tool } from '../qemu/tools.js';
import { runTool } from '../qemu/tools.js';
import { EnvironmentError, messageOf } from '../support/assert.js';
import { byText } from '../support/order.js';
import type { Wanted } from './doctor-commands.js';
import { debianCommands } from './doctor-commands.js';

export interface Check {
  readonly name: string;
  /** Absent: needed by real kernels only. */
  readonly status: 'ok' | 'missing' | 'absent';
  readonly detail: string;
}

/** The checks, in a fixed order, and the commands that bring what is absent. */
export function checkRealKernels(): {
  readonly checks: readonly Check[];
  readonly commands: readonly string[];
} {
  const wanted: Wanted[] = [];
  const attempt = (name: string, want: Wanted | null, run: () => string): Check => {
    try {
      return { name, status: 'ok', detail: run() };
    } catch (error) {
      if (want !== null) wanted.push(want);
      return { name, status: 'absent', detail: messageOf(error) };
    }
  };
  const checks = [
    attempt('qemu', 'qemu', () => `version ${qemuVersion()}`),
    attempt('native', 'native', checkNative),
    attempt('ext4', 'e2fsprogs', () => checkTools('ext4', 'mkfs.ext4', 'e2fsck')),
    attempt('xfs', 'xfsprogs', () => checkTools('xfs', 'mkfs.xfs', 'xfs_repair')),
    attempt('kernels', 'kernel', () => checkKernels()),
    // No command makes space.
    attempt('guest memory', null, checkMemory),
  ];
  if (wanted.includes('native') && !starts('gcc')) wanted.push('gcc');
  // Modules are packed with it since Debian 13.
  if (wanted.includes('kernel') && !starts('xz')) wanted.push('xz-utils');
  return { checks, commands: debianCommands(wanted) };
}

const starts = (command: string): boolean => spawnSync(command, ['--version']).error === undefined;

/** gcc is needed once. */
function checkNative(): string {
  if (isNativeBuilt()) return 'plugin and agent are built';
  throw new EnvironmentError(
    starts('gcc')
      ? 'gcc is there, the plugin and the agent are not built, or not of the sources that are there'
      : 'gcc is missing, with which the plugin and the agent are built',
  );
}

/** Of what a tool says with -V, the version. */
const versionOf = (tool: Tool): string =>
  /\d[\w.]*\d/.exec(runTool(tool, ['-V']).text)?.[0] ?? 'of no version';

/** Makes an empty file system and checks it. */
function checkTools(name: FilesystemName, make: string, check: string): string {
  const filesystem = FILESYSTEMS[name];
  const version = versionOf({ command: make, package: filesystem.package });
  versionOf({ command: check, package: filesystem.package });
  const found = `${make} and ${check} ${version}`;
  // mkfs.xfs runs with a native part, whose absence is said already.
  if (name === 'xfs' && !isNativeBuilt()) return found;
  const { status, text } = checkImage(filesystem.mount.type, makeFilesystem(filesystem));
  if (status === 0) return found;
  throw new EnvironmentError(`${check} finds errors in what ${make} makes: ${text.trim()}`);
}

/** Where packages are unpacked to. */
const KERNEL_DIRECTORIES = ['kernel', 'kernels'];

const namesIn = (directory: string): string[] => {
  try {
    return fs.readdirSync(directory).sort(byText);
  } catch {
    return [];
  }
};

/** vmlinuz files of a package that is unpacked in a directory, before Debian's Linux 7 and since. */
function kernelsBelow(directory: string): string[] {
  const boot = path.join(directory, 'boot');
  const modules = path.join(directory, 'usr', 'lib', 'modules');
  return [
    ...namesIn(boot)
      .filter((name) => name.startsWith('vmlinuz-'))
      .map((name) => path.join(boot, name)),
    ...namesIn(modules)
      .map((version) => path.join(modules, version, 'vmlinuz'))
      .filter((file) => fs.existsSync(file)),
  ];
}

/**
 * Every kernel that is found and could be given to --kernel.
 * @throws EnvironmentError when there is none, with what is wrong with the first that is not one.
 */
export function checkKernels(here = '', system = '/'): string {
  const unpacked = KERNEL_DIRECTORIES.flatMap((name) => {
    const directory = path.join(here, name);
    return [directory, ...namesIn(directory).map((inner) => path.join(directory, inner))];
  });
  const found: string[] = [];
  const problems: string[] = [];
  for (const file of [...unpacked, system].flatMap(kernelsBelow)) {
    try {
      readModules(openKernelImage(file).modules);
      found.push(`qemu:${file}`);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  if (found.length > 0) return found.join(', ');
  const places = [...KERNEL_DIRECTORIES.map((name) => path.join(here, name)), system].join(', ');
  const [why = `no vmlinuz file found in ${places}; --kernel takes any place`] = problems;
  throw new EnvironmentError(why);
}

const SHARED_MEMORY = '/dev/shm';

const freeBytes = (directory: string): number => {
  try {
    const { bavail, bsize } = fs.statfsSync(directory);
    return bavail * bsize;
  } catch {
    return 0;
  }
};

const megabytes = (bytes: number): number => Math.floor(bytes / 1e6);

/** A guest has its memory and its trace in files, of which it fills a part, beside what it goes on from. */
function checkMemory(): string {
  const bytes = RAM_BYTES + DEFAULT_GUEST.traceRecords * RECORD_BYTES + SNAPSHOT_BYTES;
  fs.closeSync(unnamedFile(bytes));
  const free = freeBytes(SHARED_MEMORY);
  const said = `${SHARED_MEMORY} has ${megabytes(free)} MB free; a guest, one a worker, takes up to ${megabytes(bytes)} MB`;
  return free >= bytes ? said : `${said}, which will be on a disk (TMPDIR) and slower`;
}
