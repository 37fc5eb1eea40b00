/** What mkfs leaves for a program: the same for the kernel, the media and the oracle. */
import type { Program } from '../program/program.js';
import type { Layout } from './layout.js';
import { HOLE, layoutOf } from './layout.js';
import type { Metadata } from './log.js';
import { putMetadata } from './log.js';

export interface FreshDisk {
  readonly kind: 'fresh';
  readonly layout: Layout;
  readonly metadata: Metadata;
  /** The metadata as it is on media: all before the data blocks. */
  readonly record: Uint8Array;
}

/** The last answer: four stages ask about one program, one after the other, and programs do not change. */
let latest: { readonly program: Program; readonly disk: FreshDisk } | null = null;

export function freshDisk(program: Program): FreshDisk {
  if (latest?.program === program) return latest.disk;
  const layout = layoutOf(program.geometry, program.files.length);
  const metadata = mkfs(program);
  const record = new Uint8Array(layout.logEnd);
  putMetadata(layout, metadata, record);
  latest = { program, disk: { kind: 'fresh', layout, metadata, record } };
  return latest.disk;
}

/**
 * The metadata of a fresh file system: each file's leading pages in consecutive blocks, starting PMD
 * aligned where the device has room for that. Its times are 0, before the first tick of the clock.
 */
function mkfs(program: Program): Metadata {
  const { geometry, files } = program;
  const total = files.reduce((sum, file) => sum + file.allocated, 0);
  let next = 0;
  let rest = total;
  return {
    tid: 0,
    files: files.map((file) => {
      const aligned = Math.ceil(next / geometry.pmdPages) * geometry.pmdPages;
      if (aligned + rest <= geometry.blockCount) next = aligned;
      const blocks = new Int32Array(geometry.filePagesMax).fill(HOLE);
      for (let page = 0; page < file.allocated; page++) blocks[page] = next++;
      rest -= file.allocated;
      return { size: file.pages * geometry.pageSize, mtime: 0, ctime: 0, blocks };
    }),
  };
}
