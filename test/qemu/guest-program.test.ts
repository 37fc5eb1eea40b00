import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseProgram } from '../../src/program/text.js';
import { fillOf } from '../../src/program/program.js';
import { encodeOps, guestProgram } from '../../src/qemu/guest-program.js';
import { OP } from '../../src/program/op.js';
import { OP_BYTES, REAL_OP } from '../../src/qemu/protocol.js';
import { UsageError } from '../../src/support/assert.js';

describe("a guest's program", () => {
  test('has bytes where the text has pages, and the numbers that findings use', () => {
    const program = guestProgram(
      parseProgram(
        'file a pages 8 allocated 4\nt0: f0 = open("a")\nt0: m1 = mmap(f0, pages 2..5, MAP_SHARED|MAP_SYNC)\nt0: spawn\nt1: store(m1, 0x1040, 8)\nt1: ftruncate(f0, 0x123)\n',
      ),
    );
    assert.deepEqual([program.threads, program.spawnAfter], [2, 2]);
    const [, mmap, store, ftruncate] = program.ops;
    assert.deepEqual([mmap?.offset, mmap?.length, mmap?.flags], [2 * 4096, 3 * 4096, 2]);
    assert.deepEqual([store?.thread, store?.number, store?.fill], [1, 2, fillOf(2)]);
    assert.deepEqual([store?.offset, store?.length], [0x1040, 8]);
    assert.equal(ftruncate?.length, 0x123);
  });

  test('calls every kind of an operation what the agent calls it', () => {
    const lines = [
      ['pwrite(f0, 0x0, 8)', OP.pwrite],
      ['pwrite(f0, 0x0, 8, O_DIRECT)', REAL_OP.pwrite_direct],
      ['pwrite(f0, 0x0, 8, O_DSYNC)', REAL_OP.pwrite_dsync],
      ['pwrite(f0, 0x0, 8, O_DIRECT|O_DSYNC)', REAL_OP.pwrite_dsync],
      ['pread(f0, 0x0, 8, O_DIRECT)', REAL_OP.pread_direct],
      ['fallocate(f0, PUNCH_HOLE, 0x0, 8)', OP.fallocate],
      ['fallocate(f0, COLLAPSE_RANGE, 0x0, 4096)', REAL_OP.collapse],
      ['fallocate(f0, INSERT_RANGE, 0x0, 4096)', REAL_OP.insert],
      ['fallocate(f0, UNSHARE_RANGE, 0x0, 4096)', REAL_OP.unshare],
      ['syncfs(f0)', REAL_OP.syncfs],
      ['reflink(f1, f0)', REAL_OP.reflink],
      ['thaw()', REAL_OP.thaw],
    ] as const;
    const program = lines.map(([text]) => `t0: ${text}\n`).join('');
    assert.deepEqual(
      guestProgram(parseProgram(program)).ops.map(({ code }) => code),
      lines.map(([, code]) => code),
    );
    const modes = ['PUNCH_HOLE', 'ZERO_RANGE', 'ALLOCATE', 'ALLOCATE_KEEP_SIZE'];
    const calls = modes.map((mode) => `t0: fallocate(f0, ${mode}, 0x0, 8)\n`).join('');
    assert.deepEqual(
      guestProgram(parseProgram(calls)).ops.map(({ code, flags }) => [code, flags]),
      [
        [OP.fallocate, 0],
        [OP.fallocate, 1],
        [REAL_OP.allocate, 0],
        [REAL_OP.allocate, 1],
      ],
    );
  });

  test('says in bytes where a transfer starts in its source', () => {
    const { ops } = guestProgram(
      parseProgram(
        't0: reflink_range(f1, 0x1000, 4096, f0, page 3)\nt0: pwrite_from(f0, 0x10, 64, m1, page 2)\n',
      ),
    );
    assert.deepEqual(
      ops.map(({ code, target, source, offset, length, other, flags }) => ({
        ...{ code, target, source, offset, length, other, flags },
      })),
      [
        {
          ...{ code: REAL_OP.reflink_range, target: 1, source: 0 },
          ...{ offset: 0x1000, length: 4096, other: 3 * 4096, flags: 0 },
        },
        {
          ...{ code: REAL_OP.pwrite_from_mapping, target: 0, source: 1 },
          ...{ offset: 0x10, length: 64, other: 2 * 4096, flags: 0 },
        },
      ],
    );
  });

  test('freezes only where its thread thaws next: it would wait for itself', () => {
    const codes = (text: string): number[] =>
      guestProgram(parseProgram(text)).ops.map(({ code }) => code);
    assert.deepEqual(codes('t0: freeze()\nt0: thaw()\n'), [REAL_OP.freeze, REAL_OP.thaw]);
    const [alone] = codes('t0: freeze()\nt0: pwrite(f0, 0x0, 8)\n');
    const known: number[] = [...Object.values(OP), ...Object.values(REAL_OP)];
    assert.ok(!known.includes(alone ?? OP.open), `${alone}`);
  });

  test('with other pages than the kernel has is refused', () => {
    const program = parseProgram(
      'geometry page 64 pmd 4 file-pages 8 blocks 16\nfile a pages 1 allocated 1\nt0: sync()\n',
    );
    assert.throws(() => guestProgram(program), UsageError);
  });

  test('is encoded as the agent reads it', () => {
    const bytes = new Uint8Array(2 * OP_BYTES);
    const op = {
      ...{ code: 41, thread: 1, number: 0x0102, target: 2, source: 3, flags: 1, fill: 7 },
      ...{ offset: 0x1_0000_1000, length: 0x2000, other: 0x3000 },
    };
    encodeOps([op], new DataView(bytes.buffer), OP_BYTES);
    assert.deepEqual(
      [...bytes.subarray(OP_BYTES)],
      [
        ...[41, 1, 2, 3, 0x02, 0x01, 0, 0],
        ...[0, 0x10, 0, 0, 1, 0, 0, 0],
        ...[0, 0x20, 0, 0, 1, 7, 0, 0],
        ...[0, 0x30, 0, 0, 0, 0, 0, 0],
      ],
    );
  });
});
