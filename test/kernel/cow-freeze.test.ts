/**
 * Shared blocks beside what came to the model with freezing: who waits for a thaw, and what O_DSYNC covers.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ModelTarget } from '../../src/kernel/model-target.js';
import { MAINLINE_KNOBS, withKnobs } from '../../src/kernel/variant.js';
import { Image } from '../../src/media/image.js';
import { Judge } from '../../src/oracle/judge.js';
import { parseProgram } from '../../src/program/text.js';
import { DEFAULT_SETTINGS } from '../../src/run.js';
import { ReplayScheduler } from '../../src/schedule/replay.js';
import { LINUX_CONTRACT } from '../../src/target/target.js';
import type { Ran, Setup } from '../helpers/lines.js';
import { eventsOf, resultsOf, runProgram, runText } from '../helpers/lines.js';

const EOPNOTSUPP = -95;
const SHARING = { fs: 'xfs-reflink' } as const;

const run = (text: string, setup: Setup = {}): Ran =>
  runText(text, { ...setup, settings: SHARING });

/** Page 0 of "a" is also page 0 of "b", and all of that is on media. */
const CLONED = `file a pages 2 allocated 2
  file b pages 1 allocated 0
  t0: f0 = open("a")
  t0: f1 = open("b")
  t0: m0 = mmap(f0, pages 0..2, MAP_SHARED|UNALIGNED)
  t0: pwrite(f0, 0x0, 4096)
  t0: reflink_range(f1, 0x0, 4096, f0, page 0)
  t0: sync()
  t0: load(m0, 0x0, 8)
`;

/** Operation 7 freezes, 8 thaws, and 9 is what the other thread does between them. */
const frozenWhile = (op: string): string =>
  `${CLONED} t0: spawn\n t0: freeze()\n t0: thaw()\n t1: ${op}`;
const BETWEEN = 'start -> t0\n t0 op 7 at op_end #1 -> t1\n';

function exitOf({ trace }: Ran, op: number): number {
  const exit = eventsOf(trace, 'op_exit').find((event) => trace.op(event) === op);
  assert.ok(exit !== undefined, `operation ${op} did not return`);
  return exit;
}

describe('while the file system is frozen', () => {
  const WRITERS = [
    'reflink(f1, f0)',
    'reflink_range(f1, 0x0, 4096, f0, page 1)',
    'fallocate(f0, UNSHARE_RANGE, 0x0, 4096)',
    'pwrite(f0, 0x80, 8)',
    'store(m0, 0x80, 8)',
    'p0 = pin(m0, pages 0..1, READ)', // gets a block of its own first
  ];
  for (const op of WRITERS) {
    test(`${op} of a shared page waits for the thaw`, () => {
      const schedule = `${BETWEEN} t1 op 9 at wait:thaw #1 -> t0\n t0 at task_end #0 -> t1`;
      const ran = run(frozenWhile(op), { schedule });
      assert.deepEqual([ran.signatures, ran.execution.stuck], [[], []]);
      const thawed = exitOf(ran, 8);
      assert.ok(exitOf(ran, 9) > thawed);
      const frozen = exitOf(ran, 7);
      for (const kind of ['extent_map', 'extent_remap', 'store'] as const) {
        const early = eventsOf(ran.trace, kind).filter((at) => at > frozen && at < thawed);
        assert.deepEqual(early, [], kind);
      }
    });
  }

  test('a clone is refused without waiting where no blocks are shared', () => {
    const text = frozenWhile('reflink(f1, f0)');
    const ran = runText(text, { schedule: `${BETWEEN} t1 at task_end #0 -> t0` });
    assert.equal(resultsOf(ran.trace)[9], EOPNOTSUPP);
    assert.ok(exitOf(ran, 9) < exitOf(ran, 8));
    assert.deepEqual(ran.signatures, []);
  });

  test('a fault that replaces a block all the same is reported', () => {
    const setup = { bugs: ['B15'], schedule: `${BETWEEN} t1 at task_end #0 -> t0` };
    const { violations, trace } = run(frozenWhile('store(m0, 0x80, 8)'), setup);
    const [remap] = eventsOf(trace, 'extent_remap');
    const at = violations.find(({ event }) => event === remap);
    assert.deepEqual([at?.promise, at?.mechanism], ['P12', 'changed-while-frozen']);
  });
});

test('a freeze covers what was copied before it', () => {
  // Page 0 of "b" had a block of its own, which is free and zero by the time that the copy gets it.
  const text = `file a pages 0 allocated 0
    file b pages 1 allocated 1
    t0: f0 = open("a")
    t0: f1 = open("b")
    t0: pwrite(f0, 0x0, 1)
    t0: ftruncate(f0, 0x1000)
    t0: reflink(f1, f0)
    t0: fsync(f1)
    t0: pwrite(f1, 0x80, 1)
    t0: freeze()
    t0: thaw()`;
  assert.deepEqual(run(text).signatures, []);
  const { signatures } = run(text, { bugs: ['L09'] });
  assert.ok(signatures.includes('P12 kernel-write-not-fenced'), signatures.join());
});

test('a write with O_DSYNC covers the block that it gives the page', () => {
  const text = `${CLONED} t0: pwrite(f0, 0x80, 8, O_DSYNC)`;
  const ran = run(text);
  assert.deepEqual(ran.signatures, []);
  const [remap] = eventsOf(ran.trace, 'extent_remap');
  const commit = eventsOf(ran.trace, 'journal_commit').at(-1) as number;
  assert.ok((remap as number) < commit && commit < exitOf(ran, 7));
  const knobs = withKnobs(MAINLINE_KNOBS, ['fdatasyncSkipsCommit']);
  const target = new ModelTarget(knobs, LINUX_CONTRACT, 'xfs-reflink');
  const line = { target, judge: new Judge(new Image()), settings: DEFAULT_SETTINGS };
  const scheduler = new ReplayScheduler([], target.pointNames, 'lenient');
  const { violations } = runProgram(line, parseProgram(text), scheduler);
  assert.deepEqual(
    violations.map(({ promise, mechanism, op }) => [promise, mechanism, op]),
    [['P2', 'metadata-lost', 7]],
  );
});
