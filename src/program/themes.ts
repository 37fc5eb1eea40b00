/**
 * What bounded exhaustive runs are made of: a few themes, each a small world that thread 0 sets up and an
 * alphabet of operations on it. Opening and mapping is part of the setup, so that an operation of a program
 * is one that something can go wrong with.
 *
 * Files and slots have different parts in a theme, so no two programs of it are the same but for their names;
 * only the threads can be exchanged (space.ts). Pages have two cache lines and a PMD two pages: what happens
 * to a page or a PMD then happens in few steps.
 */
import type { Op } from './op.js';
import type { Program } from './program.js';
import { parseProgram } from './text.js';

export interface Theme {
  readonly name: string;
  /** With thread 0 alone, which does the setup. */
  readonly setup: Program;
  readonly alphabet: readonly Op[];
  /** Needs a file system that shares blocks. */
  readonly sharedBlocks: boolean;
}

interface Source {
  readonly name: string;
  readonly files: readonly string[];
  readonly setup: readonly string[];
  readonly alphabet: readonly string[];
  readonly sharedBlocks?: true;
}

const GEOMETRY = 'geometry page 128 pmd 2 file-pages 4 blocks 8';

/** Two mappings of one file: a page that only a PTE can map, and the range of a PMD. */
const MAPPED = [
  'f0 = open("a")',
  'm0 = mmap(f0, pages 0..1, MAP_SHARED)',
  'm1 = mmap(f0, pages 0..2, MAP_SHARED)',
];

const ONE_PAGE = ['f0 = open("a")', 'm0 = mmap(f0, pages 0..1, MAP_SHARED)'];
const ONE_BYTE = ['load(m0, 0x0, 1)', 'store(m0, 0x0, 1)', 'pread(f0, 0x0, 1)'];

/** Stores and loads through both, and everything that flushes. */
const STORE_AND_SYNC = [
  'store(m0, 0x0, 1)',
  'store(m1, 0x40, 1)',
  'store(m1, 0x80, 1)',
  'load(m1, 0x0, 1)',
  'fsync(f0)',
  'msync(m1, pages 1..2, MS_SYNC)',
  'sync()',
  'munmap(m0, pages 0..1)',
];

const SOURCES: readonly Source[] = [
  {
    name: 'blocks',
    files: ['file a pages 2 allocated 2'],
    setup: MAPPED,
    alphabet: [...STORE_AND_SYNC, 'fadvise(f0, pages 0..2, DONTNEED)'],
  },
  {
    name: 'dirty PMD',
    files: ['file a pages 2 allocated 2'],
    setup: [...MAPPED, 'store(m1, 0x0, 1)'],
    alphabet: STORE_AND_SYNC,
  },
  {
    name: 'clean PTE',
    files: ['file a pages 2 allocated 2'],
    setup: [...MAPPED, 'load(m0, 0x0, 1)'],
    alphabet: [...STORE_AND_SYNC, 'fadvise(f0, pages 0..2, DONTNEED)'],
  },
  {
    name: 'holes',
    files: ['file a pages 2 allocated 0'],
    setup: MAPPED,
    alphabet: [
      'load(m0, 0x0, 1)',
      'load(m1, 0x0, 1)',
      'store(m0, 0x0, 1)',
      'store(m1, 0x40, 1)',
      'pwrite(f0, 0x3e, 6)',
      'pread(f0, 0x3e, 6)',
      'fsync(f0)',
      'sync()',
      'fadvise(f0, pages 0..2, DONTNEED)',
    ],
  },
  {
    name: 'writes',
    files: ['file a pages 1 allocated 1'],
    setup: ['f0 = open("a")', 'm0 = mmap(f0, pages 0..2, MAP_SHARED)'],
    alphabet: [
      'store(m0, 0x0, 1)',
      'load(m0, 0x3e, 6)',
      'pwrite(f0, 0x3e, 6)',
      'pwrite(f0, 0x7e, 6, O_DSYNC)',
      'pread(f0, 0x3e, 6)',
      'fsync(f0)',
      'fdatasync(f0)',
      'sync()',
    ],
  },
  {
    name: 'layout',
    files: ['file a pages 2 allocated 2', 'file b pages 1 allocated 0'],
    setup: [...MAPPED, 'f1 = open("b")'],
    alphabet: [
      'store(m1, 0x0, 1)',
      'load(m0, 0x0, 1)',
      'ftruncate(f0, 128)',
      'ftruncate(f0, 0)',
      'fallocate(f0, PUNCH_HOLE, 0x0, 128)',
      'p0 = pin(m0, pages 0..1, WRITE)',
      'unpin(p0)',
      'pwrite(f1, 0x0, 8)',
      'fsync(f0)',
    ],
  },
  {
    name: 'freeze',
    files: ['file a pages 1 allocated 1'],
    setup: ONE_PAGE,
    alphabet: [
      'store(m0, 0x0, 1)',
      'load(m0, 0x0, 1)',
      'pwrite(f0, 0x0, 8)',
      'freeze()',
      'thaw()',
      'fsync(f0)',
    ],
  },
  {
    name: 'MAP_SYNC',
    files: ['file a pages 2 allocated 0'],
    setup: ['f0 = open("a")', 'm0 = mmap(f0, pages 0..2, MAP_SHARED|MAP_SYNC)'],
    alphabet: [
      'store(m0, 0x0, 1)',
      'load(m0, 0x0, 1)',
      'user_flush(m0, 0x0, 64)',
      'pwrite(f0, 0x0, 8)',
      'fsync(f0)',
      'sync()',
      'ftruncate(f0, 0)',
    ],
  },
  {
    name: 'private copies',
    files: ['file a pages 2 allocated 2', 'file b pages 1 allocated 0'],
    setup: [
      'f0 = open("a")',
      'f1 = open("b")',
      'm0 = mmap(f0, pages 0..1, MAP_PRIVATE)',
      'm1 = mmap(f0, pages 0..1, MAP_SHARED)',
    ],
    alphabet: [
      'store(m0, 0x0, 1)',
      'load(m0, 0x0, 1)',
      'store(m1, 0x40, 1)',
      'ftruncate(f0, 128)',
      'fallocate(f0, PUNCH_HOLE, 0x0, 128)',
      'pwrite(f1, 0x0, 8)',
      'fsync(f0)',
    ],
  },
  {
    name: 'shared blocks',
    files: ['file a pages 2 allocated 2', 'file b pages 2 allocated 0'],
    setup: [
      'f0 = open("a")',
      'f1 = open("b")',
      'm0 = mmap(f0, pages 0..1, MAP_SHARED)',
      'pwrite(f0, 0x0, 128)',
      'fsync(f0)',
      'reflink_range(f1, 0x0, 128, f0, page 0)',
    ],
    alphabet: [
      'store(m0, 0x0, 1)',
      'load(m0, 0x0, 1)',
      'pwrite(f0, 0x10, 8)',
      'pread(f1, 0x0, 8)',
      'fallocate(f0, UNSHARE_RANGE, 0x10, 8)',
      'reflink_range(f1, 0x0, 128, f0, page 0)',
      'fsync(f0)',
      'fsync(f1)',
    ],
    sharedBlocks: true,
  },
  {
    name: 'one mapping',
    files: ['file a pages 1 allocated 1'],
    setup: ONE_PAGE,
    alphabet: [
      'store(m0, 0x0, 1)',
      'load(m0, 0x0, 1)',
      'munmap(m0, pages 0..1)',
      'p0 = pin(m0, pages 0..1, WRITE|FAST)',
      'ftruncate(f0, 0)',
      'fsync(f0)',
      'drop_caches()',
      'freeze()',
    ],
  },
  {
    name: 'pins',
    files: ['file a pages 2 allocated 2'],
    setup: ['f0 = open("a")', 'm0 = mmap(f0, pages 0..2, MAP_SHARED)'],
    alphabet: [
      'p0 = pin(m0, pages 0..1, WRITE)',
      'p0 = pin(m0, pages 0..1, WRITE|LONGTERM)',
      'p1 = pin(m0, pages 1..2, READ)',
      'dma_write(p0, 0x0, 1)',
      'unpin(p0)',
      'unpin(p1, BATCH)',
      'fsync(f0)',
      'ftruncate(f0, 0)',
    ],
  },
  {
    name: 'removal',
    files: ['file a pages 1 allocated 1'],
    setup: ONE_PAGE,
    alphabet: [
      ...ONE_BYTE,
      'p0 = pin(m0, pages 0..1, READ|FAST)',
      'p1 = pin(m0, pages 0..1, WRITE)',
      'dma_write(p1, 0x0, 1)',
      'unpin(p0)',
      'unbind()',
    ],
  },
  {
    name: 'media errors',
    files: ['file a pages 1 allocated 1'],
    setup: ONE_PAGE,
    alphabet: [
      ...ONE_BYTE,
      'pwrite(f0, 0x0, 128)',
      'poison(f0, pages 0..1)',
      'fallocate(f0, PUNCH_HOLE, 0x0, 128)',
      'fsync(f0)',
    ],
  },
];

function themeOf({ name, files, setup, alphabet, sharedBlocks }: Source): Theme {
  const head = [GEOMETRY, ...files, ...setup.map((line) => `t0: ${line}`), 't0: spawn'];
  const parsed = parseProgram([...head, ...alphabet.map((line) => `t1: ${line}`)].join('\n'));
  const { threads, ...rest } = parsed;
  const [first = [], second = []] = threads;
  return {
    name,
    setup: { ...rest, threads: [first] },
    alphabet: second,
    sharedBlocks: sharedBlocks === true,
  };
}

let themes: readonly Theme[] | null = null;

/** Those that a file system can run, in the order in which they are. */
export function themesFor(sharesBlocks: boolean): readonly Theme[] {
  themes ??= SOURCES.map(themeOf);
  return themes.filter((theme) => sharesBlocks || !theme.sharedBlocks);
}
