/** Events that change what a file shows, and the argument that names it. */
import { AT, EVENT } from '../trace/event.js';

export const FILE_CHANGES: ReadonlyMap<number, number> = new Map([
  [EVENT.store, AT.store.ino],
  [EVENT.i_size, AT.i_size.ino],
  [EVENT.extent_map, AT.extent_map.ino],
  [EVENT.extent_remap, AT.extent_remap.ino],
  [EVENT.extent_unmap, AT.extent_unmap.ino],
  [EVENT.content, AT.content.ino],
]);
