import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProgramGenerator } from '../../src/program/generate.js';
import { parseProgram } from '../../src/program/text.js';
import { checkProgram } from '../../src/program/validate.js';
import {
  decodeProgram,
  encodeProgram,
  HEADER_BYTES,
  RECORD_BYTES,
  WIRE_OPS_MAX,
} from '../../src/program/wire.js';
import { UsageError } from '../../src/support/assert.js';
import { Prng } from '../../src/support/prng.js';

describe('the byte form of a program', () => {
  test('leads back to the same program for ten thousand drawn ones', () => {
    const generator = new ProgramGenerator();
    const choice = Prng.fromSeed(12n);
    for (let i = 0; i < 10_000; i++) {
      const program = generator.generate(choice);
      assert.deepEqual(decodeProgram(encodeProgram(program)), program);
    }
  });

  test('is legal whatever the bytes are', () => {
    const choice = Prng.fromSeed(13n);
    for (let i = 0; i < 10_000; i++) {
      const bytes = Uint8Array.from({ length: choice.below(200) }, () => choice.below(256));
      checkProgram(decodeProgram(bytes));
    }
  });

  test('settles after one decoding: encoding what was decoded changes nothing any more', () => {
    const choice = Prng.fromSeed(14n);
    for (let i = 0; i < 2000; i++) {
      const bytes = Uint8Array.from({ length: 100 }, () => choice.below(256));
      const program = decodeProgram(bytes);
      if (program.threads.some((ops) => ops.length === 0)) continue;
      assert.deepEqual(decodeProgram(encodeProgram(program)), program);
    }
  });

  test('changes one operation when one byte of its record changes', () => {
    const program = parseProgram(
      't0: f0 = open("a")\nt0: m0 = mmap(f0, pages 0..4, MAP_SHARED)\nt0: store(m0, 0x40, 8)\n',
    );
    const bytes = encodeProgram(program);
    const at = HEADER_BYTES + 2 * RECORD_BYTES + 2;
    bytes[at] = 0x80;
    const changed = decodeProgram(bytes);
    assert.deepEqual(changed.threads[0]?.slice(0, 2), program.threads[0]?.slice(0, 2));
    assert.equal(changed.threads[0]?.[2]?.offset, 0x80);
  });

  test('ignores a record that was cut off and records beyond the bound', () => {
    const program = parseProgram('t0: f0 = open("a")\nt0: fsync(f0)\n');
    const bytes = encodeProgram(program);
    assert.equal(decodeProgram(bytes.subarray(0, bytes.length - 1)).threads[0]?.length, 1);
    const long = new Uint8Array(HEADER_BYTES + RECORD_BYTES * (WIRE_OPS_MAX + 10));
    const count = decodeProgram(long).threads.reduce((sum, ops) => sum + ops.length, 0);
    assert.equal(count, WIRE_OPS_MAX);
  });

  test('refuses what does not fit it and says so', () => {
    const large = parseProgram('geometry page 4096 pmd 4 file-pages 16 blocks 32\nt0: sync()\n');
    assert.throws(() => encodeProgram(large), UsageError);
    const long = parseProgram('t0: sync()\n'.repeat(WIRE_OPS_MAX + 1));
    assert.throws(() => encodeProgram(long), UsageError);
  });
});
