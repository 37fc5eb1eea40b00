import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseProgram } from '../../src/program/text.js';
import { fillOf } from '../../src/program/program.js';
import { encodeOps, guestProgram } from '../../src/qemu/guest-program.js';
import { OP_BYTES } from '../../src/qemu/protocol.js';
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
