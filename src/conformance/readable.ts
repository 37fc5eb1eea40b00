/**
 * What read(2) would give at some point of a trace: block map, size, and the bytes that are visible at the
 * block. What a store was meant for does not count, so that one that went astray shows.
 */
import type { Disk } from '../media/disk.js';
import { Image } from '../media/image.js';
import { blockAddress, blockOf, HOLE } from '../media/layout.js';
import { FILE_CHANGES } from '../oracle/file-changes.js';
import type { FileView } from '../oracle/view.js';
import { AT, EVENT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { dataByte } from '../trace/trace.js';
import type { FileState } from './observation.js';

/** Keeps its buffers from one execution to the next. */
export class Readable {
  /** What loads see. */
  private readonly memory = new Image();
  /** By file; null where it has to be read again. */
  private known: (FileState | null)[] = [];
  private trace!: Trace;

  /** `view` is folded by the caller, before each `apply`. */
  constructor(private readonly view: FileView) {}

  reset(disk: Disk, trace: Trace): void {
    this.memory.reset(disk);
    this.trace = trace;
    this.known = disk.metadata.files.map(() => null);
  }

  apply(event: number): void {
    const kind = this.trace.kind(event);
    const named = FILE_CHANGES.get(kind);
    if (named === undefined) return;
    const ino = this.trace.argument(event, named);
    if (ino >= 0) this.known[ino] = null;
    if (kind === EVENT.store) this.store(event);
  }

  private store(event: number): void {
    const { trace, memory, view } = this;
    const address = trace.argument(event, AT.store.address);
    const end = address + trace.argument(event, AT.store.length);
    const data = trace.argument(event, AT.store.data);
    for (let at = address; at < end; at++) memory.bytes[at] = dataByte(trace, data, at - address);
    const last = blockOf(view.layout, end - 1);
    for (let block = Math.max(0, blockOf(view.layout, address)); block <= last; block++) {
      memory.touch(block);
      // The event names one of the files that share it.
      if (view.shared[block] === 1) this.known.fill(null);
    }
  }

  files(): FileState[] {
    return this.known.map((state, ino) => (this.known[ino] = state ?? this.read(ino)));
  }

  private read(ino: number): FileState {
    const { view, memory } = this;
    const { pageSize } = view.layout.geometry;
    const size = view.sizes[ino] as number;
    const content = new Uint8Array(size);
    const allocated = new Uint8Array(Math.ceil(size / pageSize));
    for (let page = 0; page < allocated.length; page++) {
      const block = view.blocks[view.pageIndex(ino, page)] as number;
      if (block === HOLE) continue;
      allocated[page] = 1;
      const length = Math.min(pageSize, size - page * pageSize);
      const from = blockAddress(view.layout, block);
      content.set(memory.bytes.subarray(from, from + length), page * pageSize);
    }
    return { size, content, allocated };
  }
}
