/** What is listed covers exactly what its reason speaks of. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Disagreement } from '../../src/conformance/compare.js';
import { compare } from '../../src/conformance/compare.js';
import { listedAs } from '../../src/conformance/listed.js';
import type { Observation } from '../../src/conformance/observation.js';
import { opCount } from '../../src/program/program.js';
import { parseProgram } from '../../src/program/text.js';

interface Shown {
  readonly result: number;
  readonly size: number;
  /** What every byte of the file is. */
  readonly byte?: number;
  readonly changed?: number;
  /** Pages that have a block, of those that the file then has. */
  readonly blocks?: readonly number[];
}

/** Programs here have four operations, of which the last is what matters. */
function observed(
  before: number,
  { result, size, byte = 0, changed, blocks = [0] }: Shown,
): Observation {
  const steps = [0, 0, before, result].map((returned, op) => {
    const length = op === 3 ? size : before;
    const content = new Uint8Array(length).fill(byte);
    if (op === 3 && changed !== undefined) content[changed] = byte + 1;
    return {
      op,
      result: returned,
      files: [{ size: length, content, allocated: Uint8Array.from(op === 3 ? blocks : [0]) }],
      guarantee: null,
    };
  });
  return { steps, alarm: null, discarded: null };
}

const program = (third: string, last: string): ReturnType<typeof parseProgram> =>
  parseProgram(`file a pages 1 allocated 1
  t0: f0 = open("a")
  t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
  t0: ${third}
  t0: ${last}`);

function listed(
  text: ReturnType<typeof parseProgram>,
  filesystem: 'ext4' | 'xfs',
  model: Observation,
  kernel: Observation,
): (string | null)[] {
  return compare(model, kernel).map(
    (found) => listedAs(found, { program: text, filesystem, model, kernel })?.id ?? null,
  );
}

describe('a file that a failed write makes longer', () => {
  const text = program('ftruncate(f0, 0x0)', 'pwrite_from(f0, 0x80, 1, m0, page 0)');
  const model = observed(0, { result: -14, size: 0 });

  test('is listed where it ends as many bytes before the offset as the error says', () => {
    const kernel = observed(0, { result: -14, size: 0x80 - 14 });
    assert.deepEqual(listed(text, 'ext4', model, kernel), ['failed-write-extends']);
  });

  test('is news with another size, and on another file system', () => {
    const longer = observed(0, { result: -14, size: 0x80 });
    assert.deepEqual(listed(text, 'ext4', model, longer), [null]);
    const kernel = observed(0, { result: -14, size: 0x80 - 14 });
    assert.deepEqual(listed(text, 'xfs', model, kernel), [null]);
  });
});

describe('other bytes after a write from a mapping', () => {
  const model = observed(4096, { result: 8, size: 4096 });
  const kernel = observed(4096, { result: 8, size: 4096, changed: 3 });

  test('are listed where it copies over what it copies', () => {
    const text = program('store(m0, 0x0, 8)', 'pwrite_from(f0, 0x1, 8, m0, page 0)');
    assert.deepEqual(listed(text, 'xfs', model, kernel), ['overlapping-copy']);
  });

  test('are news where it does not, and where it did not write', () => {
    const apart = program('store(m0, 0x0, 8)', 'pwrite_from(f0, 0x10, 8, m0, page 0)');
    assert.deepEqual(listed(apart, 'xfs', model, kernel), [null]);
    const text = program('store(m0, 0x0, 8)', 'pwrite_from(f0, 0x1, 8, m0, page 0)');
    const behind = observed(4096, { result: 8, size: 4096, changed: 100 });
    assert.deepEqual(listed(text, 'xfs', model, behind), [null]);
  });

  test('are listed where read(2) reads what it overwrites through a mapping', () => {
    const text = program('store(m0, 0x0, 8)', 'pread_into(f0, 0x1, 8, m0, page 0)');
    assert.deepEqual(listed(text, 'ext4', model, kernel), ['overlapping-copy']);
    const apart = program('store(m0, 0x0, 8)', 'pread_into(f0, 0x8, 8, m0, page 0)');
    assert.deepEqual(listed(apart, 'ext4', model, kernel), [null]);
  });
});

describe('other bytes after a file was made longer', () => {
  const text = program('store(m0, 0xff8, 1)', 'ftruncate(f0, 0x1000)');
  const model = observed(0xff0, { result: 0, size: 0x1000 });

  test('are listed where they are in what was the last page of the file, behind its end', () => {
    const kernel = observed(0xff0, { result: 0, size: 0x1000, changed: 0xff8 });
    assert.deepEqual(listed(text, 'ext4', model, kernel), ['store-beyond-eof']);
    assert.deepEqual(listed(text, 'xfs', model, kernel), [null]);
  });

  test('are news where the file had them before', () => {
    const kernel = observed(0xff0, { result: 0, size: 0x1000, changed: 0xfe8 });
    assert.deepEqual(listed(text, 'ext4', model, kernel), [null]);
  });

  test('are listed after a write in front of what it writes only', () => {
    const writing = program('store(m0, 0xff8, 1)', 'pwrite(f0, 0xffc, 4)');
    const written = (changed?: number): Observation =>
      observed(0xff0, { result: 4, size: 0x1000, ...(changed === undefined ? {} : { changed }) });
    assert.deepEqual(listed(writing, 'ext4', written(), written(0xff8)), ['store-beyond-eof']);
    assert.deepEqual(listed(writing, 'ext4', written(), written(0xffc)), [null]);
  });
});

describe('blocks behind those that a write came to copy into', () => {
  const text = program('ftruncate(f0, 0x3000)', 'pwrite_from(f0, 0x0, 12288, m0, page 0)');
  const short = { result: 4096, size: 0x3000 };
  const model = observed(0x3000, { ...short, blocks: [1, 1, 0] });

  test('are listed where the write covers them', () => {
    const kernel = observed(0x3000, { ...short, blocks: [1, 1, 1] });
    assert.deepEqual(listed(text, 'xfs', model, kernel), ['allocated-ahead']);
  });

  test('are news where the model has one that the kernel does not have', () => {
    const kernel = observed(0x3000, { ...short, blocks: [1, 0, 0] });
    assert.deepEqual(listed(text, 'xfs', model, kernel), [null]);
  });

  test('are news where all was copied', () => {
    const whole = { result: 12288, size: 0x3000 };
    const ours = observed(0x3000, { ...whole, blocks: [1, 1, 0] });
    const kernel = observed(0x3000, { ...whole, blocks: [1, 1, 1] });
    assert.deepEqual(listed(text, 'xfs', ours, kernel), [null]);
  });
});

describe('a warning of the kernel alone', () => {
  const text = program('load(m0, 0x0, 1)', 'load(m0, 0x0, 1)');
  const model = observed(0x1000, { result: 0, size: 0x1000 });
  const warning = (where: string): Observation => ({
    ...model,
    alarm: `WARNING: CPU: 0 PID: 1 at fs/dax.c:380 ${where}+0x227/0x320`,
  });

  test('is listed where it is about a page of two files', () => {
    const kernel = warning('dax_insert_entry');
    const [found] = compare(model, kernel);
    const compared = { program: text, model, kernel } as const;
    assert.ok(found !== undefined);
    assert.equal(
      listedAs(found, { ...compared, filesystem: 'xfs-reflink' })?.id,
      'clone-mapped-twice',
    );
    assert.equal(listedAs(found, { ...compared, filesystem: 'xfs' }), null);
  });

  test('is news where it comes from elsewhere', () => {
    const kernel = warning('dax_disassociate_entry');
    const [found] = compare(model, kernel);
    assert.ok(found !== undefined);
    const compared = { program: text, filesystem: 'xfs-reflink', model, kernel } as const;
    assert.equal(listedAs(found, compared), null);
  });
});

describe('a guarantee of the model that the kernel does not give', () => {
  const text = parseProgram(`file a pages 1 allocated 1
    file b pages 1 allocated 1
    t0: f0 = open("a")
    t0: f1 = open("b")
    t0: fsync(f0)`);
  const sized = (ino: number): Disagreement => ({
    kind: 'promises-more',
    op: 2,
    ino,
    spans: [],
    model: 'the size is sure',
    kernel: 'the size is not sure',
  });
  const nothing: Observation = { steps: [], alarm: null, discarded: null };
  const compared = { program: text, filesystem: 'xfs', model: nothing, kernel: nothing } as const;

  test('is listed where it is about another file than the one that is synced', () => {
    assert.equal(listedAs(sized(1), compared)?.id, 'taken-along');
  });

  test('is news where it is about that one', () => {
    assert.equal(listedAs(sized(0), compared), null);
  });
});

describe('a store to the neighbour of a page that was copied', () => {
  const after = (...calls: string[]): ReturnType<typeof parseProgram> =>
    parseProgram(`file a pages 3 allocated 3
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..3, MAP_SHARED|UNALIGNED)
      t0: reflink_range(f0, 0x2000, 4096, f0, page 0)
      t0: pwrite(f0, 0x0, 1)
      ${calls.map((call) => `t0: ${call}`).join('\n')}`);
  const rowOf = (
    text: ReturnType<typeof parseProgram>,
    kind: Disagreement['kind'],
  ): string | null => {
    const spans = [{ from: 0x2000, to: 0x2001 }];
    const op = opCount(text) - 1;
    const found = { kind, op, ino: 0, model: '', kernel: '', spans };
    const nothing: Observation = { steps: [], alarm: null, discarded: null };
    const compared = { program: text, model: nothing, kernel: nothing };
    return listedAs(found, { ...compared, filesystem: 'xfs-reflink' })?.id ?? null;
  };
  const store = 'store(m0, 0x2000, 1)';
  const write = 'pwrite(f0, 0x2000, 1)';

  test('is listed with what a commit loses', () => {
    assert.equal(rowOf(after(store, 'fsync(f0)'), 'promises-more'), 'fault-copies-neighbour');
  });

  test('is listed with what the model loses, or shows, after a write to the page', () => {
    assert.equal(
      rowOf(after(store, write, 'fsync(f0)'), 'promises-less'),
      'fault-copies-neighbour',
    );
    assert.equal(rowOf(after(store, write, store), 'content'), 'fault-copies-neighbour');
  });

  test('is news without that write', () => {
    assert.equal(rowOf(after(store, 'fsync(f0)'), 'promises-less'), null);
    assert.equal(rowOf(after(write, store, store), 'content'), null);
  });
});
