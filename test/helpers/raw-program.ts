/** The raw trace of a program on a kernel that does what a test says, record by record. */
import type { OpaqueDisk, RecoveredFiles } from '../../src/media/disk.js';
import type { Differing } from '../../src/media/mirror.js';
import { differing, Mirror } from '../../src/media/mirror.js';
import type { Program } from '../../src/program/program.js';
import { parseProgram } from '../../src/program/text.js';
import { RECORD, STORE_NON_TEMPORAL } from '../../src/qemu/protocol.js';
import { translate } from '../../src/qemu/translate.js';
import { FENCE } from '../../src/trace/event.js';
import { Trace } from '../../src/trace/trace.js';
import type { RawRecord } from './raw-records.js';
import { rawTrace } from './raw-records.js';

export const PAGE = 4096;
/** Blocks of the device. */
const BLOCKS = 64;
const KERNEL_CODE = 0xffff_ffff_8100_0000n;
const USER_CODE = 0x40_1000n;

/** A run of blocks: the page of the file, the block, and how many. */
export type Run = readonly [page: number, block: number, pages: number];

export interface TranslatedProgram {
  readonly program: Program;
  readonly trace: Trace;
  readonly disk: OpaqueDisk;
}

export class RawProgram {
  private readonly records: RawRecord[] = [];
  private readonly content = new Uint8Array(BLOCKS * PAGE);

  /** What a block holds when the trace begins. */
  hold(block: number, byte: number): this {
    this.content.fill(byte, block * PAGE, (block + 1) * PAGE);
    return this;
  }

  enter(number: number, thread = 0): this {
    return this.add({ kind: RECORD.op_enter, size: thread, number });
  }

  exit(number: number, result = 0, thread = 0): this {
    return this.add({ kind: RECORD.op_exit, size: thread, number, low: BigInt(result) });
  }

  /** Operations that leave no other records. */
  done(...numbers: readonly number[]): this {
    for (const number of numbers) this.enter(number).exit(number);
    return this;
  }

  /** By an instruction of the user's. */
  store(address: number, bytes: readonly number[], cpu = 0): this {
    return this.write(address, bytes, USER_CODE, cpu);
  }

  kernelStore(address: number, bytes: readonly number[], cpu = 0): this {
    return this.write(address, bytes, KERNEL_CODE, cpu);
  }

  /** Bytes of a block device's write, which bypasses the cache. */
  blockWrite(address: number, length: number, byte: number, pc = KERNEL_CODE): this {
    const bytes = new Array<number>(16).fill(byte);
    const how = STORE_NON_TEMPORAL;
    for (let at = address; at < address + length; at += bytes.length) {
      this.add({ kind: RECORD.store, size: bytes.length, number: at, pc, how, bytes });
    }
    return this;
  }

  private write(address: number, bytes: readonly number[], pc: bigint, cpu: number): this {
    return this.add({ kind: RECORD.store, cpu, size: bytes.length, number: address, pc, bytes });
  }

  flush(address: number): this {
    return this.add({ kind: RECORD.flush, size: 64, number: address, pc: KERNEL_CODE });
  }

  fence(how: number = FENCE.sfence): this {
    return this.add({ kind: RECORD.fence, how, pc: KERNEL_CODE });
  }

  /** What the agent reports when a file has changed. */
  layout(file: number, size: number, runs: readonly Run[], flags = 0): this {
    const how = file;
    this.add({ kind: RECORD.layout, how, number: runs.length, pc: 100n, low: BigInt(size) });
    for (const [page, block, pages] of runs) {
      const bytes = (count: number): bigint => BigInt(count * PAGE);
      const where = { pc: bytes(page), low: bytes(block), high: bytes(pages) };
      this.add({ kind: RECORD.extent, how, number: flags, ...where });
    }
    return this;
  }

  private add(record: RawRecord): this {
    this.records.push(record);
    return this;
  }

  translated(
    text: string,
    mount: (image: Uint8Array) => RecoveredFiles | string = () => 'not mounted',
    atomicBytes = 8,
  ): TranslatedProgram {
    const program = parseProgram(text);
    const trace = new Trace();
    const { content } = this;
    const { layout, metadata } = translate(rawTrace(this.records), program, trace, {
      content,
      ignoresFlush: () => false,
    });
    const disk: OpaqueDisk = {
      ...{ kind: 'opaque', layout, metadata, atomicBytes },
      content: differing(content, content, allPages(content)),
      mount: (image) => ({ files: mount(wholeOf(image)), isNew: true }),
    };
    return { program, trace, disk };
  }
}

const allPages = ({ length }: Uint8Array): number[] =>
  Array.from({ length: length / PAGE }, (_, page) => page);

function wholeOf(image: Differing): Uint8Array {
  const mirror = new Mirror(new Uint8Array(image.origin.length));
  mirror.follow(image);
  return mirror.bytes;
}

/** A mount that finds these files on whatever image it is given. */
export function filesAt(
  files: readonly { readonly size: number; readonly runs: readonly Run[] }[],
): (image: Uint8Array) => RecoveredFiles {
  return (image) => {
    const byteOf = (ino: number, offset: number): number => {
      const page = Math.floor(offset / PAGE);
      const run = files[ino]?.runs.find(
        ([first, , pages]) => page >= first && page < first + pages,
      );
      if (run === undefined) return 0;
      return image[(run[1] + page - run[0]) * PAGE + (offset % PAGE)] ?? 0;
    };
    return {
      sizeOf: (ino) => files[ino]?.size ?? 0,
      timesOf: () => null,
      byteOf,
      isZero: (ino, from, to) => {
        for (let offset = from; offset < to; offset++) if (byteOf(ino, offset) !== 0) return false;
        return true;
      },
    };
  };
}
