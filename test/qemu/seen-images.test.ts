/** Which images count as seen before; needs no kernel. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { differing, MIRROR_PAGE_BYTES } from '../../src/media/mirror.js';
import type { RecoveredFiles } from '../../src/media/disk.js';
import { SeenImages } from '../../src/qemu/seen-images.js';

const PAGES = 4;
const files = (size: number): RecoveredFiles => ({
  sizeOf: () => size,
  timesOf: () => null,
  byteOf: () => 0,
  isZero: () => true,
});

function image(origin: Uint8Array, changes: Readonly<Record<number, number>>, pages: number[]) {
  const bytes = Uint8Array.from(origin);
  for (const [offset, value] of Object.entries(changes)) bytes[Number(offset)] = value;
  return differing(bytes, origin, pages);
}

describe('an image that was mounted before', () => {
  const origin = new Uint8Array(PAGES * MIRROR_PAGE_BYTES);
  const key = (changes: Readonly<Record<number, number>>, pages: number[]): string =>
    new SeenImages().keyOf(image(origin, changes, pages));

  test('is known by its bytes, not by where it might differ from its origin', () => {
    assert.equal(key({ 5: 1 }, [0]), key({ 5: 1 }, [0, 1, 3]));
    assert.equal(key({}, []), key({}, [2]));
  });

  test('is told from one that differs in a byte, or has the same bytes elsewhere', () => {
    const second = MIRROR_PAGE_BYTES + 5;
    const keys = [key({}, []), key({ 5: 1 }, [0]), key({ 5: 2 }, [0]), key({ [second]: 1 }, [1])];
    assert.equal(new Set(keys).size, keys.length);
  });

  test('is told from the same changes of another file system', () => {
    const seen = new SeenImages();
    const other = Uint8Array.from(origin);
    assert.notEqual(seen.keyOf(image(origin, {}, [])), seen.keyOf(image(other, {}, [])));
  });

  test('is forgotten when many others came after it, and not when it came again', () => {
    const seen = new SeenImages();
    seen.put('often', files(1));
    seen.put('once', files(2));
    for (let other = 0; other < 1023; other++) {
      seen.put(`other ${other}`, files(0));
      assert.equal(seen.get('often')?.sizeOf(0), 1);
    }
    assert.equal(seen.get('once'), undefined);
    seen.clear();
    assert.equal(seen.get('often'), undefined);
  });
});
