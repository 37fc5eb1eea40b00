/** From a page to the entry that maps it, for those who are not told by a file: memory failure. */
import { NO_INO } from '../../trace/event.js';
import type { Kernel } from '../kernel.js';
import { MARK } from '../marks.js';
import { POINT } from '../points.js';
import type { Inode, Run, Task } from '../types.js';
import { isLocked, isMapped, loadEntry, NO_ENTRY, slotOf } from './entry.js';
import { getUnlockedEntry, lockEntry, putUnlockedEntry, tryUnlockedEntry } from './mapping.js';

/** A locked entry, and where it is. */
interface LockedEntry {
  readonly inode: Inode;
  readonly slot: number;
  readonly entry: number;
}

/**
 * Models dax_lock_page(), which was dax_lock_mapping_entry() until 4.20: the entry that has the page, locked;
 * null if none has. Who had to wait asks the page again.
 */
export function* daxLockPage(k: Kernel, t: Task, block: number): Run<LockedEntry | null> {
  const { mapping, index } = k.pages;
  for (;;) {
    const ino = mapping[block] as number;
    if (ino === NO_INO) {
      k.mark(MARK['dax_lock_page:no_file']);
      return null;
    }
    const inode = k.sb.inodes[ino] as Inode;
    const page = index[block] as number;
    const isTaken = isLocked(loadEntry(k, inode, page));
    if (isTaken && k.knobs.entryAwaitedUnderXaLock) yield* k.block(t, POINT['livelock:xa_lock']); // B54
    const entry =
      tryUnlockedEntry(k, t, inode, page) ?? (yield* getUnlockedEntry(k, t, inode, page));
    const isOurs = mapping[block] === ino && index[block] === page;
    if (isOurs && entry !== NO_ENTRY && isMapped(entry)) {
      lockEntry(k, inode, page);
      return { inode, slot: slotOf(k, inode, page), entry };
    }
    putUnlockedEntry(k, inode, page, entry);
    if (isOurs) return null;
    k.mark(MARK['dax_lock_page:changed']);
  }
}
