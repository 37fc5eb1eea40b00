import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hasher, hashText } from '../../src/support/hash.js';

test('a text has the same hash on every machine, and it is 16 hex digits', () => {
  assert.equal(hashText('daxfuzz'), 'fbc73486bc993f2a');
  assert.match(hashText(''), /^[0-9a-f]{16}$/);
});

test('hashes tell apart what differs in one place, in order or in length', () => {
  const texts = ['ab', 'ba', 'abc', 'a', '', 'aB', '\0', '\0\0'];
  assert.equal(new Set(texts.map(hashText)).size, texts.length);
});

test('no two of a hundred thousand short texts share a hash', () => {
  const hashes = new Set(Array.from({ length: 100_000 }, (_, n) => hashText(`program ${n}`)));
  assert.equal(hashes.size, 100_000);
});

test('the boundary between two hashed arrays counts', () => {
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
  const first = new Hasher().bytes(bytes(1, 2)).bytes(bytes(3)).digest();
  const second = new Hasher().bytes(bytes(1)).bytes(bytes(2, 3)).digest();
  assert.notEqual(first, second);
});
