/**
 * A kernel variant as a user writes one: L01 mended without touching dax_writeback_one().
 *
 * Linux clears TOWRITE when it locks an entry, so an fsync that looks entries up by that tag passes over one
 * that another fsync is flushing (bug L01). `mainline` keeps the tag until the flush is done. Here Linux's
 * order stays, and an fsync that has done its own part waits for the entries that somebody else holds.
 *
 *     npx daxfuzz validate crashes/catalogue/L01.json --before mainline --bug-before L01 \
 *       --after dist/src/kernel/examples/wait-after.js
 *
 * Outside of this repository the type comes from the package: `import type { KernelVariant } from 'daxfuzz'`.
 */
import type { KernelVariant } from '../kernel-variant.js';

export const variant: KernelVariant = {
  name: 'wait-after',
  title: 'L01 mended another way: fsync waits for the entries that others are writing back',
  base: 'mainline',
  bugs: ['L01'],
  functions: (original, { getUnlockedEntry, isLocked, loadEntry, putUnlockedEntry, xaLock }) => ({
    *daxWritebackMappingRange(k, t, inode, start, end) {
      yield* original.daxWritebackMappingRange(k, t, inode, start, end);
      for (let index = start; index < end; index++) {
        xaLock(k, t);
        if (!isLocked(loadEntry(k, inode, index))) continue;
        const entry = yield* getUnlockedEntry(k, t, inode, index);
        putUnlockedEntry(k, inode, index, entry); // who was woken and takes no lock wakes the next
      }
    },
  }),
};
