import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Symbols } from '../../src/qemu/symbols.js';

const KALLSYMS = `ffffffff81000000 T startup_64
ffffffff81000100 t clean_cache_range
ffffffff81000200 T dax_flush
ffffffff81000300 D not_code
`;

describe('the symbols of a kernel', () => {
  const symbols = new Symbols(KALLSYMS);

  test('name the function in which an address is', () => {
    assert.equal(symbols.at(0xffffffff81000100n), 'clean_cache_range');
    assert.equal(symbols.at(0xffffffff810001ffn), 'clean_cache_range');
    assert.equal(symbols.at(0x401000n), 'user');
  });

  test('say which functions there are, and data is none', () => {
    assert.ok(symbols.has('dax_flush'));
    assert.ok(!symbols.has('not_code'));
    assert.ok(!symbols.has('arch_wb_cache_pmem'));
  });
});
