/**
 * The life of one page's DAX entry, its tags and its mappings, read back from the trace.
 */
import { AT, EVENT, PTE, TAG, WHY } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { coversPage } from './covers.js';

/** Why the entry of a page is not DIRTY, as far as the trace has been read. */
export type Loss =
  | { kind: 'never' }
  | { kind: 'dropped-clean' | 'invalidated' | 'truncated' | 'replaced' | 'moved' }
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

  private apply(event: number): void {
    const { trace, ino, page } = this;
    switch (trace.kind(event)) {
      case EVENT.set_pte:
        if (coversPage(trace, event, AT.set_pte, ino, page)) this.setPte(event);
        break;
      case EVENT.dax_insert_entry:
        if (coversPage(trace, event, AT.dax_insert_entry, ino, page)) this.insert(event);
        break;
      case EVENT.dax_delete_entry:
        if (coversPage(trace, event, AT.dax_delete_entry, ino, page)) this.drop(event);
        break;
      case EVENT.dax_tag:
        if (trace.argument(event, AT.dax_tag.ino) === ino && this.isHead(event)) this.tag(event);
        break;
      case EVENT.dax_writeback_one:
        if (coversPage(trace, event, AT.dax_writeback_one, ino, page))
          this.writebacks.set(trace.op(event), event);
        break;
      default:
        break;
    }
  }

  private insert(event: number): void {
    const { trace } = this;
    this.present = true;
    this.head = trace.argument(event, AT.dax_insert_entry.page);
    this.headPages = trace.argument(event, AT.dax_insert_entry.pages);
    this.dirty = (trace.argument(event, AT.dax_insert_entry.tags) & TAG.dirty) !== 0;
  }

  private isHead(event: number): boolean {
    const page = this.trace.argument(event, AT.dax_tag.page);
    return page === this.head && this.page < page + this.headPages;
  }

  private tag(event: number): void {
    if (this.trace.argument(event, AT.dax_tag.tag) !== TAG.dirty) return;
    this.dirty = this.trace.argument(event, AT.dax_tag.set) === 1;
    if (this.dirty) return;
    this.loss = { kind: 'cleaned', start: this.writebacks.get(this.trace.op(event)) ?? event };
  }

  private drop(event: number): void {
    const why = this.trace.argument(event, AT.dax_delete_entry.why);
    if ((this.trace.argument(event, AT.dax_delete_entry.tags) & TAG.dirty) !== 0) {
      if (why === WHY.replaced) this.loss = { kind: this.isMoved(event) ? 'moved' : 'replaced' };
      else this.loss = { kind: why === WHY.truncate ? 'truncated' : 'invalidated' };
    } else {
      this.loss = { kind: 'dropped-clean' };
    }
    this.present = false;
    this.dirty = false;
    this.head = -1;
  }

  /** Does the entry that replaces this one take over its tags? */
  private isMoved(removed: number): boolean {
    const { trace, ino, page } = this;
    const op = trace.op(removed);
    for (let event = removed + 1; event < trace.length; event++) {
      if (trace.op(event) !== op) continue;
      const kind = trace.kind(event);
      if (kind === EVENT.dax_tag) {
        const head = trace.argument(event, AT.dax_tag.page);
        const isOurs = trace.argument(event, AT.dax_tag.ino) === ino && head <= page;
        return isOurs && trace.argument(event, AT.dax_tag.why) === WHY.replaced;
      }
      if (kind !== EVENT.dax_delete_entry && kind !== EVENT.dax_insert_entry) return false;
    }
    return false;
  }

  private setPte(event: number): void {
    const { trace } = this;
    const vpage = trace.argument(event, AT.set_pte.vpage);
    if (trace.argument(event, AT.set_pte.state) === PTE.writable) {
      const huge = trace.argument(event, AT.set_pte.pages) > 1;
      this.writable.set(vpage, { since: event, huge });
    } else {
      this.writable.delete(vpage);
    }
  }
}
