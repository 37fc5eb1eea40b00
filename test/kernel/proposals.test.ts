/** What the threads propose, against the reproducers of the bugs that each is about. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { signatureOf } from '../../src/finding/finding.js';
import { readReproducer } from '../../src/finding/store.js';
import { PRESETS } from '../../src/kernel/presets.js';
import { PROPOSALS } from '../../src/kernel/threads.js';
import { parseProgram } from '../../src/program/text.js';
import { runOnce } from '../../src/run.js';
import { ReplayScheduler } from '../../src/schedule/replay.js';
import { parseSchedule } from '../../src/schedule/text.js';
import { lineOf, runText } from '../helpers/lines.js';
import { ROOT } from '../helpers/temporary.js';

/** Signatures of what the reproducer of a bug shows on a kernel, its schedule followed as far as it goes. */
function shownOn(kernel: string, id: string): string[] {
  const file = path.join(ROOT, 'crashes', 'catalogue', `${id}.json`);
  const { program, schedule, fs, domain, persistency } = readReproducer(file);
  const line = lineOf({ kernel, settings: { fs, domain, persistency } });
  const { pointNames } = line.target;
  const recorded = parseSchedule(schedule.join('\n'), pointNames);
  const scheduler = new ReplayScheduler(recorded, pointNames, 'lenient');
  const { verdict } = runOnce(line, parseProgram(program.join('\n')), scheduler);
  return verdict.violations.map(signatureOf);
}

describe('what a thread proposes', () => {
  test('is a kernel that can be run', () => {
    const names = PRESETS.map(({ name }) => name);
    for (const name of PROPOSALS.keys()) assert.ok(names.includes(name), name);
  });

  test('keeping entries dirty loses no data to cleaning, but times and a freeze', () => {
    for (const id of ['A2', 'A4', 'L01']) assert.deepEqual(shownOn('keep-dirty', id), [], id);
    assert.deepEqual(shownOn('keep-dirty', 'B07'), ['P10 time-not-updated']);
    assert.deepEqual(shownOn('keep-dirty', 'A20'), ['P12 left-writable-by-freeze']);
  });

  test('a PMD entry that takes over the tags of what it replaces loses nothing', () => {
    for (const id of ['A1', 'B06']) {
      assert.deepEqual(shownOn('dax-v8', id), ['P3 tags-lost-on-replacement'], id);
      assert.deepEqual(shownOn('tags-transferred', id), [], id);
    }
  });

  test('unless a write-back has passed the first page of the PMD entry already', () => {
    const { signatures, execution } = runText(
      `file a pages 4 allocated 4
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..3, MAP_SHARED)
      t0: m1 = mmap(f0, pages 0..4, MAP_SHARED)
      t0: store(m0, 0x1000, 1)
      t0: fsync(f0)
      t1: store(m0, 0x0, 1)
      t1: load(m1, 0x0, 1)`,
      {
        kernel: 'tags-transferred',
        schedule: `start -> t0
          t0 op 4 at dax_writeback_mapping_range:start #1 -> t1
          t1 op 6 at handle_mm_fault:start #1 -> t0
          t0 op 4 at dax_writeback_one:done #1 -> t1
          t1 at task_end #0 -> t0
        `,
      },
    );
    assert.deepEqual(signatures, ['P3 moved-behind-write-back']);
    assert.deepEqual(execution.stuck, []);
  });

  test('clearing TOWRITE before the flush loses what clearing it afterwards keeps', () => {
    assert.deepEqual(shownOn('towrite-before-flush', 'L01'), ['P3 towrite-taken']);
    assert.deepEqual(shownOn('towrite-after-flush-v9', 'L01'), []);
  });

  test('write-protecting loses data unless the fault holds the entry lock, too', () => {
    for (const kernel of ['write-protect-unlocked', 'write-protect-locked']) {
      assert.deepEqual(shownOn(kernel, 'A4'), ['P3 writable-while-cleaned'], kernel);
    }
    assert.deepEqual(shownOn('mainline', 'A4'), []);
  });

  test('fsync at munmap comes too late for an fsync beside it', () => {
    assert.deepEqual(shownOn('fsync-at-munmap', 'A23'), ['P3 writeback-not-called']);
    assert.deepEqual(shownOn('mainline', 'A23'), []);
  });
});
