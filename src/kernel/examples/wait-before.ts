/**
 * The same fix in the wrong order: fsync first waits for the entries that others hold, and then looks up what
 * it has to flush. An entry that is locked between the two is passed over as before. `validate` refuses it.
 */
import type { KernelVariant } from '../kernel-variant.js';

export const variant: KernelVariant = {
  name: 'wait-before',
  title: 'not a fix of L01: fsync waits for others before it looks its entries up',
  base: 'mainline',
  bugs: ['L01'],
  functions: (original, { getUnlockedEntry, isLocked, loadEntry, putUnlockedEntry, xaLock }) => ({
    *daxWritebackMappingRange(k, t, inode, start, end) {
      for (let index = start; index < end; index++) {
        xaLock(k, t);
        if (!isLocked(loadEntry(k, inode, index))) continue;
        const entry = yield* getUnlockedEntry(k, t, inode, index);
        putUnlockedEntry(k, inode, index, entry);
      }
      yield* original.daxWritebackMappingRange(k, t, inode, start, end);
    },
  }),
};
