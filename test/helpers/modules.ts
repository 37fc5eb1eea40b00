/** Kernel variants as users write them: text in files. */
import fs from 'node:fs';
import path from 'node:path';

/** A module that replaces these functions; `rest` are further fields of it. */
export function moduleText(functions: string, rest = ''): string {
  return `module.exports = {
  name: 'my-fix',
  title: 'a fix that a test tries',${rest}
  functions: (original, kit) => ({
    ${functions}
  }),
};
`;
}

/** Calls what it replaces and changes nothing. */
export const HARMLESS = `*vfsFsyncRange(k, t, inode, start, end, datasync) {
      return yield* original.vfsFsyncRange(k, t, inode, start, end, datasync);
    },`;

/** Writes a module and gives the name under which `--kernel` takes it. */
export function writeModule(directory: string, text: string, name = 'my-fix.js'): string {
  fs.writeFileSync(path.join(directory, name), text);
  return `./${name}`;
}
