/** What calls that return an error may have done, on traces written by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signatureOf } from '../../src/finding/finding.js';
import { Image } from '../../src/media/image.js';
import { Judge } from '../../src/oracle/judge.js';
import { LINUX_CONTRACT } from '../../src/target/target.js';
import { PAGE, RawProgram } from '../helpers/raw-program.js';

const EFAULT = 14;

function signatures(raw: RawProgram, op: string): string[] {
  const text = `file a pages 1 allocated 1
    t0: f0 = open("a")
    t0: m0 = mmap(f0, pages 1..2, MAP_SHARED)
    t0: ${op}`;
  const { program, trace, disk } = raw.translated(text);
  const { violations } = new Judge(new Image()).judge(program, trace, disk, {
    ...{ persistency: 'line', domain: 'adr', contract: LINUX_CONTRACT },
    ...{ isKnown: () => false, everyInstance: false, images: 0 },
  });
  return violations.map(signatureOf);
}

const begun = (): RawProgram =>
  new RawProgram()
    .layout(0, PAGE, [[0, 8, 1]])
    .done(0, 1)
    .enter(2);

const resized = (result: number): RawProgram =>
  begun()
    .layout(0, PAGE + 0x80 - EFAULT, [
      [0, 8, 1],
      [1, 9, 1],
    ])
    .exit(2, result);

describe('a write that fails', () => {
  for (const op of ['pwrite_from(f0, 0x1080, 1, m0, page 0)', 'pwrite(f0, 0x1080, 1)']) {
    test(`leaves the file as long as it was: ${op}`, () => {
      assert.deepEqual(signatures(resized(-EFAULT), op), ['P1 failed-write-took-effect']);
      assert.deepEqual(signatures(begun().exit(2, -EFAULT), op), []);
    });

    test(`may have stored bytes, and allocated a block: ${op}`, () => {
      const stored = begun()
        .kernelStore(8 * PAGE, [1])
        .layout(0, PAGE, [
          [0, 8, 1],
          [1, 9, 1],
        ])
        .exit(2, -EFAULT);
      assert.deepEqual(signatures(stored, op), []);
    });
  }

  test('may have written all where it was to sync, too: the error may be of that', () => {
    assert.deepEqual(signatures(resized(-EFAULT), 'pwrite(f0, 0x1080, 1, O_DSYNC)'), []);
  });

  test('is judged like others where it has written a part', () => {
    const op = 'pwrite_from(f0, 0xff0, 0x20, m0, page 0)';
    assert.deepEqual(signatures(begun().exit(2, 0x10), op), []);
    assert.deepEqual(signatures(begun().exit(2, 0x20), op), ['P1 call-not-done']);
  });
});

describe('another call that fails', () => {
  test('may have done a part of what it was to do', () => {
    const op = 'fallocate(f0, ALLOCATE, 0x1000, 8192)';
    assert.deepEqual(signatures(resized(-28), op), []);
  });
});
