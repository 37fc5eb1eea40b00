import assert from 'node:assert/strict';
import fs from 'node:fs';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { Monitor } from '../../src/qemu/monitor.js';
import { fillFile, unnamedFile } from '../../src/qemu/shared-memory.js';
import { Snapshot } from '../../src/qemu/snapshot.js';
import { EnvironmentError } from '../../src/support/assert.js';

const RAM_BYTES = 1 << 20;
const KERNEL = { file: 'vmlinuz', version: '6.1.0', modules: 'modules' };

function memory(): Buffer {
  const bytes = Buffer.alloc(RAM_BYTES);
  bytes.fill(1, 70_000, 70_001);
  bytes.fill(2, RAM_BYTES - 1);
  return bytes;
}

function contentOf(fd: number): Buffer {
  const bytes = Buffer.alloc(fs.fstatSync(fd).size);
  fs.readSync(fd, bytes, 0, bytes.length, 0);
  return bytes;
}

describe('a snapshot', () => {
  const saved = (): { ram: number; state: number; initrd: number } => ({
    ram: fillFile(memory()),
    state: unnamedFile(0),
    initrd: unnamedFile(0),
  });

  test('gives each guest the memory as it was, and a copy of its own', () => {
    const snapshot = new Snapshot(KERNEL, saved(), RAM_BYTES);
    const first = snapshot.files();
    fs.writeSync(first.ram, Buffer.from([7]), 0, 1, 70_000);
    const second = snapshot.files();
    assert.ok(contentOf(second.ram).equals(memory()));
    assert.equal(contentOf(first.ram)[70_000], 7);
    for (const { ram } of [first, second]) fs.closeSync(ram);
    snapshot.close();
  });

  test('does not take space for memory that nobody has written', () => {
    const snapshot = new Snapshot(KERNEL, saved(), RAM_BYTES);
    const { ram } = snapshot.files();
    assert.ok(fs.fstatSync(ram).blocks * 512 < RAM_BYTES / 2);
    fs.closeSync(ram);
    snapshot.close();
  });

  test('closes its files', () => {
    const files = saved();
    new Snapshot(KERNEL, files, RAM_BYTES).close();
    for (const fd of Object.values(files)) assert.throws(() => fs.fstatSync(fd), /EBADF/);
  });
});

describe('the monitor', () => {
  /** A QEMU that answers each command as told, with what it says unasked in between. */
  function monitorOf(answer: (command: string) => object, isAlive = (): boolean => true): Monitor {
    let said = '{"QMP": {"version": {}}}\n';
    const commands = new Writable({
      write(chunk: Buffer, _encoding, done) {
        const { execute, id } = JSON.parse(chunk.toString()) as { execute: string; id: number };
        said += `{"event": "RESUME"}\n${JSON.stringify({ id, ...answer(execute) })}\n`;
        done();
      },
    });
    return new Monitor(commands, () => said, isAlive);
  }

  test('asks until the state is saved', () => {
    const asked: string[] = [];
    const states = ['setup', 'active', 'completed'];
    monitorOf((command) => {
      asked.push(command);
      return { return: command === 'query-migrate' ? { status: states.shift() } : {} };
    }).save('/dev/null');
    assert.deepEqual(asked, [
      'qmp_capabilities',
      'migrate-set-capabilities',
      'migrate',
      'query-migrate',
      'query-migrate',
      'query-migrate',
    ]);
  });

  test('says what QEMU says when it cannot load the state', () => {
    const monitor = monitorOf((command) => ({
      return: command === 'query-migrate' ? { status: 'failed', 'error-desc': 'bad magic' } : {},
    }));
    assert.throws(
      () => monitor.load('/dev/null'),
      (error) => error instanceof EnvironmentError && error.message.includes('bad magic'),
    );
  });

  test('does not wait for a QEMU that has ended', () => {
    const monitor = monitorOf(
      () => ({ id: 0 }),
      () => false,
    );
    assert.throws(
      () => monitor.save('/dev/null'),
      (error) => error instanceof EnvironmentError && error.message.includes('has ended'),
    );
  });

  test('says which command QEMU refuses', () => {
    const monitor = monitorOf((command) =>
      command === 'migrate' ? { error: { desc: 'no such protocol' } } : { return: {} },
    );
    assert.throws(
      () => monitor.save('/dev/null'),
      (error) =>
        error instanceof EnvironmentError && /"migrate": no such protocol/.test(error.message),
    );
  });
});
