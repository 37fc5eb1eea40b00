/** Each promise, broken in the plainest way, by bugs of the catalogue and by knobs that only tests use. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ModelTarget } from '../../src/kernel/model-target.js';
import type { KnobName } from '../../src/kernel/variant.js';
import { MAINLINE_KNOBS, withKnobs } from '../../src/kernel/variant.js';
import { Image } from '../../src/media/image.js';
import { signatureOf } from '../../src/finding/finding.js';
import { Judge } from '../../src/oracle/judge.js';
import { CONFIRM_ALL } from '../../src/oracle/state.js';
import { parseProgram } from '../../src/program/text.js';
import { DEFAULT_SETTINGS } from '../../src/run.js';
import { ReplayScheduler } from '../../src/schedule/replay.js';
import { parseSchedule } from '../../src/schedule/text.js';
import { POINT_NAMES } from '../../src/kernel/points.js';
import type { Ran } from '../helpers/lines.js';
import { eventsOf, runProgram, runText } from '../helpers/lines.js';
import { withoutEvent } from '../helpers/traces.js';
import { LINUX_CONTRACT } from '../../src/target/target.js';

function withKnob(knob: KnobName, program: string, schedule = ''): Ran {
  const target = new ModelTarget(withKnobs(MAINLINE_KNOBS, [knob]));
  const line = { target, judge: new Judge(new Image()), settings: DEFAULT_SETTINGS };
  const steps = parseSchedule(schedule, POINT_NAMES);
  return runProgram(
    line,
    parseProgram(program),
    new ReplayScheduler(steps, POINT_NAMES, 'lenient'),
  );
}

const SHARED = `file a pages 4 allocated 4
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
`;

describe('durability', () => {
  const CALLS = {
    P3: 'fsync(f0)',
    P4: 'fdatasync(f0)',
    P5: 'msync(m0, pages 0..4, MS_SYNC)',
    P6: 'sync()',
  };
  for (const [promise, call] of Object.entries(CALLS)) {
    test(`${promise}: ${call} returns and the store is not on media`, () => {
      const { violations } = runText(`${SHARED} t0: store(m0, 0x40, 8)\n t0: ${call}`, {
        bugs: ['B01'],
      });
      assert.equal(violations.length, 1);
      const [violation] = violations;
      assert.equal(violation?.promise, promise);
      assert.equal(violation?.op, 3);
      assert.equal(violation?.offset, 0x40);
      assert.match(violation?.detail ?? '', /^reads 0x0 after the crash, expected 0x3$/);
    });
  }

  test('is not missed where the same bytes are stored again and only the older ones are durable', () => {
    const { signatures } = runText(
      `${SHARED} t0: store(m0, 0x40, 8)\n t0: fsync(f0)\n t0: store(m0, 0x40, 8)\n t0: fsync(f0)`,
      { bugs: ['A3'] },
    );
    assert.deepEqual(signatures, ['P3 pte-left-writable', 'P10 time-not-updated']);
  });

  test('is broken by half a store as by a whole one', () => {
    const { violations } = runText(
      `${SHARED} t0: store(m0, 0x40, 4)\n t0: fsync(f0)\n t0: store(m0, 0x42, 4)\n t0: fsync(f0)`,
      { bugs: ['A3'] },
    );
    assert.equal(violations[0]?.offset, 0x42);
  });

  test('covers the size and the block map, not only the bytes', () => {
    const program = `file a pages 2 allocated 0
      t0: f0 = open("a")
      t0: pwrite(f0, 0x1000, 100)
      t0: fdatasync(f0)`;
    assert.deepEqual(withKnob('fdatasyncSkipsCommit', program).signatures, ['P4 metadata-lost']);
  });

  test('P2: a write with O_DSYNC covers the size and the block map that reading it needs', () => {
    const program = (flags: string): string => `file a pages 2 allocated 0
      t0: f0 = open("a")
      t0: pwrite(f0, 0x1000, 100${flags})`;
    const knob = 'fdatasyncSkipsCommit';
    assert.deepEqual(withKnob(knob, program(', O_DSYNC')).signatures, ['P2 metadata-lost']);
    assert.deepEqual(withKnob(knob, program('')).signatures, []);
    assert.deepEqual(runText(program(', O_DSYNC')).signatures, []);
    assert.equal(runText(program(', O_DSYNC')).verdict.promises, 1);
  });

  test('P2: a write with O_DSYNC covers what it wrote, and nothing else', () => {
    const { program, execution, trace } = runText(`${SHARED} t0: store(m0, 0x80, 8)
      t0: pwrite(f0, 0x40, 8, O_DSYNC)`);
    const options = { ...DEFAULT_SETTINGS, ...CONFIRM_ALL, contract: LINUX_CONTRACT };
    const unfenced = eventsOf(trace, 'fence')
      .reverse()
      .reduce((left, event) => withoutEvent(left, event), trace);
    const { disk } = execution;
    assert.ok(disk !== null);
    const { violations } = new Judge(new Image()).judge(program, unfenced, disk, options);
    assert.deepEqual(violations.map(signatureOf), ['P2 kernel-write-not-fenced']);
    assert.deepEqual(
      violations.map(({ op, offset }) => [op, offset]),
      [[3, 0x40]],
    );
  });

  test('P6: syncfs returns and the store is not on media', () => {
    const text = `${SHARED} t0: store(m0, 0x40, 8)\n t0: syncfs(f0)`;
    assert.deepEqual(runText(text, { bugs: ['B02'] }).signatures, [
      'P6 sync-without-dax-writeback',
    ]);
    assert.deepEqual(runText(text).signatures, []);
  });

  test('holds with eADR where only write-back is missing', () => {
    const program = `${SHARED} t0: store(m0, 0x40, 8)\n t0: fsync(f0)`;
    const ran = runText(program, { bugs: ['B01'], settings: { domain: 'eadr' } });
    assert.deepEqual(ran.signatures, []);
  });
});

describe('exposure (P9)', () => {
  test('of what a block held before: the block map is on media, the zeros are not', () => {
    const program = `file a pages 1 allocated 0
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: store(m0, 0x40, 8)
      t0: fsync(f0)`;
    const { signatures } = withKnob('allocateWithoutZeroing', program);
    assert.ok(signatures.includes('P9 stale-block-exposed'), signatures.join());
  });

  test("of another file's data, where a freed block is used before the free is committed", () => {
    const program = `geometry page 4096 pmd 4 file-pages 8 blocks 1
      file a pages 1 allocated 1
      file b pages 0 allocated 0
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: ftruncate(f0, 0x0)
      t0: pwrite(f1, 0x0, 8)`;
    assert.deepEqual(withKnob('reuseBeforeCommit', program).signatures, [
      'P9 reused-before-commit',
    ]);
  });
});

describe('the running kernel', () => {
  test('P1: a mapping shows the zero page although the file has data there', () => {
    const program = `file a pages 1 allocated 0
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: load(m0, 0x0, 8)
      t0: spawn
      t0: store(m0, 0x40, 8)
      t1: pwrite(f0, 0x0, 8)
      t1: load(m0, 0x0, 8)`;
    const schedule = ['start -> t0', 't0 op 3 at dax_insert_entry:start #1 -> t1'].join('\n');
    const { signatures } = withKnob('writeTrustsExtentMap', program, schedule);
    assert.deepEqual(signatures, ['P1 stale-zero-page']);
    assert.deepEqual(runText(program, { schedule }).signatures, []);
  });

  test('P13: a pinned block is given to another file', () => {
    const program = `geometry page 4096 pmd 4 file-pages 8 blocks 1
      file a pages 1 allocated 1
      file b pages 0 allocated 0
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: p0 = pin(m0, pages 0..1, WRITE)
      t0: ftruncate(f0, 0x0)
      t0: sync()
      t0: pwrite(f1, 0x0, 8)
      t0: dma_write(p0, 0x0, 8)
      t0: pread(f1, 0x0, 8)`;
    const { signatures } = runText(program, { bugs: ['A9'] });
    assert.ok(signatures.includes('P13 block-reused-while-pinned'), signatures.join());
  });

  test('a device write after cleaning counts only for a kernel that claims to track it (A11)', () => {
    const program = `${SHARED} t0: p0 = pin(m0, pages 0..1, WRITE)\n t0: fsync(f0)
      t0: dma_write(p0, 0x0, 64)\n t0: unpin(p0)\n t0: fsync(f0)`;
    assert.deepEqual(runText(program, { bugs: ['A11'] }).signatures, ['P3 dma-after-clean']);
    assert.deepEqual(runText(program).signatures, []);
  });

  test('a device write before the cleaning counts for every kernel', () => {
    const program = `${SHARED} t0: p0 = pin(m0, pages 0..1, WRITE)
      t0: dma_write(p0, 0x0, 64)\n t0: fsync(f0)`;
    assert.deepEqual(runText(program, { bugs: ['B01'] }).signatures, ['P3 never-tagged']);
  });
});

describe('translation', () => {
  test('a processor goes on through a stale TLB entry where cleaning does not flush TLBs', () => {
    const program = `${SHARED} t0: store(m0, 0x40, 8)\n t0: fsync(f0)
      t0: store(m0, 0x40, 8)\n t0: fsync(f0)`;
    const { signatures } = withKnob('cleanWithoutTlbFlush', program);
    assert.equal(signatures.length, 2);
    assert.match(signatures[0] ?? '', /^P3 /);
    assert.equal(signatures[1], 'P10 time-not-updated');
  });
});

describe('a witness', () => {
  test('names a cut at which the call had returned, and loses no more than one unit', () => {
    const { violations, trace } = runText(
      `${SHARED} t0: store(m0, 0x40, 8)\n t0: store(m0, 0x1040, 8)\n t0: fsync(f0)`,
      { bugs: ['B01'] },
    );
    const [violation] = violations;
    assert.equal(violation?.plan?.cut, trace.length - 1);
    assert.equal(violation?.plan?.short.length, 1);
  });

  test('is reported once a signature, however many calls broke the promise in that way', () => {
    const { verdict } = runText(
      `${SHARED} t0: store(m0, 0x40, 8)\n t0: fsync(f0)\n t0: fsync(f0)\n t0: fsync(f0)`,
      { bugs: ['B01'] },
    );
    assert.equal(verdict.violations.length, 1);
    assert.ok(verdict.repeats >= 1);
  });
});
