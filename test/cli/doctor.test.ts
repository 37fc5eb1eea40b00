/** What the doctor says about real kernels; without QEMU. Its JSON is tested with that of the other verbs. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { debianCommands } from '../../src/cli/doctor-commands.js';
import { checkKernels } from '../../src/cli/doctor-real.js';
import { EnvironmentError } from '../../src/support/assert.js';
import type { CliResult } from '../helpers/cli.js';
import { daxfuzz } from '../helpers/cli.js';
import { inTemporaryDirectory } from '../helpers/temporary.js';

/** The answer in a directory of its own, with a PATH on which is only a QEMU that says this, or nothing. */
async function withQemu(says: string | null, ...flags: readonly string[]): Promise<CliResult> {
  const before = process.env['PATH'];
  return await inTemporaryDirectory((directory) => {
    if (says !== null) {
      const file = path.join(directory, 'qemu-system-x86_64');
      fs.writeFileSync(file, `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 });
    }
    process.env['PATH'] = directory;
    try {
      return daxfuzz(directory, 'doctor', ...flags);
    } finally {
      process.env['PATH'] = before;
    }
  });
}

interface Answer {
  readonly works: boolean;
  readonly realKernels: boolean;
  readonly checks: readonly { readonly name: string; status: string; readonly detail: string }[];
  readonly commands: readonly string[];
}

describe('the doctor', () => {
  test('takes a machine without QEMU for one that tests the model, and says how to get it', async () => {
    const { status, stdout } = await withQemu(null, '--json');
    const { works, realKernels, checks, commands } = JSON.parse(stdout) as Answer;
    assert.deepEqual([status, works, realKernels], [0, true, false]);
    const qemu = checks.find(({ name }) => name === 'qemu');
    assert.equal(qemu?.status, 'absent');
    assert.match(qemu.detail, /is missing/);
    assert.ok(commands.some((command) => /apt-get install .*qemu-system-x86$/.test(command)));
  });

  test('names the version of a QEMU that is too old', async () => {
    const { status, stdout } = await withQemu('QEMU emulator version 7.2.17', '--json');
    const { checks } = JSON.parse(stdout) as Answer;
    const qemu = checks.find(({ name }) => name === 'qemu');
    assert.deepEqual([status, qemu?.status], [0, 'absent']);
    assert.match(qemu?.detail ?? '', /version 7\.2\.17, needed is 10/);
  });

  test('asks for no other QEMU where one is new enough', async () => {
    const { stdout } = await withQemu('QEMU emulator version 10.0.2 (Debian)', '--json');
    const { checks, commands } = JSON.parse(stdout) as Answer;
    const qemu = checks.find(({ name }) => name === 'qemu');
    assert.deepEqual([qemu?.status, qemu?.detail], ['ok', 'version 10.0.2']);
    assert.ok(!commands.some((command) => command.includes('qemu')));
  });

  test('says in words what works, and the commands as they are typed', async () => {
    const { status, stdout } = await withQemu(null);
    assert.equal(status, 0);
    assert.match(stdout, /^qemu +absent +qemu-system-x86_64 is missing/m);
    assert.match(stdout, /^the model: works\nreal kernels .*: do not work yet; /m);
    assert.match(stdout, /^ {4}sudo apt-get update\n {4}sudo apt-get install /m);
  });
});

describe('the commands for Debian', () => {
  test('are none where nothing is absent', () => {
    assert.deepEqual(debianCommands([], 'own'), []);
  });

  test('install packages before they build and unpack with them', () => {
    assert.deepEqual(debianCommands(['kernel', 'native', 'gcc', 'xfsprogs', 'qemu'], 'own'), [
      'sudo apt-get update',
      'sudo apt-get install --no-install-recommends qemu-system-x86 gcc libc6-dev xfsprogs',
      'npm run build:native',
      `package=$(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: //p')`,
      'apt-get download "$package" && dpkg -x "$package"_*.deb kernel',
    ]);
  });

  test('take QEMU from the backports where the system has an older one', () => {
    const [sources, update, install, ...more] = debianCommands(['qemu'], 'new backports');
    assert.match(
      sources ?? '',
      /bookworm-backports main' \| sudo tee \/etc\/apt\/sources\.list\.d/,
    );
    assert.equal(update, 'sudo apt-get update');
    assert.match(install ?? '', /-t bookworm-backports qemu-system-x86$/);
    assert.deepEqual(more, []);
    assert.deepEqual(debianCommands(['qemu'], 'backports'), [update, install]);
  });

  test('do not ask for root where only the native part is to be built', () => {
    assert.deepEqual(debianCommands(['native'], 'backports'), ['npm run build:native']);
  });
});

/** Enough of a kernel image to have a version. */
function bzImage(version: string): Buffer {
  const image = Buffer.alloc(0x4000);
  image.writeUInt16LE(0xaa55, 0x1fe);
  image.write('HdrS', 0x202, 'latin1');
  image.writeUInt16LE(0x3000, 0x20e);
  image.write(`${version} (builder@host)\0`, 0x3200, 'latin1');
  return image;
}

/** A kernel that has these modules built in, in one of the places that packages have for it. */
function unpack(root: string, version: string, place: 'boot' | 'modules', builtIn: string): string {
  const modules = path.join(root, 'usr', 'lib', 'modules', version);
  fs.mkdirSync(path.join(modules, 'kernel'), { recursive: true });
  const list = builtIn.split(' ').map((name) => `kernel/${name}.ko\n`);
  fs.writeFileSync(path.join(modules, 'modules.builtin'), list.join(''));
  fs.mkdirSync(path.join(root, 'boot'), { recursive: true });
  const file =
    place === 'boot'
      ? path.join(root, 'boot', `vmlinuz-${version}`)
      : path.join(modules, 'vmlinuz');
  fs.writeFileSync(file, bzImage(version));
  return file;
}

const ALL = 'nd_e820 nd_pmem ext4 xfs';
const says =
  (message: RegExp) =>
  (error: unknown): boolean =>
    error instanceof EnvironmentError && message.test(error.message);

describe('kernels', () => {
  test('are found unpacked into kernel, into a directory of kernels, and in the system', () =>
    inTemporaryDirectory((here) => {
      const system = path.join(here, 'system');
      const files = [
        unpack(path.join(here, 'kernel'), '6.1.0-1-amd64', 'boot', ALL),
        unpack(path.join(here, 'kernels', 'newer'), '7.2.1-amd64', 'modules', ALL),
        unpack(system, '6.12.1-amd64', 'boot', ALL),
      ];
      assert.equal(checkKernels(here, system), files.map((file) => `qemu:${file}`).join(', '));
    }));

  test('that lack a module do not count, and the module is named', () =>
    inTemporaryDirectory((here) => {
      unpack(path.join(here, 'kernel'), '6.1.0-cloud-amd64', 'boot', 'nd_e820 ext4 xfs');
      assert.throws(() => checkKernels(here, here), says(/no module nd_pmem/));
      const whole = unpack(path.join(here, 'kernels', 'whole'), '6.1.0-1-amd64', 'boot', ALL);
      assert.equal(checkKernels(here, here), `qemu:${whole}`);
    }));

  test('that are nowhere are said to be sought in three places', () =>
    inTemporaryDirectory((here) => {
      const places = [path.join(here, 'kernel'), path.join(here, 'kernels'), here].join(', ');
      assert.throws(
        () => checkKernels(here, here),
        (error) => error instanceof EnvironmentError && error.message.includes(places),
      );
    }));

  test('that are no kernels are named', () =>
    inTemporaryDirectory((here) => {
      const file = unpack(path.join(here, 'kernel'), '6.1.0-1-amd64', 'boot', ALL);
      fs.writeFileSync(file, 'text');
      assert.throws(
        () => checkKernels(here, here),
        says(/vmlinuz-6\.1\.0-1-amd64: not a Linux kernel image/),
      );
    }));
});
