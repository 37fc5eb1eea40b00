/** Where a file system would be read otherwise than its metadata were meant. */
import { HOLE } from '../media/layout.js';
import type { FileMetadata, Metadata } from '../media/log.js';
import { sameFiles } from '../media/log.js';

export interface Misread {
  /** Blocks of the pages that are read otherwise; none where nothing can be read. */
  readonly blocks: ReadonlySet<number>;
  /** Is this page of this file read otherwise? */
  readonly has: (ino: number, page: number) => boolean;
}

/** Null if it is read as it was meant; a string in the place of metadata says why nothing can be read. */
export function misreadIn(meant: Metadata, found: Metadata | string): Misread | null {
  if (typeof found === 'string') return { blocks: new Set(), has: () => true };
  if (sameFiles(found, meant)) return null;
  const blocks = new Set<number>();
  // Another size shows other bytes of every page, another block those of its own.
  const differs = (ino: number, page: number): boolean => {
    const [before, after] = [meant.files[ino], found.files[ino]] as [FileMetadata, FileMetadata];
    return after.size !== before.size || after.blocks[page] !== before.blocks[page];
  };
  found.files.forEach((file, ino) => {
    file.blocks.forEach((block, page) => {
      if (block !== HOLE && differs(ino, page)) blocks.add(block);
    });
  });
  return { blocks, has: differs };
}
