/** A kernel image as a file: is it one, which version is it, and where are its modules. */
import fs from 'node:fs';
import path from 'node:path';
import { EnvironmentError, UsageError } from '../support/assert.js';
import { readError } from '../support/files.js';

/** Offsets in the setup header of the x86 boot protocol. */
const BOOT_FLAG = 0x1fe;
const MAGIC = 0x202;
const VERSION = 0x20e;
const SECTOR = 0x200;
/** The setup code is at most 64 sectors, and the version string is in it. */
const SETUP_BYTES = 0x10000;
const VERSION_LENGTH_MAX = 100;

export interface KernelImage {
  readonly file: string;
  /** As `uname -r` says it: 6.1.0-56-amd64. */
  readonly version: string;
  readonly modules: string;
}

/** The version in the header of a bzImage; null if it is none. */
export function versionOf(header: Uint8Array): string | null {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.length);
  if (bytes.length < SECTOR + 0x60) return null;
  if (bytes.readUInt16LE(BOOT_FLAG) !== 0xaa55) return null;
  if (bytes.toString('latin1', MAGIC, MAGIC + 4) !== 'HdrS') return null;
  const start = SECTOR + bytes.readUInt16LE(VERSION);
  const text = bytes.toString('latin1', start, start + VERSION_LENGTH_MAX);
  const [version = ''] = text.split(/[ \0]/);
  return /^\d+\.\d+/.test(version) ? version : null;
}

function readHeader(file: string): Buffer {
  let fd: number;
  try {
    fd = fs.openSync(file, 'r');
  } catch (error) {
    throw readError(file, error);
  }
  try {
    if (!fs.fstatSync(fd).isFile()) return Buffer.alloc(0);
    const header = Buffer.alloc(SETUP_BYTES);
    return header.subarray(0, fs.readSync(fd, header, 0, SETUP_BYTES, 0));
  } finally {
    fs.closeSync(fd);
  }
}

/** Where Debian's packages put modules, seen from the image, and where a system has them. */
function modulesOf(file: string, version: string): string {
  const boot = path.dirname(path.resolve(file));
  const places = [
    path.join(boot, '..', 'lib', 'modules', version),
    path.join(boot, '..', 'usr', 'lib', 'modules', version),
    boot,
    path.join('/lib/modules', version),
  ];
  const found = places.find((place) => fs.existsSync(path.join(place, 'kernel')));
  if (found !== undefined) return found;
  throw new EnvironmentError(
    `no modules of Linux ${version} in ${places.join(' or ')}; unpack the whole package with dpkg -x, for Debian's Linux 7 linux-modules-${version}, too`,
  );
}

/** @throws UsageError when the file is no kernel image, EnvironmentError when its modules are missing. */
export function openKernelImage(file: string): KernelImage {
  const version = versionOf(readHeader(file));
  if (version === null) {
    throw new UsageError(`${file}: not a Linux kernel image for x86 (a vmlinuz file)`);
  }
  return { file, version, modules: modulesOf(file, version) };
}
