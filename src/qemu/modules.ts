/**
 * The kernel modules that a guest needs, in an order in which they can be loaded. Packages hold no
 * modules.dep (depmod makes it at installation), so the dependencies are read from the modules themselves.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { EnvironmentError, messageOf } from '../support/assert.js';
import { byText } from '../support/order.js';

/** A module's content, found by name; null if the kernel has none of that name as a file. */
export type FindModule = (name: string) => Uint8Array | null;

/** What a guest loads: checksums for both file systems first, since those ask for them by alias. */
const OPTIONAL = ['crc32c_generic', 'crc32c_intel'];
const NEEDED = ['nd_e820', 'nd_pmem', 'ext4', 'xfs'];

export interface Module {
  readonly name: string;
  readonly content: Uint8Array;
}

const canonical = (name: string): string => name.replaceAll('-', '_');

/** The values of a key in a module's .modinfo section: "key=value" strings between zero bytes. */
function modinfo(content: Uint8Array, key: string): string[] {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.length);
  const values: string[] = [];
  const needle = Buffer.from(`\0${key}=`);
  // The section's first string has no zero byte before it in the section, but in the file it always has.
  for (let from = bytes.indexOf(needle); from >= 0; from = bytes.indexOf(needle, from + 1)) {
    const start = from + needle.length;
    values.push(bytes.toString('latin1', start, bytes.indexOf(0, start)));
  }
  return values;
}

export function dependenciesOf(content: Uint8Array): string[] {
  return modinfo(content, 'depends')
    .flatMap((value) => value.split(','))
    .filter((name) => name !== '')
    .map(canonical);
}

/**
 * The modules in load order, each once.
 * @throws EnvironmentError for one that is neither a file nor built in.
 */
export function loadOrder(find: FindModule, builtIn: ReadonlySet<string>): Module[] {
  const order: Module[] = [];
  const seen = new Set<string>();
  const visit = (name: string, wanted: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    const content = find(name);
    if (content === null) {
      if (builtIn.has(name) || OPTIONAL.includes(name)) return;
      throw new EnvironmentError(
        `the kernel has no module ${name}, which ${wanted} needs: unpack its whole package, not one for clouds`,
      );
    }
    for (const dependency of dependenciesOf(content)) visit(dependency, name);
    order.push({ name, content });
  };
  for (const name of [...OPTIONAL, ...NEEDED]) visit(name, 'a DAX file system');
  return order;
}

const MODULE = /^(.+)\.ko(\.xz)?$/;

/** Module name -> file, of everything below a modules directory. */
function moduleFiles(directory: string): Map<string, string> {
  const files = new Map<string, string>();
  const below = path.join(directory, 'kernel');
  for (const name of fs.readdirSync(below, { recursive: true, encoding: 'utf8' }).sort(byText)) {
    const [, stem] = MODULE.exec(path.basename(name)) ?? [];
    if (stem !== undefined) files.set(canonical(stem), path.join(below, name));
  }
  return files;
}

/** Unpacked: the guest's kernel may lack the decompressor. */
function readModule(file: string): Uint8Array {
  if (!file.endsWith('.xz')) return fs.readFileSync(file);
  try {
    return execFileSync('xz', ['-dc', file], { maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    throw new EnvironmentError(`cannot unpack ${file}: ${messageOf(error)}; install xz-utils`);
  }
}

function builtInModules(directory: string): Set<string> {
  const list = path.join(directory, 'modules.builtin');
  if (!fs.existsSync(list)) return new Set();
  const lines = fs.readFileSync(list, 'utf8').split('\n');
  return new Set(lines.map((line) => canonical(path.basename(line, '.ko'))));
}

/** The modules of a kernel whose modules are in `directory` (lib/modules/VERSION). */
export function readModules(directory: string): Module[] {
  const files = moduleFiles(directory);
  const find: FindModule = (name) => {
    const file = files.get(name);
    return file === undefined ? null : readModule(file);
  };
  return loadOrder(find, builtInModules(directory));
}
