/** What an execution of the model shows, and what of it no power failure can take. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SureFile } from '../../src/conformance/observation.js';
import { Observer } from '../../src/conformance/observe.js';
import { parseProgram } from '../../src/program/text.js';
import { lineOf } from '../helpers/lines.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { Prng } from '../../src/support/prng.js';
import { filesAt, PAGE, RawProgram } from '../helpers/raw-program.js';

function observe(text: string, bugs: readonly string[] = []): ReturnType<Observer['observe']> {
  const program = parseProgram(text);
  const { target } = lineOf({ bugs });
  return new Observer().observe(
    program,
    target.execute(program, new RandomScheduler(Prng.fromSeed(1n))),
  );
}

/** Runs of sure bytes. */
function sureRuns({ bytes }: SureFile): string {
  const runs: string[] = [];
  for (let from = 0; from < bytes.length; from++) {
    if (bytes[from] === 0) continue;
    let to = from;
    while (bytes[to] === 1) to++;
    runs.push(`${from}..${to}`);
    from = to;
  }
  return runs.join(' ');
}

const OPENED = `file a pages 2 allocated 1
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..2, MAP_SHARED|UNALIGNED)
`;

describe('an observation', () => {
  test('has results, sizes, the bytes that read(2) gives, and pages with blocks', () => {
    const { steps } = observe(`${OPENED}
      t0: store(m0, 0x1010, 8)
      t0: ftruncate(f0, 0x1014)
      t0: pwrite(f1, 0x0, 8)`);
    assert.deepEqual(
      steps.map(({ result, files }) => [result, files[0]?.size, [...(files[0]?.allocated ?? [])]]),
      [
        [0, 8192, [1, 0]],
        [0, 8192, [1, 0]],
        [0, 8192, [1, 1]],
        [0, 0x1014, [1, 1]],
        [-9, 0x1014, [1, 1]],
      ],
    );
    const content = steps[3]?.files[0]?.content ?? new Uint8Array(0);
    assert.deepEqual([...content.subarray(0x100e, 0x1014)], [0, 0, 3, 3, 3, 3]);
  });

  test('says of the bytes at a promise which are sure, and says nothing elsewhere', () => {
    const { steps } = observe(`${OPENED}
      t0: store(m0, 0x0, 8)
      t0: fsync(f0)
      t0: store(m0, 0x10, 16)
      t0: msync(m0, pages 1..2, MS_SYNC)`);
    assert.deepEqual(
      steps.map(({ guarantee }) => guarantee?.promise ?? null),
      [null, null, null, 'P3', null, 'P5'],
    );
    const [first, second] = [steps[3], steps[5]].map((step) => step?.guarantee?.files[0]);
    assert.equal(sureRuns(first as SureFile), '0..8192');
    assert.equal(sureRuns(second as SureFile), '0..16 32..8192');
  });

  test('takes a byte that is stored again as it was for sure, and one that differed meanwhile not', () => {
    const { steps } = observe(`${OPENED}
      t0: fallocate(f0, ZERO_RANGE, 0x100, 8)
      t0: pread(f0, 0x0, 8)
      t0: store(m0, 0x40, 8)
      t0: pwrite(f0, 0x40, 0x8, O_DSYNC)`);
    assert.equal(sureRuns(steps.at(-1)?.guarantee?.files[0] as SureFile), '0..8192');
  });

  test('asks the metadata, too: a size or block that is not committed is not sure', () => {
    const { steps } = observe(
      `file a pages 1 allocated 1
      file b pages 1 allocated 0
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED|MAP_SYNC)
      t0: pwrite(f1, 0x0, 8192)
      t0: user_flush(m0, 0x0, 8)
      t0: syncfs(f0)`,
    );
    const [before, after] = steps.slice(-2).map((step) => step.guarantee?.files[1] as SureFile);
    assert.deepEqual([before?.size, sureRuns(before as SureFile)], [false, '']);
    assert.deepEqual([after?.size, sureRuns(after as SureFile)], [true, '0..8192']);
  });
});

describe('an observation of a kernel whose disk has to be mounted', () => {
  const TEXT = `file a pages 1 allocated 1
    t0: f0 = open("a")
    t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
    t0: store(m0, 0x0, 8)
    t0: fsync(f0)`;

  /** With or without the write-back of fsync; a mount shows what is at block 3. */
  function sure(flushes: boolean, size = PAGE): SureFile | undefined {
    const raw = new RawProgram()
      .layout(0, PAGE, [[0, 3, 1]])
      .done(0, 1)
      .enter(2);
    raw
      .store(3 * PAGE, [3, 3, 3, 3, 3, 3, 3, 3])
      .exit(2)
      .enter(3);
    if (flushes) raw.flush(3 * PAGE).fence();
    raw.exit(3);
    const mount = filesAt([{ size, runs: [[0, 3, 1]] }]);
    const { program, trace, disk } = raw.translated(TEXT, mount);
    const { steps } = new Observer().observe(program, {
      ...{
        disk,
        trace,
        schedule: [],
        stuck: [],
        alarm: null,
        broken: [],
        points: 0,
        marks: [],
        discarded: null,
      },
    });
    return steps.at(-1)?.guarantee?.files[0];
  }

  test('goes by what the mount of the least that survives shows', () => {
    assert.equal(sureRuns(sure(true) as SureFile), `0..${PAGE}`);
    assert.equal(sureRuns(sure(false) as SureFile), `8..${PAGE}`);
    assert.deepEqual([sure(true)?.size, sure(true, 100)?.size], [true, false]);
    assert.equal(sureRuns(sure(true, 100) as SureFile), '0..100');
  });
});
