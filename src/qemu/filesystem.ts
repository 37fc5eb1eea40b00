/** Empty file systems as images, made once by mkfs and kept in memory. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { STALE_BYTE } from '../program/program.js';
import { EnvironmentError, messageOf } from '../support/assert.js';
import type { MountOptions } from './mailbox.js';

export type FilesystemName = 'ext4' | 'xfs' | 'xfs-reflink';

export interface Filesystem {
  readonly mount: MountOptions;
  /** As small as the file system allows: each program and each crash state writes all of it. */
  readonly bytes: number;
  readonly command: readonly string[];
  readonly package: string;
}

const MIB = 1024 * 1024;
const UUID = '64617866-757a-7a00-8000-000000000001';
const DAX = 'dax=always';
/** 2024-01-01, as seconds. */
const FAKE_TIME = '1704067200';

/** The hidden --unsupported lifts the limit of 300 MB; xfs_repair refuses one allocation group. */
const xfs = (reflink: 0 | 1): Filesystem => ({
  mount: { type: 'xfs', options: DAX },
  bytes: 32 * MIB,
  command: [
    ...['mkfs.xfs', '-q', '-f', '-K', '--unsupported', '-m', `uuid=${UUID},reflink=${reflink}`],
    ...['-d', 'agcount=2', '-l', 'size=1400b'],
  ],
  package: 'xfsprogs',
});

export const FILESYSTEMS: Readonly<Record<FilesystemName, Filesystem>> = {
  ext4: {
    mount: { type: 'ext4', options: DAX },
    bytes: 16 * MIB,
    command: [
      ...['mkfs.ext4', '-q', '-F', '-b', '4096', '-J', 'size=4', '-U', UUID],
      ...['-E', `nodiscard,lazy_itable_init=0,lazy_journal_init=0,hash_seed=${UUID}`],
    ],
    package: 'e2fsprogs',
  },
  xfs: xfs(0),
  'xfs-reflink': xfs(1),
};

/**
 * An empty file system. Blocks that mkfs does not write hold STALE_BYTE, so that exposing them is seen.
 * @throws EnvironmentError when mkfs is missing or fails.
 */
export function makeFilesystem(filesystem: Filesystem): Buffer {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'daxfuzz-mkfs-'));
  const file = path.join(directory, 'image');
  const [command = '', ...words] = filesystem.command;
  try {
    fs.writeFileSync(file, Buffer.alloc(filesystem.bytes, STALE_BYTE));
    execFileSync(command, [...words, file], {
      env: {
        ...process.env,
        // Ordinary users have no sbin directories in their path.
        PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
        // Each ext4 is the same, byte for byte; mkfs.xfs has no such switch.
        E2FSPROGS_FAKE_TIME: FAKE_TIME,
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return fs.readFileSync(file);
  } catch (error) {
    throw new EnvironmentError(
      `${command} failed (${messageOf(error).trim()}): apt-get install ${filesystem.package}`,
    );
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}
