/** What the oracle says of the running kernel, without any power failure; mostly of edited traces. */
import { freshDisk } from '../../src/media/fresh.js';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { signatureOf } from '../../src/finding/finding.js';
import { ModelTarget } from '../../src/kernel/model-target.js';
import { MAINLINE_KNOBS, withKnobs } from '../../src/kernel/variant.js';
import type { EventName } from '../../src/trace/event.js';
import type { Ran, Setup } from '../helpers/lines.js';
import { eventsOf, lineOf, runProgram, runText } from '../helpers/lines.js';
import { parseProgram } from '../../src/program/text.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { Prng } from '../../src/support/prng.js';
import { withoutEvent } from '../helpers/traces.js';

const FILE = `geometry page 64 pmd 2 file-pages 4 blocks 8
  file a pages 2 allocated 2
  t0: f0 = open("a")
`;

/** Judges a run again without the n-th event of a kind. */
function without(ran: Ran, name: EventName, nth: number): string[] {
  const { judge, settings, target } = lineOf();
  const event = eventsOf(ran.trace, name).at(nth);
  assert.ok(event !== undefined, `the trace has such a ${name}`);
  const { violations } = judge.judge(
    ran.program,
    withoutEvent(ran.trace, event),
    freshDisk(ran.program),
    {
      ...settings,
      contract: target.contract,
      isKnown: () => false,
      everyInstance: false,
      images: 0,
    },
  );
  return violations.map(signatureOf);
}

describe('a call that returned success', () => {
  const CALLS: readonly [string, string, EventName, number, string][] = [
    ['a write that copies nothing', 't0: pwrite(f0, 0x0, 32)', 'store', -1, 'P1'],
    ['a write that does not grow the file', 't0: pwrite(f0, 0x60, 64)', 'i_size', -1, 'P1'],
    [
      'a truncate that leaves the tail for the next one to show',
      't0: m0 = mmap(f0, pages 0..2, MAP_SHARED)\n t0: ftruncate(f0, 0x20)\n t0: store(m0, 0x30, 8)\n t0: ftruncate(f0, 0x80)',
      'store',
      -1,
      'P9',
    ],
    ['a truncate that leaves the size', 't0: ftruncate(f0, 0x40)', 'i_size', -1, 'P9'],
    [
      'a punch that leaves the edge',
      't0: pwrite(f0, 0x30, 16)\n t0: fallocate(f0, PUNCH_HOLE, 0x20, 96)',
      'store',
      1,
      'P9',
    ],
    [
      'a punch that frees nothing',
      't0: pwrite(f0, 0x40, 64)\n t0: fallocate(f0, PUNCH_HOLE, 0x40, 64)',
      'extent_unmap',
      -1,
      'P9',
    ],
  ];
  for (const [what, ops, name, nth, promise] of CALLS) {
    test(`has done what it was asked: ${what}`, () => {
      const ran = runText(`${FILE} ${ops}`);
      assert.deepEqual(ran.signatures, []);
      assert.deepEqual(without(ran, name, nth), [`${promise} call-not-done`]);
    });
  }

  test('beside another that changes the same file is not judged by what the file shows', () => {
    const program =
      parseProgram(`${FILE} t0: spawn\n t0: pwrite(f0, 0x0, 64)\n t1: pwrite(f0, 0x0, 64)
      t1: ftruncate(f0, 0x20)`);
    const line = lineOf();
    const scheduler = new RandomScheduler(Prng.fromSeed(1n));
    for (let i = 0; i < 200; i++) {
      assert.deepEqual(runProgram(line, program, scheduler).signatures, []);
    }
  });
});

describe('a pinned block', () => {
  const ops = 't0: m0 = mmap(f0, pages 0..1, MAP_SHARED)\n t0: p0 = pin(m0, pages 0..1, READ)';
  for (const free of ['ftruncate(f0, 0x0)', 'fallocate(f0, PUNCH_HOLE, 0x0, 64)']) {
    test(`is not freed by ${free}, used again or not`, () => {
      const { signatures } = runText(`${FILE} ${ops}\n t0: ${free}`, { bugs: ['A9'] });
      // The kernel has a word on it, too, while the page still knows its file.
      assert.deepEqual(signatures, ['P13 freed-while-pinned', 'P0 truncated-while-referenced']);
    });
  }
});

describe('a store through a mapping that punching left', () => {
  const target = new ModelTarget(
    withKnobs(MAINLINE_KNOBS, ['removedStaysMapped', 'cleanWithoutWriteProtect']),
  );
  const ops = `t0: m0 = mmap(f0, pages 0..2, MAP_SHARED|UNALIGNED)
    t0: store(m0, 0x0, 8)\n t0: fallocate(f0, PUNCH_HOLE, 0x0, 64)\n t0: store(m0, 0x8, 8)`;

  test('reaches a freed block, and fsync does not keep it', () => {
    const scheduler = new RandomScheduler(Prng.fromSeed(1n));
    const program = parseProgram(`${FILE} ${ops}\n t0: fsync(f0)`);
    const { signatures } = runProgram({ ...lineOf(), target }, program, scheduler);
    assert.deepEqual(signatures, ['P9 store-reached-freed-block', 'P3 store-reached-freed-block']);
  });
});

describe('a loss', () => {
  const setup: Setup = { bugs: ['A3', 'B09'] };
  const ops = `file a pages 2 allocated 2\n t0: f0 = open("a")
    t0: m0 = mmap(f0, pages 0..2, MAP_SHARED|UNALIGNED)
    t0: store(m0, 0x40, 8)\n t0: fsync(f0)\n t0: store(m0, 0x40, 8)
    t0: store(m0, 0x1040, 8)\n t0: pwrite(f0, 0x1000, 8)\n t0: fsync(f0)`;

  test('does not hide another of the same call, known already or not', () => {
    const ran = runText(ops, setup);
    assert.deepEqual(ran.signatures, ['P3 pte-left-writable', 'P3 dirty-entry-invalidated']);
    const { judge, settings, target } = lineOf(setup);
    const { violations } = judge.judge(ran.program, ran.trace, freshDisk(ran.program), {
      ...settings,
      contract: target.contract,
      isKnown: (_, mechanism) => mechanism === 'pte-left-writable',
      everyInstance: false,
      images: 0,
    });
    assert.deepEqual(violations.map(signatureOf), ['P3 dirty-entry-invalidated']);
  });

  test('is not excused by a truncate that is still waiting, nor by one that only grows the file', () => {
    const { signatures } = runText(
      `file a pages 4 allocated 4\n t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..4, MAP_SHARED|UNALIGNED)
      t0: p0 = pin(m0, pages 0..1, READ)\n t0: store(m0, 0x3040, 8)\n t0: fsync(f0)
      t1: ftruncate(f0, 0x3000)`,
      {
        bugs: ['B01'],
        schedule: 'start -> t0\nt0 op 3 at op_end #1 -> t1\nt1 op 5 at wait:page_idle #1 -> t0\n',
      },
    );
    assert.deepEqual(signatures, ['P3 never-tagged']);
  });
});

describe('a device', () => {
  const ops = `file a pages 1 allocated 1\n t0: f0 = open("a")\n t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)`;

  test('that writes to a page dirtied again is tracked with it', () => {
    const { signatures } = runText(
      `${ops}\n t0: p0 = pin(m0, pages 0..1, WRITE)\n t0: fsync(f0)\n t0: p1 = pin(m0, pages 0..1, WRITE)
      t0: dma_write(p1, 0x0, 64)\n t0: unpin(p1)\n t0: unpin(p0)\n t0: munmap(m0, pages 0..1)\n t0: fsync(f0)`,
      { bugs: ['A28'] },
    );
    assert.deepEqual(signatures, ['P3 writeback-not-called']);
  });

  test('that still holds its page owes nothing, whatever pin for reading is released', () => {
    const { signatures } = runText(
      `${ops}\n t0: p0 = pin(m0, pages 0..1, WRITE)\n t0: p1 = pin(m0, pages 0..1, READ)\n t0: fsync(f0)
      t0: dma_write(p0, 0x0, 64)\n t0: unpin(p1)\n t0: fsync(f0)`,
      { bugs: ['A11'] },
    );
    assert.deepEqual(signatures, []);
  });
});
