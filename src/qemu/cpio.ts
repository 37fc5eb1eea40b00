/** Writes a cpio archive in the "newc" form, which is what the kernel takes as an initial RAM disk. */

export interface ArchiveEntry {
  /** Without a leading slash. */
  readonly name: string;
  /** File type and permissions, as in stat(2). */
  readonly mode: number;
  readonly content: Uint8Array;
  /** Of a device node. */
  readonly device?: { readonly major: number; readonly minor: number };
}

export const MODE = { directory: 0o040755, file: 0o100644, program: 0o100755, device: 0o020600 };

const TRAILER = 'TRAILER!!!';
const NOTHING = new Uint8Array(0);

const hex8 = (value: number): string => value.toString(16).toUpperCase().padStart(8, '0');

const padding = (length: number): Buffer => Buffer.alloc((4 - (length % 4)) % 4);

function member(entry: ArchiveEntry, ino: number): Buffer[] {
  const name = Buffer.from(`${entry.name}\0`);
  const links = 1;
  const fields = [
    ino,
    entry.mode,
    0, // uid
    0, // gid
    links,
    0, // mtime: the same archive from the same files
    entry.content.length,
    0,
    0, // device of the file system
    entry.device?.major ?? 0,
    entry.device?.minor ?? 0,
    name.length,
    0, // checksum, which this form does not have
  ];
  const header = Buffer.from(`070701${fields.map(hex8).join('')}`);
  return [
    header,
    name,
    padding(header.length + name.length),
    Buffer.from(entry.content),
    padding(entry.content.length),
  ];
}

export function archive(entries: readonly ArchiveEntry[]): Buffer {
  const parts = entries.flatMap((entry, index) => member(entry, index + 1));
  return Buffer.concat([...parts, ...member({ name: TRAILER, mode: 0, content: NOTHING }, 0)]);
}
