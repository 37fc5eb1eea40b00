/** The numbers of native/protocol.h against those of protocol.ts and of the program language. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { OP } from '../../src/program/op.js';
import * as protocol from '../../src/qemu/protocol.js';
import { FENCE, FLUSH } from '../../src/trace/event.js';
import { ROOT } from '../helpers/temporary.js';

const NATIVE = path.join(ROOT, 'src', 'qemu', 'native');
const TEXT = fs.readFileSync(path.join(NATIVE, 'protocol.h'), 'utf8');

const DEFINED = new Map(
  [...TEXT.matchAll(/^#define (\w+) (0x[0-9a-f]+|\d+)u?\b/gm)].map(([, name = '', value]) => [
    name,
    Number(value),
  ]),
);

function agrees(prefix: string, table: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(table)) {
    const defined = `${prefix}${name.toUpperCase()}`;
    assert.equal(DEFINED.get(defined), value, defined);
  }
}

/** Field names of a structure in their order, with the bytes of one element and how many there are. */
function fields(structure: string): { name: string; bytes: number }[] {
  const WIDTHS: Record<string, number> = {
    char: 1,
    uint8_t: 1,
    uint16_t: 2,
    uint64_t: 8,
    int64_t: 8,
  };
  const [, body = ''] = new RegExp(`struct ${structure} \\{([^}]*)\\}`).exec(TEXT) ?? [];
  return [...body.matchAll(/^\s+(?:struct )?(\w+) (\w+)(?:\[(\w+)\])?;/gm)].map(
    ([, type = '', name = '', count]) => {
      const elements = count === undefined ? 1 : (DEFINED.get(count) ?? Number(count));
      return { name, bytes: (type === 'file_spec' ? 8 : (WIDTHS[type] ?? 4)) * elements };
    },
  );
}

function offsets(structure: string): Map<string, number> {
  const found = new Map<string, number>();
  let at = 0;
  for (const { name, bytes } of fields(structure)) {
    found.set(name, at);
    at += bytes;
  }
  found.set('', at);
  return found;
}

const snake = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

describe('the header and protocol.ts agree on', () => {
  test('where things are in guest memory', () => {
    const { PMEM_BASE, PMEM_BYTES, MAILBOX_BASE, MAILBOX_BYTES, CONTROL_BYTES } = protocol;
    agrees('', { PMEM_BASE, PMEM_BYTES, MAILBOX_BASE, MAILBOX_BYTES, CONTROL_BYTES });
    const { ops, entries, log, content } = protocol.AREA;
    agrees('AT_', { ops, entries, log, content, dirty: protocol.AT_DIRTY });
    agrees('FD_', { ram: protocol.FD.ram, control: protocol.FD.control, trace: protocol.FD.trace });
  });

  test('kinds of records, calls and commands', () => {
    agrees('RECORD_', protocol.RECORD);
    agrees('CALL_', protocol.CALL);
    agrees('COMMAND_', protocol.COMMAND);
    const { STORE_NON_TEMPORAL, LAYOUT_FD, RUN_PREPARED, CONTROL_MAGIC } = protocol;
    agrees('', { STORE_NON_TEMPORAL, LAYOUT_FD, RUN_PREPARED, CONTROL_MAGIC });
    const highest = Math.max(...[...DEFINED].map(([k, v]) => (k.startsWith('PROBLEM_') ? v : 0)));
    assert.equal(protocol.PROBLEMS.length, highest + 1);
  });

  test('the words of the control page', () => {
    const found = offsets('control');
    for (const [name, word] of Object.entries(protocol.CONTROL)) {
      assert.equal(found.get(name), word * 4, name);
    }
  });

  test('the fields of the mailbox', () => {
    const found = offsets('header');
    for (const [name, offset] of Object.entries(protocol.HEADER)) {
      assert.equal(found.get(snake(name)), offset, name);
    }
    const { FILESYSTEM_BYTES, OPTIONS_BYTES } = protocol;
    agrees('', { FILESYSTEM_BYTES, OPTIONS_BYTES });
  });

  test('the sizes of structures', () => {
    assert.equal(offsets('record').get(''), protocol.RECORD_BYTES);
    assert.equal(offsets('op').get(''), protocol.OP_BYTES);
    assert.equal(offsets('entry').get(''), protocol.ENTRY_BYTES);
    assert.equal(offsets('entry').get('error'), protocol.ENTRY_NAME_BYTES);
  });

  test('operations, the older of which are numbered as in programs', () => {
    const shared = Object.entries(OP).filter(([, code]) => code <= OP.unpin);
    agrees('OP_', Object.fromEntries(shared));
    agrees('OP_', protocol.REAL_OP);
    const numbers = [...shared.map(([, code]) => code), ...Object.values(protocol.REAL_OP)];
    assert.equal(new Set<number>(numbers).size, numbers.length);
  });

  test('kinds of flushes and fences, which are numbered as in traces', () => {
    agrees('FLUSH_', FLUSH);
    agrees('FENCE_', FENCE);
  });
});
