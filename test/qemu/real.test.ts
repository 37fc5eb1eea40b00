/**
 * A real kernel, if there is one: set DAXFUZZ_KERNEL to a vmlinuz whose modules are beside it. Needs QEMU 10
 * and `npm run build:native`; a minute.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { parseProgram } from '../../src/program/text.js';
import { original } from '../../src/media/mirror.js';
import { FILESYSTEMS, makeFilesystem } from '../../src/qemu/filesystem.js';
import type { FilesystemName, RealSettings } from '../../src/target/real.js';
import { ReplayScheduler } from '../../src/schedule/replay.js';
import { DEFAULT_GUEST, Guest, GuestFailure } from '../../src/qemu/guest.js';
import type { RunResult } from '../../src/qemu/guest.js';
import { guestProgram } from '../../src/qemu/guest-program.js';
import type { GuestProgram } from '../../src/qemu/guest-program.js';
import { RECORD, RECORD_BYTES, REAL_OP } from '../../src/qemu/protocol.js';
import type { Snapshot } from '../../src/qemu/snapshot.js';
import { QemuTarget } from '../../src/qemu/target.js';
import type { RawTrace } from '../../src/qemu/records.js';
import { durableImage } from '../helpers/durable-image.js';
import { SMALL_PROGRAM } from '../helpers/small-program.js';
import { describeOperations } from '../helpers/raw-operations.js';
import { ROOT } from '../helpers/temporary.js';

const KERNEL = process.env['DAXFUZZ_KERNEL'] ?? '';
const REAL: RealSettings = { cpus: 1, icountShift: null, ignoreFlush: null, atomicBytes: 512 };
const skip = KERNEL === '' ? 'set DAXFUZZ_KERNEL to a vmlinuz file to run this' : false;

const programFile = (name: string): GuestProgram =>
  guestProgram(
    parseProgram(fs.readFileSync(path.join(ROOT, 'test', 'qemu', 'programs', name), 'utf8')),
  );

/** Runs on a fresh file system; what every run must be like is asserted here. */
function run(guest: Guest, name: FilesystemName, program: GuestProgram): RunResult & TraceOf {
  const filesystem = FILESYSTEMS[name];
  const result = guest.run(original(makeFilesystem(filesystem)), filesystem.mount, program, false);
  const { trace } = result;
  const { steps, alarm } = guest.settle();
  assert.deepEqual(steps, { mounted: 0, prepared: 0, unmounted: 0 });
  assert.equal(result.distrust, null);
  assert.equal(alarm, null);
  assert.ok(trace !== null);
  return { ...result, trace };
}

interface TraceOf {
  readonly trace: RawTrace;
}

const hashOf = (trace: RawTrace): string =>
  createHash('sha256')
    .update(trace['bytes'].subarray(0, trace.length * RECORD_BYTES))
    .digest('hex');

/** A zombie does nothing any more; who has to reap it is not our affair. */
function isRunning(pid: number): boolean {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  for (let tries = 0; isRunning(pid); tries++) {
    assert.ok(tries < 100, `process ${pid} still runs`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe('a real kernel', { skip }, () => {
  let guest: Guest;
  before(() => {
    guest = Guest.boot({ ...DEFAULT_GUEST, kernel: KERNEL });
  });
  after(() => {
    guest.stop();
  });

  for (const name of ['ext4', 'xfs'] as const) {
    test(`runs a program on ${name} under a trace that explains all of pmem`, () => {
      const { trace } = run(guest, name, guestProgram(SMALL_PROGRAM));
      const operations = describeOperations(trace);
      assert.deepEqual(
        operations.map(({ result }) => result),
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
      );
      // 8 words of 8 bytes a line; fsync writes two pages back.
      const [, , word, page, fsync, , , , userFlush] = operations;
      assert.ok((word?.stores ?? 0) >= 1 && (page?.stores ?? 0) >= 512, 'stores');
      assert.deepEqual([word?.flushes, page?.flushes], [0, 0]);
      assert.equal(fsync?.flushes, 128);
      assert.ok(fsync.fences > 0);
      assert.equal(userFlush?.flushes, 1);
      // One is its own; an interrupt after its flush has locked instructions, which order that, too.
      assert.ok(userFlush.fences >= 1, 'fences');
    });

    test(`recovers on ${name} what was durable, and nothing else, to a whole file system`, () => {
      const { trace, base } = run(guest, name, guestProgram(SMALL_PROGRAM));
      const check = guest.check(durableImage(trace, base), FILESYSTEMS[name].mount);
      assert.deepEqual(check.steps, { mounted: 0, prepared: 0, unmounted: 0 });
      const file = check.files.find((found) => found.name === 'a');
      assert.deepEqual([file?.error, file?.size], [0, 8 * 4096]);
      const at = (offset: number): number | undefined => file?.content[offset];
      assert.deepEqual([at(0x103f), at(0x1040), at(0x1047), at(0x1048)], [0, 3, 3, 0]);
      assert.deepEqual([at(0x5000), at(0x5fff), at(0x6000)], [4, 4, 0]);
      assert.equal(at(0x1080), 0, 'stored after the fsync, never flushed');
      assert.equal(at(0x2040), 8, 'flushed by the program through a MAP_SYNC mapping');
      const fsck = guest.fsck();
      assert.equal(fsck?.status, 0, fsck?.text);
    });

    test(`does not mount an image without a ${name}, and goes on`, () => {
      const check = guest.check(original(Buffer.alloc(1 << 24)), FILESYSTEMS[name].mount);
      assert.ok(check.steps.mounted < 0);
      assert.deepEqual(check.files, []);
      assert.equal(guest.fsck(), null);
    });
  }

  for (const name of ['ext4-huge', 'xfs-huge'] as const) {
    test(`maps 2 MiB of ${name} at once, and writes all of them back`, () => {
      const { trace } = run(guest, name, programFile('huge-and-small-entry.prog'));
      assert.equal(describeOperations(trace)[5]?.flushes, (2 * 1024 * 1024) / 64);
    });
  }

  test('that crashes says so, with its console', async () => {
    const program = guestProgram(parseProgram('file a pages 1 allocated 0\nt0: sync()\n'));
    const ops = program.ops.map((op) => ({ ...op, code: REAL_OP.crash }));
    assert.throws(
      () => run(guest, 'ext4', { ...program, ops }),
      (error) =>
        error instanceof GuestFailure && error.kind === 'oops' && /sysrq/i.test(error.console),
    );
    await untilGone(guest.pid);
  });
});

describe('a real kernel with two CPUs', { skip }, () => {
  const options = { ...DEFAULT_GUEST, kernel: KERNEL, cpus: 2 } as const;
  let snapshot: Snapshot;
  let guest: Guest;
  before(() => {
    snapshot = Guest.boot(options).save();
    guest = Guest.resume(options, snapshot);
  });
  after(() => {
    guest.stop();
    snapshot.close();
  });

  for (const name of ['ext4', 'xfs'] as const) {
    test(`runs each thread on the CPU of its number, on ${name}`, () => {
      const { trace } = run(guest, name, programFile('two-threads.prog'));
      const operations = describeOperations(trace);
      assert.equal(operations.length, 13);
      for (const { thread, cpus } of operations) assert.deepEqual(cpus, [thread]);
      // Operations of thread 1 are the last five; its stores show their numbers.
      for (const record of trace.ofKind(RECORD.store)) {
        if (trace.pc(record) >= 1n << 47n) continue;
        assert.equal(trace.cpu(record), trace.value(record, 0) > 8 ? 1 : 0, `record ${record}`);
      }
    });
  }

  test('is missed at once when it is killed', () => {
    process.kill(guest.pid, 'SIGKILL');
    assert.throws(
      () => run(guest, 'ext4', programFile('two-threads.prog')),
      (error) => error instanceof GuestFailure && error.kind === 'killed',
    );
  });
});

describe('guests that count instructions and go on from one snapshot', { skip }, () => {
  test('leave the same trace of a race, command by command', () => {
    const options = { ...DEFAULT_GUEST, kernel: KERNEL, cpus: 2, icountShift: 3 } as const;
    const snapshot = Guest.boot(options).save();
    const traces = [0, 1].map(() => {
      const guest = Guest.resume(options, snapshot);
      const program = programFile('two-threads.prog');
      const hashes = [0, 1].map(() => hashOf(run(guest, 'ext4', program).trace));
      guest.stop();
      return hashes;
    });
    snapshot.close();
    assert.deepEqual(traces[0], traces[1]);
  });
});

describe('a guest that somebody kills', { skip }, () => {
  test('is no finding: another one runs the program, or mounts the image', () => {
    const target = new QemuTarget({ ...REAL, kernel: KERNEL, filesystem: 'ext4' });
    const scheduler = new ReplayScheduler([], [], 'lenient');
    const kill = (): void => {
      const pid = target['guest']?.pid;
      assert.ok(pid !== undefined);
      process.kill(pid, 'SIGKILL');
    };
    try {
      assert.equal(target.execute(SMALL_PROGRAM, scheduler).alarm, null);
      kill();
      const { disk, alarm } = target.execute(SMALL_PROGRAM, scheduler);
      assert.equal(alarm, null);
      assert.ok(disk?.kind === 'opaque');
      kill();
      const { files } = disk.mount(disk.content);
      assert.ok(typeof files !== 'string', 'mounted');
      assert.equal(files.sizeOf(0), 8 * 4096);
    } finally {
      target.close();
    }
  });
});

describe('a controller that is killed', { skip }, () => {
  test('takes QEMU with it and leaves no file', async () => {
    const module = path.join(ROOT, 'dist', 'src', 'qemu', 'guest.js');
    const script = `
      const { Guest, DEFAULT_GUEST } = require(${JSON.stringify(module)});
      const guest = Guest.boot({ ...DEFAULT_GUEST, kernel: ${JSON.stringify(KERNEL)} });
      console.log(guest.pid);
      setInterval(() => {}, 1000);
    `;
    const controller = spawn(process.execPath, ['-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const line = await new Promise<string>((resolve, reject) => {
      controller.stdout.once('data', (data: Buffer) => resolve(data.toString()));
      controller.once('exit', (code) => reject(new Error(`exit status ${code}`)));
    });
    const pid = Number(line);
    assert.ok(isRunning(pid), `QEMU is process ${pid}`);
    controller.removeAllListeners('exit');
    controller.kill('SIGKILL');
    await untilGone(pid);
    const left = fs.readdirSync('/dev/shm').filter((name) => name.includes(`-${controller.pid}-`));
    assert.deepEqual(left, []);
  });
});
