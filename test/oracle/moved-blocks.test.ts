/** What is promised of files whose blocks an operation has moved or shared, on traces written by hand. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signatureOf } from '../../src/finding/finding.js';
import { Image } from '../../src/media/image.js';
import type { RecoveredFiles } from '../../src/media/disk.js';
import { Judge } from '../../src/oracle/judge.js';
import type { Violation } from '../../src/oracle/promise.js';
import { LINUX_CONTRACT } from '../../src/target/target.js';
import { filesAt, PAGE, RawProgram } from '../helpers/raw-program.js';

function judged(
  raw: RawProgram,
  text: string,
  mount: (image: Uint8Array) => RecoveredFiles,
  images = 0,
): readonly Violation[] {
  const { program, trace, disk } = raw.translated(text, mount);
  return new Judge(new Image()).judge(program, trace, disk, {
    ...{ persistency: 'line', domain: 'adr', contract: LINUX_CONTRACT },
    ...{ isKnown: () => false, everyInstance: false, images },
  }).violations;
}

const WORD = [9, 9, 9, 9, 9, 9, 9, 9];
const FILES = `file a pages 2 allocated 2
  file b pages 1 allocated 1
  t0: f0 = open("a")
  t0: f1 = open("b")
  t0: m0 = mmap(f0, pages 0..2, MAP_SHARED)
  t0: store(m0, 0x1008, 8)
`;

/** "a" has blocks 8 and 9, "b" has 20; the program has stored to page 1 of "a". */
const stored = (): RawProgram =>
  new RawProgram()
    .layout(0, 2 * PAGE, [[0, 8, 2]])
    .layout(1, PAGE, [[0, 20, 1]])
    .done(0, 1, 2)
    .enter(3)
    .store(9 * PAGE + 8, WORD)
    .exit(3);

const flushed = (raw: RawProgram): RawProgram => raw.flush(9 * PAGE).fence();

const A = { size: 2 * PAGE, runs: [[0, 8, 2]] } as const;
const B = { size: PAGE, runs: [[0, 20, 1]] } as const;

describe('a range that was collapsed', () => {
  const TEXT = `${FILES} t0: fallocate(f0, COLLAPSE_RANGE, 0x0, 4096)\n t0: fsync(f0)\n`;
  const collapsed = (raw: RawProgram): RawProgram =>
    raw
      .enter(4)
      .layout(0, PAGE, [[0, 9, 1]])
      .exit(4);
  const after = filesAt([{ size: PAGE, runs: [[0, 9, 1]] }, B]);

  test('takes the stores to it along: an fsync that does not flush them breaks its promise', () => {
    const [violation, ...others] = judged(collapsed(stored()).done(5), TEXT, after);
    assert.ok(violation !== undefined);
    assert.deepEqual([signatureOf(violation), others.length], ['P3 store-lost', 0]);
    assert.deepEqual([violation.ino, violation.offset, violation.op], [0, 8, 5]);
  });

  test('is as it should be where they were flushed before or by the fsync', () => {
    const before = collapsed(flushed(stored())).done(5);
    assert.deepEqual(judged(before, TEXT, after), []);
    const within = flushed(collapsed(stored()).enter(5)).exit(5);
    assert.deepEqual(judged(within, TEXT, after), []);
  });

  test('that is still there after the fsync was not made durable', () => {
    const undone = filesAt([A, B]);
    const fsynced = flushed(collapsed(stored()).enter(5)).exit(5);
    const violations = judged(fsynced, TEXT, undone, 40);
    assert.deepEqual(violations.map(signatureOf), ['P3 metadata-lost']);
  });

  test('shows a later store at its former place when a crash undoes it, and nothing is wrong', () => {
    const raw = collapsed(flushed(stored()))
      .enter(5)
      .store(9 * PAGE + 8, [7])
      .exit(5);
    const text = `${FILES} t0: fallocate(f0, COLLAPSE_RANGE, 0x0, 4096)\n t0: store(m0, 0x8, 1)\n`;
    assert.deepEqual(judged(raw, text, filesAt([A, B]), 40), []);
  });

  const UNWRITTEN = 0x800;
  const ZEROED = `${FILES} t0: fallocate(f0, COLLAPSE_RANGE, 0x0, 4096)
    t0: fallocate(f0, ZERO_RANGE, 0x0, 4096)
    t0: store(m0, 0x8, 1)
  `;
  const storedAgain = (raw: RawProgram): RawProgram =>
    raw
      .enter(6)
      .kernelStore(9 * PAGE + 8, [0, 0, 0, 0, 0, 0, 0, 0])
      .layout(0, PAGE, [[0, 9, 1]])
      .store(9 * PAGE + 8, [7])
      .flush(9 * PAGE)
      .fence()
      .exit(6);

  test('and then made unwritten and written in place was never free', () => {
    const raw = collapsed(flushed(stored()))
      .enter(5)
      .layout(0, PAGE, [[0, 9, 1]], UNWRITTEN)
      .exit(5);
    assert.deepEqual(judged(storedAgain(raw), ZEROED, filesAt([A, B]), 40), []);
  });

  test('whose block was free before it got it again must not show it at its former place', () => {
    const raw = collapsed(flushed(stored())).enter(5).layout(0, PAGE, []).exit(5);
    const violations = judged(storedAgain(raw), ZEROED, filesAt([A, B]), 40);
    assert.deepEqual(violations.map(signatureOf), ['P9 stale-block-exposed']);
  });

  test('of which the kernel has moved another block is no collapsed range', () => {
    const raw = stored()
      .enter(4)
      .layout(0, PAGE, [[0, 8, 1]])
      .exit(4);
    const text = `${FILES} t0: fallocate(f0, COLLAPSE_RANGE, 0x0, 4096)\n`;
    const [violation] = judged(raw, text, after);
    assert.equal(violation?.detail, 'reads 0x0, expected 0x9');
    assert.deepEqual([violation.promise, violation.mechanism], ['P9', 'call-not-done']);
  });
});

describe('a call that overlaps another one', () => {
  test('is not held to what was so when it began: the report may have come with the other', () => {
    const raw = stored()
      .enter(5, 1)
      .enter(4)
      .layout(0, 3 * PAGE, [
        [0, 8, 1],
        [2, 9, 1],
      ])
      .exit(5, 0, 1)
      .exit(4);
    const text = `${FILES} t0: fallocate(f0, INSERT_RANGE, 0x1000, 4096)\n t1: fsync(f1)\n`;
    const mount = filesAt([{ size: 3 * PAGE, runs: [[2, 9, 1]] }, B]);
    assert.deepEqual(judged(raw, text, mount), []);
  });
});

describe('a range that was shared', () => {
  const TEXT = `${FILES} t0: reflink_range(f1, 0x0, 4096, f0, page 1)\n t0: fsync(f1)\n`;
  const shared = (raw: RawProgram): RawProgram =>
    raw
      .enter(4)
      .layout(1, PAGE, [[0, 9, 1]])
      .exit(4);
  const after = filesAt([A, { size: PAGE, runs: [[0, 9, 1]] }]);

  test('is promised by the fsync of the file that got it, with stores through the other', () => {
    const [violation] = judged(shared(stored()).done(5), TEXT, after);
    assert.ok(violation !== undefined);
    assert.deepEqual([violation.promise, violation.ino, violation.offset], ['P3', 1, 8]);
    assert.deepEqual(judged(shared(flushed(stored())).done(5), TEXT, after), []);
  });

  test('is lost where the copy for a write of its own is not flushed', () => {
    const copied = shared(flushed(stored()))
      .done(5)
      .enter(6)
      .kernelStore(30 * PAGE + 8, WORD)
      .kernelStore(30 * PAGE + 128, [7, 7])
      .flush(30 * PAGE + 128)
      .fence()
      .layout(1, PAGE, [[0, 30, 1]])
      .exit(6, 2)
      .done(7);
    const text = `${TEXT} t0: pwrite(f1, 0x80, 2)\n t0: fsync(f1)\n`;
    const [violation] = judged(copied, text, filesAt([A, { size: PAGE, runs: [[0, 30, 1]] }]));
    assert.ok(violation !== undefined);
    assert.deepEqual([violation.promise, violation.ino, violation.offset], ['P3', 1, 8]);
    assert.equal(violation.detail, 'reads 0x0 after the crash, expected 0x9');
  });
});

describe('freeze', () => {
  const TEXT = `${FILES} t0: freeze()\n t0: thaw()\n`;

  test('promises what was stored to any file before (P12)', () => {
    const [violation] = judged(stored().done(4, 5), TEXT, filesAt([A, B]));
    assert.ok(violation !== undefined);
    assert.equal(signatureOf(violation), 'P12 store-lost');
    const kept = flushed(stored().enter(4)).exit(4).done(5);
    assert.deepEqual(judged(kept, TEXT, filesAt([A, B])), []);
  });

  test('promises nothing when it fails', () => {
    const failed = stored().enter(4).exit(4, -16).done(5);
    assert.deepEqual(judged(failed, TEXT, filesAt([A, B])), []);
  });
});
