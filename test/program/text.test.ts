import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProgramGenerator } from '../../src/program/generate.js';
import { OP_TABLE } from '../../src/program/op.js';
import { parseProgram, printProgram } from '../../src/program/text.js';
import { UsageError } from '../../src/support/assert.js';
import { Prng } from '../../src/support/prng.js';

/** Every operation with every flag word, in canonical spelling. */
const EVERYTHING = `geometry page 4096 pmd 4 file-pages 8 blocks 16
file a pages 4 allocated 2
file b pages 0 allocated 0
t0: f0 = open("a")
t0: f1 = open("b")
t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
t0: m1 = mmap(f0, pages 1..3, MAP_PRIVATE|PROT_READ)
t0: m2 = mmap(f0, pages 0..8, MAP_SHARED|MAP_SYNC|UNALIGNED)
t0: spawn
t0: store(m0, 0x40, 8)
t0: load(m0, 0x1ffc, 8)
t0: user_flush(m2, 0x0, 100)
t0: mprotect(m0, pages 0..1, PROT_READ)
t0: mprotect(m0, pages 0..1, PROT_WRITE)
t0: munmap(m1, pages 0..2)
t0: msync(m0, pages 0..4, MS_SYNC)
t0: msync(m0, pages 0..4, MS_ASYNC)
t0: fsync(f0)
t1: fdatasync(f1)
t1: sync()
t1: pwrite(f0, 0x10, 100)
t1: pwrite(f0, 0x10, 100, O_DIRECT|O_DSYNC)
t1: pread(f0, 0x0, 4096)
t1: pread(f0, 0x0, 4096, O_DIRECT)
t1: ftruncate(f0, 0x800)
t1: fallocate(f0, PUNCH_HOLE, 0x0, 4096)
t1: fallocate(f0, ZERO_RANGE, 0x100, 16)
t1: fallocate(f0, ALLOCATE, 0x100, 16)
t1: fallocate(f0, ALLOCATE_KEEP_SIZE, 0x100, 16)
t1: fallocate(f0, COLLAPSE_RANGE, 0x1000, 4096)
t1: fallocate(f0, INSERT_RANGE, 0x1000, 4096)
t1: fallocate(f0, UNSHARE_RANGE, 0x0, 4096)
t1: fadvise(f0, pages 0..1, DONTNEED)
t2: p0 = pin(m0, pages 0..2, WRITE)
t2: p1 = pin(m0, pages 0..1, READ)
t2: dma_write(p0, 0x0, 64)
t2: dma_read(p0, 0x0, 64)
t2: p2 = pin(m0, pages 0..1, WRITE|FAST)
t2: p3 = pin(m0, pages 0..1, READ|FAST|LONGTERM)
t2: unpin(p0)
t2: unpin(p1, BATCH)
t2: syncfs(f0)
t2: reflink(f1, f0)
t2: reflink_range(f1, 0x1000, 4096, f0, page 2)
t2: freeze()
t2: thaw()
t2: unbind()
t2: unbind(SURPRISE)
t2: shutdown()
t2: flusher()
t2: commit()
t2: close(f1)
t2: umount()
t2: mount()
t2: drop_caches()
t2: madvise(m0, pages 0..1, DONTNEED)
t2: poison(f1, pages 0..2)
t2: pwrite_from(f1, 0x10, 64, m0, page 3)
t2: pread_into(f1, 0x10, 64, m0, page 0)
`;

describe('the text form of a program', () => {
  test('spells every operation and flag, and parsing and printing it changes nothing', () => {
    assert.equal(printProgram(parseProgram(EVERYTHING)), EVERYTHING);
    for (const { name, words, modes } of OP_TABLE) {
      assert.ok(EVERYTHING.includes(`${name}(`), name);
      for (const word of [...modes, ...words.map(({ set }) => set)]) {
        assert.match(EVERYTHING, new RegExp(`${name}\\(.*\\b${word}\\b`));
      }
    }
  });

  test('leads back to the same program for ten thousand drawn ones', () => {
    const generator = new ProgramGenerator();
    const choice = Prng.fromSeed(11n);
    for (let i = 0; i < 10_000; i++) {
      const program = generator.generate(choice);
      assert.deepEqual(parseProgram(printProgram(program)), program);
    }
  });

  test('ignores comments, blank lines and spacing', () => {
    const loose = '# what this is\n\n  file a pages 1 allocated 1   # one page\nt0:f0=open(a)\n';
    const strict = 'file a pages 1 allocated 1\nt0: f0 = open("a")\n';
    assert.deepEqual(parseProgram(loose), parseProgram(strict));
  });

  const WRONG: readonly (readonly [string, string, RegExp])[] = [
    ['an unknown operation', 't0: erase(f0)', /line 1: expected an operation name, found "erase"/],
    ['an inherited name', 't0: toString(f0)', /line 1: expected an operation/],
    ['a missing argument', 't0: store(m0, 0x40)', /line 1/],
    ['an argument too many', 't0: fsync(f0, 1)', /line 1: expected 1 arguments to fsync/],
    [
      'a slot that does not exist',
      't0: fsync(f9)',
      /t0 operation 0: fsync: target 9 is out of bounds/,
    ],
    ['a slot of another kind', 't0: fsync(m0)', /line 1/],
    ['a flag of another call', 't0: pread(f0, 0x0, 8, O_DSYNC)', /line 1: .*O_DSYNC/],
    ['a page that is none', 't0: pwrite_from(f0, 0x0, 8, m0, 1)', /line 1: expected "page NUMBER"/],
    ['an unknown flag', 't0: m0 = mmap(f0, pages 0..1, MAP_LOCKED)', /line 1: .*MAP_LOCKED/],
    ['a fifth thread', 't4: fsync(f0)', /line 1: expected a thread below t4/],
    ['a spawn elsewhere', 't0: sync()\nt1: spawn', /line 2: expected spawn in t0/],
    [
      'a store beyond the file',
      't0: store(m0, 0x8000, 8)',
      /t0 operation 0: store: offset 32768 is out of bounds/,
    ],
    [
      'a page that is no power of two',
      'geometry page 100 pmd 4 file-pages 8 blocks 16',
      /geometry/,
    ],
    ['an impossible size', 'geometry page 4096 pmd 4 file-pages 99999 blocks 16', /file-pages/],
    [
      'more blocks than the device has',
      'file a pages 8 allocated 8\nfile b pages 8 allocated 8\n' + 'file c pages 1 allocated 1',
      /need 17 blocks of 16/,
    ],
    ['nonsense', 'hello', /line 1: expected "geometry", "file" or "tN:"/],
    ['a number that is none', 't0: store(m0, 0xzz, 8)', /line 1/],
  ];

  for (const [what, text, message] of WRONG) {
    test(`refuses ${what} and says where`, () => {
      assert.throws(
        () => parseProgram(text),
        (error) => {
          assert.ok(error instanceof UsageError);
          assert.match(error.message, message);
          return true;
        },
      );
    });
  }
});
