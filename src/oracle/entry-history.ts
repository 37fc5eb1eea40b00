/**
 * The life of one page's DAX entry, its tags and its mappings, read back from the trace.
 */
import { EVENT, PTE, TAG, WHY } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';

/** Why the entry of a page is not DIRTY, as far as the trace has been read. */
export type Loss =
  | { kind: 'never' }
  | { kind: 'dropped-clean' | 'invalidated' | 'truncated' | 'replaced' }
  | { kind: 'cleaned'; start: number };

/** Since when, as an event, and whether by a PMD. */
export interface WritableMapping {
  readonly since: number;
  readonly huge: boolean;
}

/** What is known of the page up to some event. */
export class EntryHistory {
  present = false;
  dirty = false;
  loss: Loss = { kind: 'never' };
  /** Writable mappings of the page: by virtual page, when it became so and whether by a PMD. */
  readonly writable = new Map<number, WritableMapping>();
  /** The latest dax_writeback_one of each operation, by operation number. */
  private readonly writebacks = new Map<number, number>();
  /** Slot and size of the entry that covers the page: tags sit on the head slot. */
  private head = -1;
  private headPages = 1;
  private position = 0;

  constructor(
    private readonly trace: Trace,
    private readonly ino: number,
    private readonly page: number,
  ) {}

  /** Reads the trace on, up to but not including event `end`. */
  readTo(end: number): void {
    for (; this.position < end; this.position++) this.apply(this.position);
  }

  /** Reads on to where the entry stops being DIRTY, or to `end`. */
  readWhileDirty(end: number): void {
    while (this.dirty && this.position < end) this.readTo(this.position + 1);
  }

  private covers(event: number, pageArgument: number, pagesArgument: number): boolean {
    const page = this.trace.argument(event, pageArgument);
    return page <= this.page && this.page < page + this.trace.argument(event, pagesArgument);
  }

  private apply(event: number): void {
    const { trace } = this;
    const kind = trace.kind(event);
    if (kind === EVENT.set_pte) {
      if (trace.argument(event, 3) === this.ino && this.covers(event, 4, 1)) this.setPte(event);
      return;
    }
    if (trace.argument(event, 0) !== this.ino) return;
    if (kind === EVENT.dax_insert_entry && this.covers(event, 1, 2)) {
      this.present = true;
      this.head = trace.argument(event, 1);
      this.headPages = trace.argument(event, 2);
      this.dirty = (trace.argument(event, 5) & TAG.dirty) !== 0;
    } else if (kind === EVENT.dax_delete_entry && this.covers(event, 1, 2)) {
      this.drop(trace.argument(event, 3), trace.argument(event, 4));
    } else if (kind === EVENT.dax_tag && this.isHead(event)) {
      this.tag(event);
    } else if (kind === EVENT.dax_writeback_one && this.covers(event, 1, 2)) {
      this.writebacks.set(trace.op(event), event);
    }
  }

  private isHead(event: number): boolean {
    const page = this.trace.argument(event, 1);
    return page === this.head && this.page < page + this.headPages;
  }

  private tag(event: number): void {
    if (this.trace.argument(event, 2) !== TAG.dirty) return;
    this.dirty = this.trace.argument(event, 3) === 1;
    if (this.dirty) return;
    this.loss = { kind: 'cleaned', start: this.writebacks.get(this.trace.op(event)) ?? event };
  }

  private drop(why: number, tags: number): void {
    if ((tags & TAG.dirty) !== 0) {
      const kind =
        why === WHY.replaced ? 'replaced' : why === WHY.truncate ? 'truncated' : 'invalidated';
      this.loss = { kind };
    } else {
      this.loss = { kind: 'dropped-clean' };
    }
    this.present = false;
    this.dirty = false;
    this.head = -1;
  }

  private setPte(event: number): void {
    const { trace } = this;
    const vpage = trace.argument(event, 0);
    if (trace.argument(event, 2) === PTE.writable) {
      this.writable.set(vpage, { since: event, huge: trace.argument(event, 1) > 1 });
    } else {
      this.writable.delete(vpage);
    }
  }
}
