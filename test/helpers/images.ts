import { Image } from '../../src/media/image.js';
import { freshDisk } from '../../src/media/fresh.js';
import type { Program } from '../../src/program/program.js';

/** A fresh copy of the device as mkfs leaves it. */
export function freshImage(program: Program): Uint8Array {
  const image = new Image();
  image.reset(freshDisk(program));
  return image.bytes;
}
