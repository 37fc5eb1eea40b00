/**
 * The chain of the log's word: one unit whose stores are the commits. Version 0 is what the disk had when the
 * trace began; a later one is visible when its word is written and durable at the next fence of the CPU that
 * wrote it (the commit's FUA).
 *
 * `metadata` is what a version is meant to be: whether the log and the homes have it is a question to the
 * image.
 */
import type { Disk } from '../media/disk.js';
import type { Metadata } from '../media/log.js';
import { afterTransaction, headOf, inosIn, putLogWord, tailOf } from '../media/log.js';
import { AT } from '../trace/event.js';
import type { Trace } from '../trace/trace.js';

const { journal_commit: COMMIT_AT } = AT;

export class Versions {
  // Only the first `visible` + 1 places of these lists are valid.
  /** Of each version: its event (-1 for the first), and where its transaction is in the trace's pool. */
  readonly events: number[] = [];
  private readonly data: number[] = [];
  private readonly lengths: number[] = [];
  private readonly writers: number[] = [];
  /** The two halves of the word. */
  readonly tails: number[] = [];
  readonly heads: number[] = [];
  /** Those that somebody asked for. */
  private readonly decoded: (Metadata | null)[] = [];
  private disk!: Disk;
  /** The oldest version that can be the survivor, and the newest. */
  durable = 0;
  visible = 0;

  reset(disk: Disk): void {
    this.disk = disk;
    const record = disk.kind === 'fresh' ? disk.record : null;
    this.events[0] = -1;
    this.data[0] = 0;
    this.lengths[0] = 0;
    this.writers[0] = -1;
    this.tails[0] = record === null ? 0 : tailOf(record);
    this.heads[0] = record === null ? 0 : headOf(record);
    this.decoded[0] = disk.metadata;
    this.durable = 0;
    this.visible = 0;
  }

  /** The word is written; gives by how much log2 of the crash states grew. */
  write(event: number, cpu: number, trace: Trace): number {
    const before = this.visible - this.durable + 1;
    const version = ++this.visible;
    this.events[version] = event;
    this.data[version] = trace.argument(event, COMMIT_AT.data);
    this.lengths[version] = trace.argument(event, COMMIT_AT.length);
    this.writers[version] = cpu;
    this.tails[version] = trace.argument(event, COMMIT_AT.tail);
    this.heads[version] = trace.argument(event, COMMIT_AT.tid);
    this.decoded[version] = null;
    return Math.log2(before + 1) - Math.log2(before);
  }

  /** A fence of `cpu` completes its words; gives by how much log2 of the crash states fell. */
  fence(cpu: number, media: Uint8Array): number {
    const before = this.visible - this.durable + 1;
    let newest = this.durable;
    for (let version = this.durable + 1; version <= this.visible; version++) {
      if (this.writers[version] === cpu) newest = version;
    }
    if (newest === this.durable) return 0;
    this.durable = newest;
    this.putWord(newest, media);
    return Math.log2(before) - Math.log2(this.visible - this.durable + 1);
  }

  /** Puts the word of a version where it is on media; metadata of other disks is among their other bytes. */
  putWord(version: number, media: Uint8Array): void {
    if (this.disk.kind === 'opaque') return;
    putLogWord(media, this.tails[version] as number, this.heads[version] as number);
  }

  /** The inodes that a version has in its log, so that it does not matter what they are at home. */
  loggedIn(version: number, trace: Trace): ReadonlySet<number> {
    const logged = new Set<number>();
    const first = (this.tails[version] as number) + 1;
    for (let earlier = 1; earlier <= version; earlier++) {
      const tid = this.heads[earlier] as number;
      const length = this.lengths[earlier] as number;
      if (length === 0 || tid < first) continue;
      const data = this.data[earlier] as number;
      const { layout } = this.disk;
      for (const ino of inosIn(layout, trace.pool.subarray(data, data + length))) logged.add(ino);
    }
    return logged;
  }

  /** The metadata of a version, as it was meant. */
  metadata(version: number, trace: Trace): Metadata {
    const decoded = this.decoded[version] ?? null;
    if (decoded !== null) return decoded;
    const before = this.metadata(version - 1, trace);
    const data = this.data[version] as number;
    const length = this.lengths[version] as number;
    const metadata =
      length === 0
        ? before // what was in the log is at home now
        : afterTransaction(
            this.disk.layout,
            before,
            trace.pool.subarray(data, data + length),
            this.heads[version] as number,
          );
    this.decoded[version] = metadata;
    return metadata;
  }
}
