/** The C form of findings: it compiles as it says, and running and checking it comes to an end. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import type { Finding } from '../../src/finding/finding.js';
import { BUGS } from '../../src/kernel/bugs.js';
import type { Recorded } from '../../src/minimize/record.js';
import { promiseOf } from '../../src/oracle/promise.js';
import type { PromiseId, Violation } from '../../src/oracle/promise.js';
import { DEFAULT_GEOMETRY } from '../../src/program/geometry.js';
import { ProgramGenerator } from '../../src/program/generate.js';
import { OP } from '../../src/program/op.js';
import type { Program } from '../../src/program/program.js';
import { fillOf, opAt } from '../../src/program/program.js';
import { expectedOf } from '../../src/report/c/expected.js';
import { turnsOf } from '../../src/report/c/order.js';
import { printC } from '../../src/report/c/program.js';
import { UsageError, assert as check } from '../../src/support/assert.js';
import { Prng } from '../../src/support/prng.js';
import { VERSION } from '../../src/support/version.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { AT, EVENT } from '../../src/trace/event.js';
import type { Trace } from '../../src/trace/trace.js';
import { assertGolden } from '../helpers/golden.js';
import { eventsOf, lineOf, runProgram, runText } from '../helpers/lines.js';
import { inTemporaryDirectory } from '../helpers/temporary.js';
import { recorded } from './catalogue.js';

/** As the text tells its reader. */
const FLAGS = ['-O2', '-Wall', '-Wextra', '-Werror', '-pthread'];
const { pointNames } = lineOf().target;

const hasGcc = spawnSync('gcc', ['--version']).status === 0;
const withGcc = { skip: hasGcc ? false : 'gcc is not installed' };

function cOf({ finding, trace }: Recorded): string {
  return printC(finding, trace, { pointNames, file: 'crashes/example/finding.json' });
}

/** Compiles; the warnings that need the optimiser come only with code. */
function compile(directory: string, text: string): string {
  const source = path.join(directory, 'x.c');
  const program = path.join(directory, 'x');
  fs.writeFileSync(source, text);
  const { status, stderr } = spawnSync('gcc', [...FLAGS, source, '-o', program], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  return program;
}

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const execute = (program: string, ...args: string[]): Ended =>
  spawnSync(program, args, { encoding: 'utf8', timeout: 120_000 });

/** A finding that nobody found: for the text, which does not ask whether it is true. */
function pretended(program: Program, trace: Trace, violation: Partial<Violation>): Finding {
  return {
    setup: { kernel: 'mainline', bugs: [], fs: 'ext4', domain: 'adr', persistency: 'line' },
    program,
    schedule: [],
    traceHash: '0',
    violation: {
      promise: 'P3',
      mechanism: 'never-tagged',
      op: 0,
      event: trace.length - 1,
      ino: 0,
      offset: 0,
      store: -1,
      detail: 'is an example',
      plan: null,
      ...violation,
    },
  };
}

describe('the C form', () => {
  for (const { id, slug } of BUGS) {
    test(`of ${id}, ${slug}, compiles as its head says`, withGcc, () =>
      inTemporaryDirectory((directory) => {
        const text = cOf(recorded(id));
        assert.ok(text.includes(`gcc ${FLAGS.join(' ')} x.c -o x`), 'the command that is tested');
        compile(directory, text);
      }),
    );
  }

  test('reads as its golden file', () => {
    const text = cOf(recorded('A2'));
    assertGolden('report-two-fsyncs.c', text.replace(`daxfuzz ${VERSION};`, 'daxfuzz VERSION;'));
  });

  test('is plain ASCII without tabs, whatever the catalogue names', () => {
    for (const { id } of BUGS) assert.match(cOf(recorded(id)), /^[\n\x20-\x7e]*$/, id);
  });

  test('is not ended early by a file name that ends a comment', withGcc, () =>
    inTemporaryDirectory((directory) => {
      const { finding, trace } = recorded('B01');
      const text = printC(finding, trace, { pointNames, file: '*/ int main(/*' });
      assert.ok(text.includes('* / int main(/ *'));
      compile(directory, text);
    }),
  );

  test('refuses programs that nobody would run by hand', () => {
    const store = '\nt0: store(m0, 0x0, 8)';
    const { program, trace } = runText(
      `t0: f0 = open("a")\nt0: m0 = mmap(f0, pages 0..1, MAP_SHARED)${store.repeat(1000)}`,
    );
    const finding = pretended(program, trace, {});
    assert.throws(() => printC(finding, trace, { pointNames, file: null }), UsageError);
  });

  // Two threads that overlap; one thread with huge pages.
  for (const id of ['A2', 'B07']) {
    test(`of ${id} runs, and its check tells kept from broken`, withGcc, () =>
      inTemporaryDirectory((directory) => {
        const found = recorded(id);
        const program = compile(directory, cOf(found));
        const ran = execute(program, directory);
        assert.equal(ran.status, 0, ran.stdout + ran.stderr);
        const { promise, op, offset } = found.finding.violation;
        assert.match(ran.stdout, new RegExp(`^made by operation ${op} of thread`, 'm'));
        const kept = execute(program, directory, '--check');
        assert.equal(kept.stdout, `promise ${promise} kept\n`);
        assert.equal(kept.status, 0);
        // What the power failure of the finding would leave.
        const file = fs.openSync(path.join(directory, 'daxfuzz-a'), 'r+');
        fs.writeSync(file, Buffer.from([0]), 0, 1, offset);
        fs.closeSync(file);
        const broken = execute(program, directory, '--check');
        assert.match(broken.stdout, /byte 0x0 reads 0x0, expected is\n.*\npromise P\d broken\n$/);
        assert.equal(broken.status, 1);
      }),
    );
  }

  test(
    'of random programs compiles, whatever they do and whichever promise is named',
    withGcc,
    () =>
      inTemporaryDirectory((directory) => {
        const choice = Prng.fromSeed(20n);
        const generator = new ProgramGenerator({
          geometry: DEFAULT_GEOMETRY,
          threadsMax: 3,
          opsMax: 24,
        });
        const promises: PromiseId[] = ['P0', 'P1', 'P9', 'P13', 'P6', 'P3'];
        for (const promise of promises) {
          const program = generator.generate(choice);
          const { trace } = runProgram(lineOf(), program, new RandomScheduler(choice.split()));
          const violation = { promise, offset: promise === 'P3' ? -1 : 0, op: 0 };
          const made = eventsOf(trace, 'op_exit').find((event) => {
            const op = opAt(program, trace.op(event));
            return op !== null && promiseOf(op) === promise;
          });
          const finding = pretended(program, trace, {
            ...violation,
            ...(made === undefined ? {} : { op: trace.op(made) }),
          });
          compile(directory, printC(finding, trace, { pointNames, file: null }));
        }
      }),
  );

  test('stops where an operation fails unlike in the witness', withGcc, () =>
    inTemporaryDirectory((directory) => {
      const text = cOf(recorded('B01')).replace('name, O_RDWR);', 'name, O_RDWR | O_DIRECTORY);');
      const ran = execute(compile(directory, text), directory);
      assert.match(ran.stdout, /= -20 \(Not a directory\)\nin the witness it did not fail/);
      assert.equal(ran.status, 3);
    }),
  );

  test('says how it wants to be called', withGcc, () =>
    inTemporaryDirectory((directory) => {
      const program = compile(directory, cOf(recorded('B01')));
      assert.equal(execute(program).status, 2);
      assert.equal(execute(program, directory, '--chek').status, 2);
      assert.equal(execute(program, path.join(directory, 'nowhere')).status, 2);
      assert.equal(execute(program, directory, '--check').status, 2, 'nothing has been run there');
    }),
  );
});

describe('the order that the C form keeps', () => {
  test('is that of the witness, with calls that overlapped not held back', () => {
    const { finding, trace } = recorded('L01');
    const turns = turnsOf(finding.program, trace, trace.length - 1);
    // Operation 4, of thread 1, ran while operation 3 had not returned.
    assert.deepEqual(
      turns.map(({ number, after }) => [number, after]),
      [
        [0, [0, 0]],
        [1, [1, 0]],
        [2, [2, 0]],
        [3, [3, 0]],
        [4, [3, 0]],
      ],
    );
  });

  test('leaves out what began after the power failure', () => {
    const { program, trace } = runText(
      't0: f0 = open("a")\nt0: m0 = mmap(f0, pages 0..1, MAP_SHARED)\nt0: fsync(f0)\nt0: sync()',
    );
    const cut = eventsOf(trace, 'op_exit').find((event) => trace.op(event) === 2) as number;
    const numbers = turnsOf(program, trace, cut).map(({ number }) => number);
    assert.deepEqual(numbers, [0, 1, 2]);
  });

  test('lets an operation that was preempted before its first step begin when it goes on', () => {
    const { program, trace } = runText(
      't0: f0 = open("a")\nt0: spawn\nt0: fsync(f0)\nt1: pwrite(f0, 0x0, 8)',
      { schedule: 'start -> t0\nt0 op 1 at op_start #1 -> t1\nt1 at task_end #0 -> t0\n' },
    );
    const turns = turnsOf(program, trace, trace.length - 1);
    assert.deepEqual(
      turns.map(({ number, after }) => [number, after]),
      [
        [0, [0, 0]],
        [2, [1, 0]],
        [1, [1, 1]],
      ],
    );
  });
});

describe('what the C form expects of files', () => {
  /** In the words `a 0x0..0x8: 1 or 2`, as promised by operation `op`. */
  function expected(text: string, op: number, schedule = '', offset = 0): string[] {
    const { program, trace } = runText(text, schedule === '' ? {} : { schedule });
    const exit = eventsOf(trace, 'op_exit').find((event) => trace.op(event) === op) as number;
    assert.equal(trace.argument(exit, AT.op_exit.result), 0, 'the call returned 0');
    const called = opAt(program, op);
    check(called !== null, 'there is such an operation');
    const promise = promiseOf(called) ?? 'P3';
    const { violation } = pretended(program, trace, { promise, op, offset });
    const { bytes, size } = expectedOf(program, trace, turnsOf(program, trace, exit), violation);
    const lines = bytes.map(
      ({ ino, from, to, values }) => `${'ab'[ino]} ${from}..${to}: ${values.join(' or ')}`,
    );
    return size === null ? lines : [...lines, `size: ${size.values.join(' or ')}`];
  }

  const OPEN = 'file a pages 2 allocated 2\nt0: f0 = open("a")\n';
  const MAP = `${OPEN}t0: m0 = mmap(f0, pages 0..2, MAP_SHARED)\n`;

  test('is the last of the writes that had returned before the call', () => {
    const text = `${MAP}t0: store(m0, 0x0, 16)\nt0: store(m0, 0x8, 4)\nt0: fsync(f0)`;
    assert.deepEqual(expected(text, 4), ['a 0..8: 3', 'a 8..12: 4', 'a 12..16: 3']);
  });

  test('is either of two writes that overlapped', () => {
    const text = `${MAP}t0: spawn\nt0: store(m0, 0x0, 8)\nt0: fsync(f0)\nt1: store(m0, 0x0, 8)`;
    const schedule = `start -> t0
t0 op 2 at handle_mm_fault:start #1 -> t1
t1 at task_end #0 -> t0
`;
    assert.deepEqual(expected(text, 3, schedule), ['a 0..8: 3 or 5']);
    assert.deepEqual(expected(text, 3), ['a 0..8: 3']);
  });

  test('is nothing where nothing was settled', () => {
    assert.deepEqual(expected(`${OPEN}t0: fsync(f0)\nt0: pwrite(f0, 0x0, 8)`, 1), []);
  });

  test('is zeros where a hole was punched', () => {
    const text = `${OPEN}t0: pwrite(f0, 0x0, 8)\nt0: fallocate(f0, PUNCH_HOLE, 0x4, 8)\nt0: fsync(f0)`;
    assert.deepEqual(expected(text, 3), ['a 0..4: 2', 'a 4..12: 0']);
  });

  test('is not about bytes beyond the end, which a mapping of the last page lets in', () => {
    const text = `${MAP}t0: ftruncate(f0, 0x8)\nt0: store(m0, 0x0, 16)\nt0: fsync(f0)`;
    assert.deepEqual(expected(text, 4), ['a 0..8: 4']);
  });

  test('is the size, where that is what was lost', () => {
    assert.deepEqual(expected(`${OPEN}t0: ftruncate(f0, 0x8)\nt0: fsync(f0)`, 2, '', -1), [
      'size: 8',
    ]);
  });

  test('is only what an msync was asked for', () => {
    const text = `${MAP}t0: store(m0, 0x0, 8)\nt0: store(m0, 0x1000, 8)\nt0: msync(m0, pages 1..2, MS_SYNC)`;
    assert.deepEqual(expected(text, 4), ['a 4096..4104: 4']);
  });

  test('is, for every catalogued loss of bytes but to a device or a media error, what the finding expected and not what it found', () => {
    for (const { id } of BUGS) {
      const { finding, trace } = recorded(id);
      const { program, violation } = finding;
      if (violation.plan === null || violation.offset < 0) continue; // sizes are above
      const turns = turnsOf(program, trace, violation.plan.cut);
      const { bytes } = expectedOf(program, trace, turns, violation);
      const { ino, offset } = violation;
      const at = bytes.find((b) => b.ino === ino && b.from <= offset && offset < b.to);
      const [, found] = /reads (\S+) after the crash/.exec(violation.detail) as unknown as string[];
      if (violation.promise === 'P9') {
        // Bytes that were never the file's: which one it should be instead, nobody promised.
        assert.ok(at !== undefined && !at.values.includes(Number(found)), id);
        continue;
      }
      if (violation.promise === 'P15') {
        assert.equal(at, undefined, id);
        continue;
      }
      const [, wanted] = /expected (\S+)$/.exec(violation.detail) as unknown as string[];
      const device = program.threads.flat().some((op) => op.code === OP.dma_write);
      if (device) {
        assert.equal(at, undefined, id);
        continue;
      }
      // A store that had not returned may have been done or not.
      const underWay = unfinishedAt(trace, violation.plan.cut).map(fillOf);
      assert.ok(at !== undefined && at.values.includes(Number(wanted)), id);
      const others = at.values.filter((value) => value !== Number(wanted));
      assert.deepEqual(
        others,
        others.filter((value) => underWay.includes(value)),
        id,
      );
      assert.ok(!at.values.includes(Number(found)), id);
    }
  });
});

/** The operations that have been entered by event `cut` and have not returned. */
function unfinishedAt(trace: Trace, cut: number): number[] {
  const open = new Set<number>();
  for (let event = 0; event <= cut; event++) {
    if (trace.kind(event) === EVENT.op_enter) open.add(trace.op(event));
    if (trace.kind(event) === EVENT.op_exit) open.delete(trace.op(event));
  }
  return [...open];
}
