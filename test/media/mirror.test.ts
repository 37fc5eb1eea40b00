import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  differing,
  kept,
  Mirror,
  MIRROR_PAGE_BYTES,
  original,
  unitePages,
} from '../../src/media/mirror.js';
import { Prng } from '../../src/support/prng.js';

const PAGES = 8;
const PAGE = MIRROR_PAGE_BYTES;

const filled = (byte: number): Uint8Array => new Uint8Array(PAGES * PAGE).fill(byte);

/** `origin` with some pages changed, and perhaps others only said to be. */
function changed(origin: Uint8Array, random: Prng): { bytes: Uint8Array; pages: number[] } {
  const bytes = Uint8Array.from(origin);
  const pages: number[] = [];
  for (let page = 0; page < PAGES; page++) {
    const draw = random.below(4);
    if (draw < 2) pages.push(page);
    if (draw === 0) bytes[page * PAGE + random.below(PAGE)] = 100 + random.below(100);
  }
  return { bytes, pages };
}

describe('a mirror', () => {
  test('equals what it followed, whatever it followed before', () => {
    const random = Prng.fromSeed(7n);
    const origins = [filled(1), filled(2)];
    const mirror = new Mirror(filled(0));
    for (let round = 0; round < 300; round++) {
      const origin = origins[random.below(2)] as Uint8Array;
      const { bytes, pages } = changed(origin, random);
      const image = random.below(8) === 0 ? original(bytes) : differing(bytes, origin, pages);
      mirror.follow(random.below(2) === 0 ? kept(image) : image);
      assert.deepEqual(mirror.bytes, bytes, `round ${round}`);
      // Written to, as it says or is told to forget.
      const page = random.below(PAGES);
      mirror.bytes[page * PAGE] = 255;
      if (random.below(2) === 0) mirror.forget();
      else mirror.differsIn(unitePages(mirror.pages, [page]));
    }
  });

  test('copies only where one of the two can differ from their origin', () => {
    const origin = filled(1);
    const mirror = new Mirror(filled(0));
    mirror.follow(original(origin));
    mirror.bytes[3 * PAGE] = 9; // nobody says so
    mirror.follow(differing(filled(1), origin, [2]));
    assert.equal(mirror.bytes[3 * PAGE], 9);
    mirror.follow(differing(filled(1), origin, [3]));
    assert.equal(mirror.bytes[3 * PAGE], 1);
  });

  test('takes an image that is shorter than it is itself', () => {
    const origin = new Uint8Array(2 * PAGE).fill(5);
    const mirror = new Mirror(filled(0));
    mirror.follow(original(origin));
    mirror.follow(differing(Uint8Array.from(origin), origin, [1, 4]));
    assert.deepEqual([mirror.bytes[PAGE], mirror.bytes[2 * PAGE]], [5, 0]);
  });
});
