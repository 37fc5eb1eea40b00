/** What is said on machines that lack something; without QEMU. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { nativeFile } from '../../src/qemu/native-files.js';
import { qemuVersion } from '../../src/qemu/process.js';
import { fillFile, unnamedFile } from '../../src/qemu/shared-memory.js';
import { QemuTarget } from '../../src/qemu/target.js';
import { parseProgram } from '../../src/program/text.js';
import { RandomScheduler } from '../../src/schedule/random.js';
import { EnvironmentError, UsageError } from '../../src/support/assert.js';
import { Prng } from '../../src/support/prng.js';
import { inTemporaryDirectory } from '../helpers/temporary.js';

/** Runs with a PATH on which there is only a QEMU that prints this, or none. */
async function withQemu(says: string | null, body: () => void): Promise<void> {
  const before = process.env['PATH'];
  await inTemporaryDirectory((directory) => {
    if (says !== null) {
      const file = path.join(directory, 'qemu-system-x86_64');
      fs.writeFileSync(file, `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 });
    }
    process.env['PATH'] = directory;
    try {
      body();
    } finally {
      process.env['PATH'] = before;
    }
  });
}

describe('QEMU', () => {
  test('is taken from version 10 on', () =>
    withQemu('QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)', () => {
      assert.equal(qemuVersion(), '10.0.2');
    }));

  test('that is too old is refused with its version and the way to another', () =>
    withQemu('QEMU emulator version 7.2.17 (Debian 1:7.2+dfsg-7)', () => {
      assert.throws(
        qemuVersion,
        (error) =>
          error instanceof EnvironmentError && /7\.2\.17.*bookworm-backports/.test(error.message),
      );
    }));

  test('that is missing is said to be, with the way to it', () =>
    withQemu(null, () => {
      assert.throws(
        qemuVersion,
        (error) =>
          error instanceof EnvironmentError && /is missing.*bookworm-backports/.test(error.message),
      );
    }));
});

describe('what gcc makes', () => {
  const complaint = (directory: string): string => {
    const directories = { built: directory, sources: path.join(directory, 'sources') };
    try {
      return nativeFile('agent', directories);
    } catch (error) {
      assert.ok(error instanceof EnvironmentError);
      return error.message;
    }
  };
  const touch = (file: string, seconds: number): void => {
    fs.writeFileSync(file, '');
    fs.utimesSync(file, seconds, seconds);
  };

  test('is asked for where it is missing or older than its sources, and taken else', () =>
    inTemporaryDirectory((directory) => {
      const agent = path.join(directory, 'agent');
      assert.match(complaint(directory), /agent is missing: run "npm run build:native"/);
      touch(agent, 1000);
      assert.equal(complaint(directory), agent);
      fs.mkdirSync(path.join(directory, 'sources'));
      touch(path.join(directory, 'sources', 'agent.c'), 2000);
      assert.match(complaint(directory), /older than its sources: run "npm run build:native"/);
      touch(agent, 2000);
      assert.equal(complaint(directory), agent);
    }));
});

describe('memory shared with QEMU', () => {
  test('is refused where there is no space, naming the places and the way out', () =>
    inTemporaryDirectory((directory) => {
      assert.throws(
        () => unnamedFile(2 ** 52, [directory, '/nowhere']),
        (error) =>
          error instanceof EnvironmentError &&
          error.message.includes(`in ${directory} nor in /nowhere`) &&
          /TMPDIR/.test(error.message),
      );
    }));

  test('is made in the first place that has space, and leaves no name there', () =>
    inTemporaryDirectory((directory) => {
      const fd = unnamedFile(4096, ['/nowhere', directory]);
      assert.equal(fs.fstatSync(fd).size, 4096);
      assert.deepEqual(fs.readdirSync(directory), []);
      fs.closeSync(fd);
    }));

  test('holds the content that it was made with', () => {
    const fd = fillFile(Buffer.from('content'));
    assert.equal(fs.readFileSync(fd, 'utf8').length, 7);
    fs.closeSync(fd);
  });
});

describe('a real kernel as a target', () => {
  test('does not boot for a program with more threads than it has CPUs', () => {
    const target = new QemuTarget({
      ...{ kernel: 'none', filesystem: 'ext4', cpus: 1, atomicBytes: 512 },
      ...{ icountShift: null, ignoreFlush: null },
    });
    const program = parseProgram('file a pages 1 allocated 1\nt0: sync()\nt1: sync()\n');
    assert.throws(
      () => target.execute(program, new RandomScheduler(Prng.fromSeed(1n))),
      (error) => error instanceof UsageError && /2 threads, the guest 1 CPU/.test(error.message),
    );
  });
});
