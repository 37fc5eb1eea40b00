/** The log in the model: what commits and checkpoints store, and what goes wrong in another order. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LOG_SLOTS } from '../../src/media/layout.js';
import { AT, EVENT, STORE } from '../../src/trace/event.js';
import type { Trace } from '../../src/trace/trace.js';
import { eventsOf, runText } from '../helpers/lines.js';

const FILE = `file a pages 4 allocated 1
  t0: f0 = open("a")
`;
const writes = (count: number): string =>
  Array.from(
    { length: count },
    (_, page) => `t0: pwrite(f0, 0x${page}000, 8)\n t0: fsync(f0)`,
  ).join('\n');

/** Stores to metadata, fences that are not of locks, and moves of head and tail, of one operation. */
function stepsOf(trace: Trace, op: number): string[] {
  const steps: string[] = [];
  for (let event = 0; event < trace.length; event++) {
    if (trace.op(event) !== op) continue;
    const kind = trace.kind(event);
    if (kind === EVENT.store && trace.argument(event, AT.store.ino) < 0) {
      const bypasses = (trace.argument(event, AT.store.how) & STORE.nonTemporal) !== 0;
      steps.push(bypasses ? 'movnt' : 'store');
    } else if (kind === EVENT.fence && trace.argument(event, AT.fence.how) === 0) {
      steps.push('fence');
    } else if (kind === EVENT.journal_commit) {
      const length = trace.argument(event, AT.journal_commit.length);
      steps.push(length === 0 ? 'tail' : 'head');
    }
  }
  return steps;
}

describe('a commit', () => {
  test('has its transaction in the log before the head moves, and fences both', () => {
    const { trace } = runText(`${FILE} ${writes(1)}`);
    assert.deepEqual(stepsOf(trace, 2), ['movnt', 'fence', 'head', 'fence']);
  });

  test('first writes home what the log holds, where that is full', () => {
    const { trace, signatures } = runText(`${FILE} ${writes(LOG_SLOTS + 1)}`);
    const last = 2 * (LOG_SLOTS + 1);
    const home = Array.from({ length: LOG_SLOTS }, () => 'movnt');
    const commit = ['movnt', 'fence', 'head', 'fence'];
    assert.deepEqual(stepsOf(trace, last), [...home, 'fence', 'tail', 'fence', ...commit]);
    assert.deepEqual(stepsOf(trace, last - 2), commit);
    assert.deepEqual(signatures, []);
  });

  test('logs the inodes that its transaction changed, and no others', () => {
    const { trace } = runText(`file a pages 1 allocated 1
      file b pages 1 allocated 1
      t0: f0 = open("a")
      t0: f1 = open("b")
      t0: pwrite(f0, 0x0, 8)
      t0: fsync(f0)
      t0: pwrite(f1, 0x0, 8)
      t0: pwrite(f0, 0x1000, 8)
      t0: sync()`);
    const [one, both] = eventsOf(trace, 'journal_commit').map((event) =>
      trace.argument(event, AT.journal_commit.length),
    );
    assert.ok(one !== undefined && both !== undefined);
    assert.equal(both - 8, 2 * (one - 8));
  });
});

describe('without its order a power failure leaves metadata that nobody wrote', () => {
  const WRONG: readonly [string, string, readonly string[]][] = [
    ['F01', writes(1), ['P0 log-not-whole']],
    ['F02', writes(1), ['P0 log-not-whole']],
  ];
  for (const [id, ops, expected] of WRONG) {
    test(`${id}`, () => {
      const { signatures } = runText(`${FILE.replace('allocated 1', 'allocated 0')} ${ops}`, {
        bugs: [id],
      });
      for (const signature of expected) assert.ok(signatures.includes(signature), signature);
    });
  }

  test('B69, when the log is full', () => {
    const broken = (count: number): readonly string[] =>
      runText(`${FILE} ${writes(count)}`, { bugs: ['B69'] }).signatures;
    assert.deepEqual(broken(LOG_SLOTS), []);
    assert.ok(broken(LOG_SLOTS + 1).includes('P3 log-not-whole'));
  });

  test('bytes that are lost whatever becomes of the metadata are not laid to it', () => {
    const { signatures } = runText(
      `file a pages 1 allocated 1
      t0: f0 = open("a")
      t0: m0 = mmap(f0, pages 0..1, MAP_SHARED)
      t0: store(m0, 0x0, 1)
      t0: sync()
      t0: munmap(m0, pages 0..1)
      t0: close(f0)
      t0: umount()`,
      { kernel: 'dax-v8' },
    );
    assert.ok(signatures.includes('P6 sync-without-dax-writeback'), signatures.join(', '));
    assert.deepEqual(
      signatures.filter((signature) => signature.endsWith('log-not-whole')),
      [],
    );
  });
});
