/**
 * The pmem device as its users see it while it is being removed: struct dax_device and struct dev_pagemap.
 */
import { empty } from '../../support/lists.js';
import { WaitQueue } from '../lock.js';
import { POINT } from '../points.js';
import { MediaErrors } from './badblocks.js';

export class PmemDevice {
  /** Does the program remove the device? Only then are there points at which that could come between. */
  removable = false;
  /** Somebody has begun to unbind the driver, or has done so. */
  removing = false;
  /** DAXDEV_ALIVE: dax_direct_access() still works. */
  alive = true;
  /** Who is inside of dax_read_lock(), an SRCU section. */
  readers = 0;
  readonly waitReaders = new WaitQueue(POINT['wait:dax_srcu']);
  /** The reference of the dev_pagemap is killed: get_dev_pagemap() fails. */
  dying = false;
  /** References that get_dev_pagemap() has given. */
  pagemapReferences = 0;
  readonly waitPages = new WaitQueue(POINT['wait:pagemap']);
  /** The struct pages of the device are gone. */
  memmapFreed = false;
  readonly errors = new MediaErrors();

  reset(removable: boolean): void {
    this.removable = removable;
    this.removing = false;
    this.alive = true;
    this.readers = 0;
    this.dying = false;
    this.pagemapReferences = 0;
    this.memmapFreed = false;
    this.errors.reset();
    empty(this.waitReaders.tasks);
    empty(this.waitPages.tasks);
  }

  /**
   * dax_read_lock() with dax_direct_access(): false where the device is dead. What follows uses the kernel's
   * address of the memory, and removal waits for its end.
   */
  tryReadLock(): boolean {
    if (!this.alive) return false;
    this.readers++;
    return true;
  }

  readUnlock(): void {
    if (--this.readers === 0) this.waitReaders.wakeAll();
  }

  /** get_dev_pagemap(). */
  tryGetPagemap(): boolean {
    if (this.dying) return false;
    this.pagemapReferences++;
    return true;
  }

  putPagemap(): void {
    if (--this.pagemapReferences === 0) this.waitPages.wakeAll();
  }
}
