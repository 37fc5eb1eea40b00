/** What the power failure of a replay has left: the device as an image, and the files that are on it. */
import fs from 'node:fs';
import path from 'node:path';
import { buildImage } from '../crash/plan.js';
import { recoverFiles } from '../crash/recover.js';
import type { Disk, OpaqueDisk, RecoveredFiles } from '../media/disk.js';
import { Image } from '../media/image.js';
import { differing, MIRROR_PAGE_BYTES } from '../media/mirror.js';
import type { Violation } from '../oracle/promise.js';
import { PersistHistory } from '../persistency/history.js';
import type { PersistencyOptions } from '../persistency/history.js';
import { FILE_NAMES } from '../program/program.js';
import { EnvironmentError, messageOf, UsageError } from '../support/assert.js';
import { writeWhole } from '../support/files.js';
import type { Execution } from '../target/target.js';

export interface Witness {
  readonly disk: Disk;
  readonly image: Uint8Array;
}

/** The device as the power failure left it; at the end of the run for a fault that needs no failure. */
export function witnessOf(
  { disk, trace }: Execution,
  violation: Violation | null,
  options: PersistencyOptions,
): Witness {
  if (disk === null) {
    throw new UsageError('--image and --files: the execution left no trace to cut');
  }
  const history = new PersistHistory(new Image());
  history.reset(disk, trace, options);
  const cut = violation?.plan?.cut ?? violation?.event ?? trace.length - 1;
  for (let event = 0; event <= cut; event++) history.apply(event);
  const version = history.versions.visible;
  const plan = violation?.plan ?? { cut, version, short: [] };
  return { disk, image: buildImage(history, plan) };
}

export function writeImage({ image }: Witness, file: string): void {
  writeWhole(file, Buffer.from(image), { durable: false });
}

/** Writes each file as it is read after the recovery. @throws UsageError when nothing can be mounted. */
export function writeFiles({ disk, image }: Witness, count: number, directory: string): void {
  const files = recovered(disk, image);
  try {
    fs.mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw new EnvironmentError(`--files: ${directory} cannot be made (${messageOf(error)})`);
  }
  for (let ino = 0; ino < count; ino++) {
    const bytes = Buffer.alloc(files.sizeOf(ino));
    for (let offset = 0; offset < bytes.length; offset++) bytes[offset] = files.byteOf(ino, offset);
    writeWhole(path.join(directory, FILE_NAMES[ino] as string), bytes, { durable: false });
  }
}

function recovered(disk: Disk, image: Uint8Array): RecoveredFiles {
  const files = disk.kind === 'fresh' ? recoverFiles(disk.layout, image) : mounted(disk, image);
  if (typeof files === 'string')
    throw new UsageError(`--files: the image cannot be read: ${files}`);
  return files;
}

function mounted(disk: OpaqueDisk, image: Uint8Array): RecoveredFiles | string {
  const { origin } = disk.content;
  const pages: number[] = [];
  for (let start = 0; start < origin.length; start += MIRROR_PAGE_BYTES) {
    const end = start + MIRROR_PAGE_BYTES;
    const isSame = Buffer.compare(image.subarray(start, end), origin.subarray(start, end)) === 0;
    if (!isSame) pages.push(start / MIRROR_PAGE_BYTES);
  }
  return disk.mount(differing(image, origin, pages)).files;
}
