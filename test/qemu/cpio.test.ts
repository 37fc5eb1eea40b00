import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { archive, MODE } from '../../src/qemu/cpio.js';

const entries = [
  { name: 'dev', mode: MODE.directory, content: new Uint8Array(0) },
  { name: 'init', mode: MODE.program, content: Buffer.from('12345') },
  {
    name: 'dev/console',
    mode: MODE.device,
    content: new Uint8Array(0),
    device: { major: 5, minor: 1 },
  },
];

/** Reads the form back as the kernel's documentation describes it. */
function members(bytes: Buffer): { name: string; fields: number[]; content: string }[] {
  const found = [];
  for (let at = 0; ;) {
    assert.equal(bytes.toString('latin1', at, at + 6), '070701', `magic at ${at}`);
    const fields = Array.from({ length: 13 }, (_, index) => {
      const text = bytes.toString('latin1', at + 6 + index * 8, at + 14 + index * 8);
      assert.match(text, /^[0-9A-F]{8}$/);
      return parseInt(text, 16);
    });
    const [size = 0, nameLength = 0] = [fields[6], fields[11]];
    const name = bytes.toString('latin1', at + 110, at + 110 + nameLength - 1);
    const start = (at + 110 + nameLength + 3) & ~3;
    found.push({ name, fields, content: bytes.toString('latin1', start, start + size) });
    at = (start + size + 3) & ~3;
    if (name === 'TRAILER!!!') {
      assert.equal(at, bytes.length);
      return found;
    }
  }
}

describe('an archive', () => {
  test('holds names, modes, contents and devices at multiples of four', () => {
    const [directory, init, console] = members(archive(entries));
    assert.deepEqual([directory?.name, directory?.fields[1]], ['dev', 0o040755]);
    assert.deepEqual([init?.name, init?.fields[1], init?.content], ['init', 0o100755, '12345']);
    assert.deepEqual([console?.fields[1], console?.fields.slice(9, 11)], [0o020600, [5, 1]]);
  });

  test('gives each member an inode of its own, so that none is a link to another', () => {
    const inodes = members(archive(entries)).map(({ fields }) => fields[0]);
    assert.equal(new Set(inodes).size, inodes.length);
  });

  test('is the same for the same entries', () => {
    assert.deepEqual(archive(entries), archive(entries));
  });

  test('is one for cpio, too', (t) => {
    const listed = spawnSync('cpio', ['-t'], { input: archive(entries), encoding: 'utf8' });
    if (listed.error !== undefined) return t.skip('there is no cpio here');
    assert.equal(listed.stdout, 'dev\ninit\ndev/console\n');
  });
});
