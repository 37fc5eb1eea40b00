/** Crash images that are mounted: which survivors they have, and what is said of those that fail. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signatureOf } from '../../src/finding/finding.js';
import type { RecoveredFiles } from '../../src/media/disk.js';
import { Image } from '../../src/media/image.js';
import { Judge } from '../../src/oracle/judge.js';
import type { Verdict } from '../../src/oracle/state.js';
import type { JudgeOptions } from '../../src/oracle/state.js';
import { LINUX_CONTRACT } from '../../src/target/target.js';
import { FENCE } from '../../src/trace/event.js';
import { STALE_BYTE } from '../../src/program/program.js';
import type { Run } from '../helpers/raw-program.js';
import { filesAt, PAGE, RawProgram } from '../helpers/raw-program.js';

const TEXT = `file a pages 2 allocated 2
  t0: f0 = open("a")
  t0: ftruncate(f0, 0x1000)
  t0: fsync(f0)
`;
const BLOCK = 40;
const SECTOR = 512;
const NEW = 7;

const truncated = (): RawProgram =>
  new RawProgram()
    .layout(0, 2 * PAGE, [[0, 8, 2]])
    .done(0)
    .enter(1)
    .layout(0, PAGE, [[0, 8, 1]])
    .exit(1)
    .enter(2);

/** A program whose fsync has the file system write a block of its own twice. */
const journaled = (): RawProgram =>
  truncated()
    .blockWrite(BLOCK * PAGE, PAGE, NEW)
    .blockWrite(BLOCK * PAGE, PAGE, NEW + 1)
    .fence()
    .exit(2);

const TRUNCATED = filesAt([{ size: PAGE, runs: [[0, 8, 1]] }]);
const WHOLE = filesAt([{ size: 2 * PAGE, runs: [[0, 8, 2]] }]);

/** The bytes that a part of the block has. */
const bytesAt = (image: Uint8Array, from: number, length: number): Set<number> =>
  new Set(image.subarray(BLOCK * PAGE + from, BLOCK * PAGE + from + length));

const isTorn = (image: Uint8Array): boolean => bytesAt(image, 0, PAGE).size > 1;

function judged(
  raw: RawProgram,
  atomicBytes: number,
  mount: (image: Uint8Array) => RecoveredFiles | string,
  options: Partial<JudgeOptions> = {},
  text = TEXT,
): Verdict {
  const { program, trace, disk } = raw.translated(text, mount, atomicBytes);
  return new Judge(new Image()).judge(program, trace, disk, {
    ...{ persistency: 'line', domain: 'adr', contract: LINUX_CONTRACT },
    ...{ isKnown: () => false, everyInstance: false, images: 60, ...options },
  });
}

const signatures = ({ violations }: Verdict): string[] => violations.map(signatureOf);

describe('an image', () => {
  const seen = (atomicBytes: number): Uint8Array[] => {
    const images: Uint8Array[] = [];
    judged(journaled(), atomicBytes, (image) => {
      images.push(image.slice());
      return WHOLE(image);
    });
    assert.ok(images.length > 3);
    return images;
  };
  const sectorsOf = (image: Uint8Array): Set<number>[] =>
    Array.from({ length: PAGE / SECTOR }, (_, index) => bytesAt(image, index * SECTOR, SECTOR));

  test('has whole blocks where those are atomic, and whole sectors where only they are', () => {
    assert.ok(!seen(PAGE).some(isTorn));
    const bySector = seen(SECTOR);
    assert.ok(bySector.some(isTorn));
    assert.ok(bySector.every((image) => sectorsOf(image).every(({ size }) => size === 1)));
    assert.ok(seen(8).some((image) => sectorsOf(image).some(({ size }) => size > 1)));
  });

  test('has whole blocks even if an interrupt came inside of a write, with a fence', () => {
    const interrupted = truncated()
      .blockWrite(BLOCK * PAGE, 1376, NEW)
      .fence(FENCE.locked)
      .blockWrite(BLOCK * PAGE + 1376, PAGE - 1376, NEW)
      .exit(2);
    let torn = 0;
    judged(interrupted, PAGE, (image) => {
      torn += isTorn(image) ? 1 : 0;
      return TRUNCATED(image);
    });
    assert.equal(torn, 0);
  });

  test('has a write without the one that follows it in the same page, after something else', () => {
    const other = (BLOCK + 1) * PAGE;
    const logged = truncated()
      .blockWrite(BLOCK * PAGE, 1536, NEW)
      .fence()
      .blockWrite(other, SECTOR, NEW)
      .fence(FENCE.locked)
      .blockWrite(BLOCK * PAGE + 1536, 2048, NEW)
      .exit(2);
    let unlogged = 0;
    judged(logged, SECTOR, (image) => {
      unlogged += image[other] === NEW && !bytesAt(image, 0, 1536).has(NEW) ? 1 : 0;
      return TRUNCATED(image);
    });
    assert.equal(unlogged, 0);
  });

  test('is the same first for the same program', () => {
    const keys = (images: number): string[] => {
      const mounted: string[] = [];
      judged(
        journaled(),
        SECTOR,
        (image) => {
          mounted.push(Buffer.from(image).toString('latin1'));
          return TRUNCATED(image);
        },
        { images },
      );
      return mounted;
    };
    assert.ok(keys(3).every((image) => keys(40).includes(image)));
  });
});

const refusesTorn = (image: Uint8Array): RecoveredFiles | string =>
  isTorn(image) ? 'journal transaction 3 is corrupt' : TRUNCATED(image);

describe('an image that cannot be mounted', () => {
  test('for nothing else than a torn block says so', () => {
    const verdict = judged(journaled(), SECTOR, refusesTorn);
    assert.deepEqual(signatures(verdict), ['P0 torn-block']);
    assert.deepEqual(signatures(judged(journaled(), PAGE, refusesTorn)), []);
  });

  test('with whole blocks, too, is not recovered', () => {
    const isOld = (image: Uint8Array): boolean => !bytesAt(image, 0, PAGE).has(NEW + 1);
    const verdict = judged(journaled(), SECTOR, (image) =>
      isOld(image) || isTorn(image) ? 'bad' : TRUNCATED(image),
    );
    const [violation] = verdict.violations;
    assert.deepEqual(signatures(verdict), ['P0 not-recovered']);
    assert.equal(violation?.detail, 'is not recovered: bad');
  });

  test('does not hide what the same image shows with whole blocks', () => {
    const verdict = judged(
      journaled(),
      SECTOR,
      (image) => (isTorn(image) ? 'corrupt' : WHOLE(image)),
      { isKnown: (_, mechanism) => mechanism === 'torn-block' },
    );
    assert.deepEqual(signatures(verdict), ['P3 metadata-lost']);
    assert.ok(verdict.repeats > 0);
  });

  test('is known by what the kernel says', () => {
    const mount = (): string => 'journal transaction 3 is corrupt';
    const said: string[] = [];
    const isKnown = (_: string, mechanism: string, symptom: string): boolean => {
      said.push(`${mechanism}: ${symptom}`);
      return symptom.includes('transaction # is');
    };
    assert.deepEqual(signatures(judged(journaled(), SECTOR, mount, { isKnown })), []);
    assert.equal(said[0], 'not-recovered: is not recovered: journal transaction # is corrupt');
  });
});

describe('a crash that showed something', () => {
  test('is tried again first, even if no image is drawn', () => {
    const [violation] = judged(journaled(), SECTOR, refusesTorn).violations;
    assert.ok(violation?.plan !== undefined && violation.plan !== null);
    assert.deepEqual(signatures(judged(journaled(), SECTOR, refusesTorn, { images: 0 })), []);
    const closely = { plans: [violation.plan], stopsAtFirst: true };
    const again = judged(journaled(), SECTOR, refusesTorn, { images: 0, closely });
    assert.deepEqual(signatures(again), ['P0 torn-block']);
  });

  test('is not the only thing that is tried: each state that was certain is', () => {
    const closely = { plans: [], stopsAtFirst: true };
    const mount = (image: Uint8Array): RecoveredFiles =>
      bytesAt(image, 0, PAGE).has(NEW + 1) ? WHOLE(image) : TRUNCATED(image);
    const verdict = judged(journaled(), SECTOR, mount, { images: 0, closely });
    assert.deepEqual(signatures(verdict), ['P3 metadata-lost']);
  });
});

describe('bytes that were never written to a file', () => {
  const text = `file a pages 1 allocated 1
    file b pages 1 allocated 1
    t0: f0 = open("a")
    t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
    t0: store(m0, 0x8, 1)
    t0: fsync(f0)
  `;
  /** After each crash "b" has this block. */
  const exposed = (block: number): string[] => {
    const raw = new RawProgram()
      .layout(0, PAGE, [[0, 8, 1]])
      .layout(1, PAGE, [[0, 9, 1]])
      .hold(10, STALE_BYTE)
      .done(0, 1)
      .enter(2)
      .store(8 * PAGE + 8, [NEW])
      .exit(2)
      .enter(3)
      .flush(8 * PAGE)
      .fence()
      .exit(3);
    const file = (at: number): { size: number; runs: Run[] } => ({
      size: PAGE,
      runs: [[0, at, 1]],
    });
    return signatures(judged(raw, SECTOR, filesAt([file(8), file(block)]), {}, text));
  };

  test("are another file's if that got them, else nobody's", () => {
    assert.deepEqual(exposed(8), ['P9 reused-before-commit']);
    assert.deepEqual(exposed(10), ['P9 stale-block-exposed']);
    assert.deepEqual(exposed(9), []);
  });
});
