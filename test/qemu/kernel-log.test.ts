import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { alarmIn, parseKernelLog } from '../../src/qemu/kernel-log.js';
import { Symbols } from '../../src/qemu/symbols.js';

describe('a kernel log', () => {
  test('is read message by message, with levels and without continuation lines', () => {
    const log = '6,339,5140900,-;EXT4-fs (pmem0): mounted\n SUBSYSTEM=x\n4,340,1,c;two;parts\n';
    assert.deepEqual(parseKernelLog(log), [
      { level: 6, text: 'EXT4-fs (pmem0): mounted' },
      { level: 4, text: 'two;parts' },
    ]);
  });
});

describe('an alarm', () => {
  const alarming = [
    'WARNING: CPU: 0 PID: 1 at fs/dax.c:395 dax_insert_entry+0x1/0x2',
    'kernel BUG at fs/ext4/inode.c:2776!',
    'BUG: kernel NULL pointer dereference, address: 0000000000000008',
    'Oops: 0002 [#1] PREEMPT SMP NOPTI',
    'Kernel panic - not syncing: Attempted to kill init!',
    'general protection fault, probably for non-canonical address',
    'list_del corruption. prev->next should be ffff8880',
    'INFO: task jbd2/pmem0-8:101 blocked for more than 120 seconds.',
  ];
  for (const line of alarming) {
    test(`is ${line}`, () => {
      assert.equal(alarmIn(`fine\n[    5.123456] ${line}\nmore`), line);
    });
  }

  const harmless = [
    'EXT4-fs (pmem0): DAX enabled. Warning: EXPERIMENTAL, use at your own risk',
    'EXT4-fs error (device pmem0): ext4_lookup:1785: inode #2: comm init: iget: checksum invalid',
    'XFS (pmem0): Metadata corruption detected at xfs_agf_verify+0x8f/0x1c0 [xfs]',
    'nd_pmem namespace0.0: unable to guarantee persistence of writes',
    'pmem0: DEBUG: nothing',
  ];
  for (const line of harmless) {
    test(`is not ${line}`, () => {
      assert.equal(alarmIn(line), null);
    });
  }
});

describe('symbols', () => {
  const symbols = new Symbols(
    'ffffffff81000000 T _text\nffffffff81000100 t helper\t[ext4]\nffffffff81000080 T second\nffffffff82000000 D data\n',
  );

  test('name the function in which an address is', () => {
    assert.equal(symbols.at(0xffffffff81000000n), '_text');
    assert.equal(symbols.at(0xffffffff81000084n), 'second');
    assert.equal(symbols.at(0xffffffff81000170n), 'helper');
    assert.equal(symbols.size, 3);
  });

  test('know the user, and what is before all functions', () => {
    assert.equal(symbols.at(0x401234n), 'user');
    assert.equal(symbols.at(0xffffffff80000000n), '?');
  });
});
