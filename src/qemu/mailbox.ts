/** The mailbox: what the controller asks of the agent, and what the agent found. */
import type { GuestProgram } from './guest-program.js';
import { encodeOps } from './guest-program.js';
import { byText } from '../support/order.js';
import { CLOCK } from './clock.js';
import {
  AREA,
  COMMAND,
  ENTRY_BYTES,
  ENTRY_NAME_BYTES,
  FILESYSTEM_BYTES,
  HEADER,
  OPTIONS_BYTES,
  RUN_PREPARED,
} from './protocol.js';
import { assert } from '../support/assert.js';

export type FilesystemType = 'ext4' | 'xfs';

/** How a file system is mounted. */
export interface MountOptions {
  readonly type: FilesystemType;
  /** As after `mount -o`; noatime is always set. */
  readonly options: string;
}

/** 0 or -errno of each step. */
export interface Steps {
  readonly mounted: number;
  /** Making the files, or listing them. */
  readonly prepared: number;
  readonly unmounted: number;
}

/** A file of the root directory, as the kernel gives it. */
export interface FoundFile {
  readonly name: string;
  /** 0 or -errno of the first step that failed. */
  readonly error: number;
  /** File type and permissions. */
  readonly mode: number;
  readonly ino: number;
  readonly size: number;
  readonly links: number;
  /** What could be read. */
  readonly content: Uint8Array;
}

const TYPE_MASK = 0o170000;
const DIRECTORY = 0o040000;

export const isDirectory = (file: FoundFile): boolean => (file.mode & TYPE_MASK) === DIRECTORY;

export class Mailbox {
  private readonly view: DataView;

  constructor(private readonly bytes: Buffer) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  private put(at: number, value: number): void {
    this.view.setUint32(at, value, true);
  }

  private get(at: number): number {
    return this.view.getUint32(at, true);
  }

  private putText(at: number, text: string, bytes: number): void {
    const encoded = Buffer.from(text);
    assert(encoded.length < bytes, () => `"${text}" has room in the mailbox`);
    this.bytes.fill(0, at, at + bytes);
    encoded.copy(this.bytes, at);
  }

  private putMount(mount: MountOptions): void {
    this.putText(HEADER.filesystem, mount.type, FILESYSTEM_BYTES);
    this.putText(HEADER.options, mount.options, OPTIONS_BYTES);
  }

  private putFiles(files: GuestProgram['files']): void {
    this.put(HEADER.fileCount, files.length);
    files.forEach((file, index) => {
      this.put(HEADER.files + index * 8, file.pages);
      this.put(HEADER.files + index * 8 + 4, file.allocated);
    });
  }

  /** Mount, make the files, unmount. */
  askPrepare(mount: MountOptions, files: GuestProgram['files']): void {
    this.put(HEADER.command, COMMAND.prepare);
    this.put(HEADER.clock, CLOCK.prepare);
    this.put(HEADER.flags, 0);
    this.putMount(mount);
    this.putFiles(files);
  }

  /** Mount, make the files unless they are there, trace the program, unmount. */
  askRun(mount: MountOptions, program: GuestProgram, prepared: boolean): void {
    this.put(HEADER.command, COMMAND.run);
    this.put(HEADER.clock, CLOCK.run);
    this.put(HEADER.flags, prepared ? RUN_PREPARED : 0);
    this.putMount(mount);
    this.putFiles(program.files);
    this.put(HEADER.opCount, program.ops.length);
    this.put(HEADER.threadCount, program.threads);
    this.put(HEADER.spawnAfter, program.spawnAfter);
    encodeOps(program.ops, this.view, AREA.ops);
  }

  /** Mount, read the files of the root directory, unmount. */
  askCheck(mount: MountOptions): void {
    this.put(HEADER.command, COMMAND.check);
    this.put(HEADER.clock, CLOCK.check);
    this.put(HEADER.flags, 0);
    this.putMount(mount);
  }

  /** Warn once more of what the kernel warns of once. */
  askRewarn(): void {
    this.put(HEADER.command, COMMAND.rewarn);
  }

  /** Wait, outside of hypercalls, until asked to go on. */
  askPark(): void {
    this.put(HEADER.command, COMMAND.park);
  }

  askResume(): void {
    this.put(HEADER.command, COMMAND.resume);
  }

  /** Read a file of the guest's own. */
  askRead(path: string): void {
    this.put(HEADER.command, COMMAND.read);
    this.putText(HEADER.options, path, OPTIONS_BYTES);
  }

  get steps(): Steps {
    const signed = (at: number): number => this.view.getInt32(at, true);
    return {
      mounted: signed(HEADER.mounted),
      prepared: signed(HEADER.prepared),
      unmounted: signed(HEADER.unmounted),
    };
  }

  /** What the kernel logged until files were listed, in the form of /dev/kmsg. */
  get listedLog(): string {
    return this.bytes.toString('latin1', AREA.log, AREA.log + this.get(HEADER.listedLog));
  }

  /** What it logged after that; all of it if no files were. */
  get log(): string {
    const from = AREA.log + this.get(HEADER.listedLog);
    return this.bytes.toString('latin1', from, AREA.log + this.get(HEADER.logLength));
  }

  /** A copy of the content area. */
  get content(): Buffer {
    return Buffer.from(
      this.bytes.subarray(AREA.content, AREA.content + this.get(HEADER.contentLength)),
    );
  }

  /** By name. Their content is copied, the mailbox being used again. */
  get files(): FoundFile[] {
    const { content, view } = this;
    return Array.from({ length: this.get(HEADER.entryCount) }, (_, index) => {
      const at = AREA.entries + index * ENTRY_BYTES;
      const name = this.bytes.subarray(at, at + ENTRY_NAME_BYTES);
      const start = this.get(at + 52);
      return {
        name: name.toString('utf8', 0, name.indexOf(0)),
        error: view.getInt32(at + 24, true),
        mode: this.get(at + 28),
        ino: Number(view.getBigUint64(at + 32, true)),
        size: Number(view.getBigInt64(at + 40, true)),
        links: this.get(at + 48),
        content: content.subarray(start, start + this.get(at + 56)),
      };
    }).sort((a, b) => byText(a.name, b.name));
  }
}
