/** Who may make a page dirty, and when: threads 001 and 002, under every schedule of small programs. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { foundBySomeSchedule } from '../helpers/every-schedule.js';
import type { Setup } from '../helpers/lines.js';
import { runText } from '../helpers/lines.js';

type Row = readonly [what: string, setup: Setup, signatures: readonly string[]];

function settle(text: string, rows: readonly Row[]): void {
  for (const [what, setup, signatures] of rows) {
    test(`${what} (${setup.kernel ?? ''}${setup.bugs?.join() ?? ''})`, () => {
      assert.deepEqual(foundBySomeSchedule(text, setup, 100), new Set(signatures));
    });
  }
}

const MAPPED = `file a pages 1 allocated 1
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
`;
const PINNED = `${MAPPED} t0: p0 = pin(m0, pages 0..1, WRITE)
  t0: spawn
  t0: dma_write(p0, 0x0, 8)
  t0: unpin(p0)
`;
/** A device writes while another thread cleans the page and reclaims what can be. */
const CLEANED = `${PINNED}
  t0: fsync(f0)
  t1: fsync(f0)
  t1: fadvise(f0, pages 0..1, DONTNEED)`;
const LOST = 'P3 dma-after-clean';
const UNTOLD = 'P0 dirtied-untold';

describe('thread 001, under every schedule with two switches', () => {
  describe('a page that knows its file, and a device that has written to it', () => {
    settle(CLEANED, [
      ['page cache operations', { bugs: ['A8'] }, ['P0 dirtied-as-page-cache']],
      [
        'pagecache_page() as it was typed',
        { kernel: 'pagecache-page-as-typed' },
        ['P0 dirtied-as-page-cache'],
      ],
      ['pagecache_page() as it was meant', { kernel: 'pagecache-page-corrected' }, []],
      ['operations of DAX that do nothing', { kernel: 'mainline' }, []],
      ['the same, held to what the device wrote', { bugs: ['A11'] }, [LOST]],
      [
        'a set_page_dirty that verifies the entry sees the loss and does not prevent it',
        { kernel: 'set-page-dirty-verifies' },
        [LOST, 'P0 dirtied-while-clean'],
      ],
    ]);
  });

  describe('the warning of truncation', () => {
    const truncated = `${PINNED} t1: ftruncate(f0, 0x0)`;
    settle(truncated, [
      [
        'comes where truncation does not wait',
        { bugs: ['A9'] },
        ['P0 truncated-while-referenced', 'P13 freed-while-pinned'],
      ],
      ['does not come where it does', { kernel: 'mainline' }, []],
    ]);

    test('does not come where the entry is gone before, and with it the pin (L07)', () => {
      const { signatures } = runText(
        `file a pages 1 allocated 0
          t0: f0 = open("a")
          t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
          t0: spawn
          t0: pwrite(f0, 0x0, 1)
          t0: ftruncate(f0, 0x0)
          t1: p0 = pin(m0, pages 0..1, READ)`,
        {
          bugs: ['L07'],
          schedule: `start -> t0\n t0 op 2 at dax_iomap_rw:begun #1 -> t1\n t1 at task_end #0 -> t0`,
        },
      );
      assert.deepEqual(signatures, ['P13 freed-while-pinned']);
    });
  });
});

describe('thread 002, under every schedule with two switches', () => {
  describe('what a device writes between the cleaning of its page and its end', () => {
    settle(CLEANED, [
      ['where the file system keeps something for the page', { bugs: ['A14'] }, [UNTOLD]],
      ['where reclaim takes that', { bugs: ['A10'] }, [UNTOLD]],
      ['where writeback drops such a page', { kernel: 'untold-pages-skipped' }, [LOST]],
      ['put_user_pages() as posted', { kernel: 'put-user-pages' }, [LOST]],
      ['one that dirties', { kernel: 'put-user-pages-dirties' }, [LOST]],
      ['one that waits for writeback, and dirties', { kernel: 'put-user-pages-waits' }, []],
      ['one that flushes', { kernel: 'put-user-pages-flushes' }, []],
      ['the page lock over the section', { kernel: 'page-lock-over-gup' }, []],
      [
        'the page lock, where the file system keeps something',
        { kernel: 'page-lock-over-gup', bugs: ['A14'] },
        [],
      ],
    ]);
  });

  test('one thread that syncs a file whose page lock it holds waits for ever', () => {
    const text = `${MAPPED} t0: p0 = pin(m0, pages 0..1, WRITE)\n t0: fsync(f0)\n t0: unpin(p0)`;
    assert.deepEqual(runText(text, { kernel: 'page-lock-over-gup' }).signatures, [
      'P0 kernel-hung',
    ]);
    assert.deepEqual(runText(text).signatures, []);
  });

  test('pages of one huge entry can be pinned under its lock, one after the other', () => {
    const text = `file a pages 4 allocated 4
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
      t0: p0 = pin(m0, pages 0..2, WRITE)
      t0: dma_write(p0, 0xff8, 16)
      t0: unpin(p0)
      t0: fsync(f0)`;
    const { signatures, execution } = runText(text, { kernel: 'page-lock-over-gup' });
    assert.deepEqual([signatures, execution.stuck], [[], []]);
  });

  const NOTIFIED = `${MAPPED} t0: m1 = mmap(f0, pages 0..1, MAP_SHARED)
    t0: store(m0, 0x0, 8)
    t0: spawn
    t0: fsync(f0)
    t1: store(m1, 0x0, 8)`;
  describe('a page that is cleaned between page_mkwrite and set_page_dirty', () => {
    settle(NOTIFIED, [
      ['with nothing between them', { bugs: ['A13'] }, [UNTOLD]],
      ['where only truncation takes what is kept', { bugs: ['A15'] }, []],
      ['where nothing is kept', { bugs: ['A16'] }, []],
      ['under the lock of the page', { kernel: 'mainline' }, []],
    ]);
  });

  const TRUNCATED = `${MAPPED} t0: spawn\n t0: ftruncate(f0, 0x0)\n t1: store(m0, 0x0, 8)`;
  describe('one that is truncated there', () => {
    settle(TRUNCATED, [
      ['with nothing between them', { bugs: ['A15'] }, [UNTOLD]],
      ['under the lock of the page', { kernel: 'mainline' }, []],
    ]);
  });

  const WRITTEN = `${MAPPED} t0: spawn
    t0: store(m0, 0x0, 8)
    t0: fsync(f0)
    t1: store(m0, 0x8, 8)`;
  describe('one that another thread writes and syncs there', () => {
    settle(WRITTEN, [
      ['dirty after the data', { bugs: ['A16'] }, ['P3 never-tagged']],
      ['dirty before it', { kernel: 'mainline' }, []],
    ]);
  });
});
