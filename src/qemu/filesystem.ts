/** Empty file systems as images, made once by mkfs and kept in memory. */
import fs from 'node:fs';
import { STALE_BYTE } from '../program/program.js';
import { EnvironmentError } from '../support/assert.js';
import type { FilesystemName } from '../target/real.js';
import { MKFS_TIME } from './clock.js';
import { nativeFile } from './native-files.js';
import type { MountOptions } from './mailbox.js';
import { fillFile } from './shared-memory.js';
import { runTool, TOOL_FD } from './tools.js';
import { fillFreeSpace } from './xfs-free-space.js';

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
/** Of what a failing mkfs says; after that come its options. */
const TOLD_LINES = 3;

/** Blocks of 2 MiB, what a PMD entry maps. */
const HUGE = 512;

/** The hidden --unsupported lifts the limit of 300 MB; xfs_repair refuses one allocation group. */
const xfs = (reflink: 0 | 1, huge: boolean): Filesystem => ({
  mount: { type: 'xfs', options: DAX },
  bytes: 32 * MIB,
  command: [
    ...['mkfs.xfs', '-q', '-f', '-K', '--unsupported', '-m', `uuid=${UUID},reflink=${reflink}`],
    // The smallest logs that mkfs.xfs takes, nearly; without a log stripe it warns of that of the data. Each
    // mount clears 2 MiB of the log, from a buffer that has 4 if the log has as much, and is cleared itself.
    ...(huge
      ? ['-d', `agcount=2,su=2m,sw=1,extszinherit=${HUGE}`, '-l', 'size=1504b,su=32k']
      : ['-d', 'agcount=2', '-l', reflink === 0 ? 'size=1000b' : 'size=1400b']),
  ],
  package: 'xfsprogs',
});

const EXT4_EXTENDED = `nodiscard,lazy_itable_init=0,lazy_journal_init=0,hash_seed=${UUID}`;

const ext4 = (huge: boolean): Filesystem => ({
  // What DAX files have no use for, and makes unmounting dearer: a fifteenth of a mount.
  mount: { type: 'ext4', options: `${DAX},nodelalloc,nombcache` },
  bytes: (huge ? 32 : 16) * MIB,
  command: [
    ...['mkfs.ext4', '-q', '-F', '-b', '4096', '-J', 'size=4', '-U', UUID],
    ...['-E', `${EXT4_EXTENDED}${huge ? `,stride=${HUGE},stripe_width=${HUGE}` : ''}`],
  ],
  package: 'e2fsprogs',
});

export const FILESYSTEMS: Readonly<Record<FilesystemName, Filesystem>> = {
  ext4: ext4(false),
  'ext4-huge': ext4(true),
  xfs: xfs(0, false),
  'xfs-huge': xfs(0, true),
  'xfs-reflink': xfs(1, false),
  'xfs-reflink-huge': xfs(1, true),
};

/**
 * An empty file system, the same for the same tools. Blocks that mkfs does not write hold STALE_BYTE, so that
 * exposing them is seen.
 * @throws EnvironmentError when mkfs is missing or fails, or when there is no space for the image.
 */
export function makeFilesystem(filesystem: Filesystem): Buffer {
  const [command = '', ...words] = filesystem.command;
  const environment = {
    E2FSPROGS_FAKE_TIME: String(MKFS_TIME),
    SOURCE_DATE_EPOCH: String(MKFS_TIME),
    DETERMINISTIC_SEED: '1',
    // Versions of mkfs.xfs that do not know those.
    ...(filesystem.mount.type === 'xfs' ? { LD_PRELOAD: nativeFile('clock.so') } : {}),
  };
  const fd = fillFile(Buffer.alloc(filesystem.bytes, STALE_BYTE));
  try {
    const tool = { command, package: filesystem.package };
    const { status, text } = runTool(tool, [...words, TOOL_FD], { environment, fd });
    if (status !== 0) {
      const said = text.trim().split('\n').slice(0, TOLD_LINES).join('; ');
      throw new EnvironmentError(
        `${command} failed with status ${status} (${said}): is the ${filesystem.package} package that of Debian 12 or newer?`,
      );
    }
    const image = Buffer.alloc(filesystem.bytes);
    fs.readSync(fd, image, 0, image.length, 0);
    // Unlike that of ext4, it zeroes some of what files are to get.
    if (filesystem.mount.type === 'xfs') fillFreeSpace(image, STALE_BYTE);
    return image;
  } finally {
    fs.closeSync(fd);
  }
}
