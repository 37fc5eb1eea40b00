import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { dependenciesOf, loadOrder, readModules } from '../../src/qemu/modules.js';
import { EnvironmentError } from '../../src/support/assert.js';
import { inTemporaryDirectory } from '../helpers/temporary.js';

/** As much of a module as is looked at. */
const moduleWith = (depends: string): Buffer =>
  Buffer.from(`\x7fELF code\0license=GPL\0depends=${depends}\0name=x\0`);

const KERNEL: Record<string, string> = {
  nd_e820: 'libnvdimm',
  nd_pmem: 'nd-btt,libnvdimm',
  nd_btt: 'libnvdimm',
  libnvdimm: '',
  ext4: 'jbd2,crc16',
  jbd2: '',
  crc16: '',
  xfs: 'libcrc32c',
  libcrc32c: '',
};

const find = (name: string): Buffer | null => {
  const depends = KERNEL[name];
  return depends === undefined ? null : moduleWith(depends);
};

describe('the load order', () => {
  test('has every module once and after all that it depends on', () => {
    const names = loadOrder(find, new Set()).map(({ name }) => name);
    assert.deepEqual(names, [
      ...['libnvdimm', 'nd_e820', 'nd_btt', 'nd_pmem'],
      ...['jbd2', 'crc16', 'ext4', 'libcrc32c', 'xfs'],
    ]);
  });

  test('leaves out what is built in, and takes checksum modules when there are some', () => {
    const without = (name: string): Buffer | null =>
      name === 'libcrc32c' ? null : name === 'crc32c_intel' ? moduleWith('') : find(name);
    const names = loadOrder(without, new Set(['libcrc32c'])).map(({ name }) => name);
    assert.equal(names[0], 'crc32c_intel');
    assert.ok(!names.includes('libcrc32c') && names.includes('xfs'), names.join());
  });

  test('names a module that is missing and the one that needs it', () => {
    const without = (name: string): Buffer | null => (name === 'jbd2' ? null : find(name));
    assert.throws(
      () => loadOrder(without, new Set()),
      (error) => error instanceof EnvironmentError && /module jbd2, which ext4/.test(error.message),
    );
  });
});

describe('dependencies', () => {
  test('are read from the module, with the underscores of names', () => {
    assert.deepEqual(dependenciesOf(moduleWith('nd-btt,libnvdimm')), ['nd_btt', 'libnvdimm']);
    assert.deepEqual(dependenciesOf(moduleWith('')), []);
  });
});

describe('a modules directory', () => {
  test('is searched whole, whatever its folders are and however names are spelled', () =>
    inTemporaryDirectory((directory) => {
      for (const [index, [name, depends]] of Object.entries(KERNEL).entries()) {
        const folder = path.join(directory, 'kernel', `folder${index % 3}`);
        fs.mkdirSync(folder, { recursive: true });
        fs.writeFileSync(path.join(folder, `${name.replace('_', '-')}.ko`), moduleWith(depends));
      }
      const names = readModules(directory).map(({ name }) => name);
      assert.equal(names.length, Object.keys(KERNEL).length);
      assert.ok(names.indexOf('libnvdimm') < names.indexOf('nd_pmem'));
    }));
});
