/** The initial RAM disk of a guest: the agent as /init, and the kernel's modules with their order. */
import fs from 'node:fs';
import type { ArchiveEntry } from './cpio.js';
import { archive, MODE } from './cpio.js';
import type { Module } from './modules.js';
import { nativeFile } from './native-files.js';

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
