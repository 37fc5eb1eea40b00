/** The initial RAM disk of a guest: the agent as /init, and the kernel's modules with their order. */
import fs from 'node:fs';
import path from 'node:path';
import { EnvironmentError } from '../support/assert.js';
import type { ArchiveEntry } from './cpio.js';
import { archive, MODE } from './cpio.js';
import type { Module } from './modules.js';

/** What `npm run build:native` makes: dist/native, seen from dist/src/qemu. */
export const NATIVE_DIRECTORY = path.join(__dirname, '..', '..', 'native');

/** A file that gcc makes. @throws EnvironmentError when it has not. */
export function nativeFile(name: string): string {
  const file = path.join(NATIVE_DIRECTORY, name);
  if (fs.existsSync(file)) return file;
  throw new EnvironmentError(`${file} is missing: run "npm run build:native" (it needs gcc)`);
}

const NOTHING = new Uint8Array(0);
const directory = (name: string): ArchiveEntry => ({
  name,
  mode: MODE.directory,
  content: NOTHING,
});

export function buildInitrd(modules: readonly Module[]): Buffer {
  const list = modules.map(({ name }) => `${name}.ko\n`).join('');
  return archive([
    directory('dev'),
    { name: 'dev/console', mode: MODE.device, content: NOTHING, device: { major: 5, minor: 1 } },
    directory('modules'),
    { name: 'modules/list', mode: MODE.file, content: Buffer.from(list) },
    ...modules.map(({ name, content }) => ({
      name: `modules/${name}.ko`,
      mode: MODE.file,
      content,
    })),
    { name: 'init', mode: MODE.program, content: fs.readFileSync(nativeFile('agent')) },
  ]);
}
