/**
 * The chain of the journal's commit records: one unit whose stores are whole metadata versions. Version 0
 * is what mkfs left; a later one is visible when its record is written and durable at the next fence of
 * the CPU that wrote it (the commit's FUA).
 */
import type { Disk } from '../media/disk.js';
import type { Metadata } from '../media/layout.js';
import { decodeMetadata } from '../media/layout.js';
import { assert } from '../support/assert.js';
import type { Trace } from '../trace/trace.js';

export class Versions {
  // Only the first `visible` + 1 places of these lists are valid.
  /** Of each version: the commit event (-1 for mkfs) and where its record is in the trace's pool. */
  readonly events: number[] = [];
  private readonly data: number[] = [];
  private readonly writers: number[] = [];
  /** Those that somebody asked for. */
  private readonly decoded: (Metadata | null)[] = [];
  private disk!: Disk;
  /** The oldest version that can be the survivor, and the newest. */
  durable = 0;
  visible = 0;

  reset(disk: Disk): void {
    this.disk = disk;
    this.events[0] = -1;
    this.data[0] = 0;
    this.writers[0] = -1;
    this.decoded[0] = disk.metadata;
    this.durable = 0;
    this.visible = 0;
  }

  /** A commit record is written; gives by how much log2 of the crash states grew. */
  write(event: number, cpu: number, data: number): number {
    const before = this.visible - this.durable + 1;
    const version = ++this.visible;
    this.events[version] = event;
    this.data[version] = data;
    this.writers[version] = cpu;
    this.decoded[version] = null;
    return Math.log2(before + 1) - Math.log2(before);
  }

  /** A fence of `cpu` completes its records; gives by how much log2 of the crash states fell. */
  fence(cpu: number, media: Uint8Array, trace: Trace): number {
    const before = this.visible - this.durable + 1;
    let newest = this.durable;
    for (let version = this.durable + 1; version <= this.visible; version++) {
      if (this.writers[version] === cpu) newest = version;
    }
    if (newest === this.durable) return 0;
    this.durable = newest;
    const record = this.record(newest, trace);
    if (record !== null) media.set(record, 0);
    return Math.log2(before) - Math.log2(this.visible - this.durable + 1);
  }

  /** The metadata record of a version; null where metadata is among the other bytes of the disk. */
  record(version: number, trace: Trace): Uint8Array | null {
    if (this.disk.kind === 'opaque') return null;
    if (version === 0) return this.disk.record;
    const data = this.data[version] as number;
    return trace.pool.subarray(data, data + this.disk.record.length);
  }

  /** The metadata of a version. */
  metadata(version: number, trace: Trace): Metadata {
    const decoded = this.decoded[version] ?? null;
    if (decoded !== null) return decoded;
    const record = this.record(version, trace);
    assert(record !== null, 'a disk without commit records has one version of its metadata');
    const metadata = decodeMetadata(this.disk.layout, record);
    this.decoded[version] = metadata;
    return metadata;
  }
}
