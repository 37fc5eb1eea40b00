/**
 * The plain definition of what a file may show of a block that went bad and can be read again: nothing that
 * was in it before.
 */
import type { RecoveredFiles } from '../media/disk.js';
import { AT, EVENT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';
import { dataByte } from '../trace/trace.js';
import type { Action } from './action.js';
import type { Mismatch } from './mismatch.js';
import type { FileView } from './view.js';

/** A media error in a page, which is an index over all files in `owner`, and one in its file in `page`. */
interface Strike {
  readonly event: number;
  readonly block: number;
  readonly owner: number;
  readonly page: number;
}

export class DestroyedBytes {
  private readonly strikes: Strike[] = [];
  private readonly clearings: { readonly event: number; readonly block: number }[] = [];

  constructor(
    private readonly trace: Trace,
    private readonly view: FileView,
    /** What was done to a page, which is an index over all files. */
    private readonly doneTo: (owner: number) => readonly Action[],
  ) {}

  /** The view is as it was before the event. */
  note(event: number): void {
    const { trace, view } = this;
    if (trace.kind(event) === EVENT.clear_poison) {
      this.clearings.push({ event, block: trace.argument(event, AT.clear_poison.block) });
    } else if (trace.kind(event) === EVENT.media_error) {
      const block = trace.argument(event, AT.media_error.block);
      for (const owner of view.pagesOf(block)) {
        this.strikes.push({ event, block, owner, page: owner % view.filePages });
      }
    }
  }

  /** The first such byte of each page at a cut. */
  *find(files: RecoveredFiles, cut: number): Generator<Mismatch> {
    for (const strike of this.strikes) {
      const { event, block, owner, page } = strike;
      const ino = Math.floor(owner / this.view.filePages);
      if (event > cut || files.blockOf?.(ino, page) !== block) continue;
      if (!this.isCleared(strike, cut)) continue;
      const since = this.doneTo(owner).filter((done) => done.event > event && done.event <= cut);
      const wrong = this.firstIn(files, ino, page, since);
      if (wrong !== null) yield wrong;
    }
  }

  /** Has the poison of this error, and of no later one, been cleared? */
  private isCleared({ event, block }: Strike, cut: number): boolean {
    const between = (at: { event: number; block: number }): boolean =>
      at.block === block && at.event > event && at.event <= cut;
    return this.clearings.some(between) && !this.strikes.some(between);
  }

  private firstIn(
    files: RecoveredFiles,
    ino: number,
    page: number,
    since: readonly Action[],
  ): Mismatch | null {
    const { pageSize } = this.view.layout.geometry;
    const end = Math.min((page + 1) * pageSize, files.sizeOf(ino));
    for (let offset = page * pageSize; offset < end; offset++) {
      const expected = since
        .filter(({ from, to }) => offset >= from && offset < to)
        .map(({ data, from }) => dataByte(this.trace, data, offset - from));
      const found = files.byteOf(ino, offset);
      if (!expected.includes(found)) return { ino, offset, expected, found };
    }
    return null;
  }
}
