/** The package as npm makes it: what somebody has who installs it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, test } from 'node:test';
import { inTemporaryDirectory, ROOT } from './helpers/temporary.js';

function succeeds(cwd: string, command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** Packs what is built and unpacks it as node_modules/daxfuzz, beside the packages that it needs. */
function install(directory: string): string {
  const packed = succeeds(
    ROOT,
    'npm',
    'pack',
    '--ignore-scripts',
    '--silent',
    '--pack-destination',
    directory,
  );
  const installed = path.join(directory, 'node_modules', 'daxfuzz');
  fs.mkdirSync(installed, { recursive: true });
  succeeds(directory, 'tar', 'xzf', packed.trim(), '-C', installed, '--strip-components', '1');
  for (const name of fs.readdirSync(path.join(ROOT, 'node_modules'))) {
    if (name.startsWith('.') || name === '@types') continue;
    const link = path.join(directory, 'node_modules', name);
    if (!fs.existsSync(link)) fs.symlinkSync(path.join(ROOT, 'node_modules', name), link);
  }
  return installed;
}

/** Uses of every part of a variant that has a type. */
const VARIANT = `import type { Inode, KernelVariant, Run, Task } from 'daxfuzz';

export const variant: KernelVariant = {
  name: 'typed',
  title: 'a variant in TypeScript',
  base: 'mainline',
  bugs: ['L01'],
  functions: (original, { isLocked, loadEntry, POINT, FAULT, EBUSY }) => ({
    *daxWritebackOne(k, t, inode, index): Run<void> {
      const task: Task = t;
      const file: Inode = inode;
      if (k.preempt(task, POINT['variant:first'])) yield;
      if (isLocked(loadEntry(k, file, index)) && FAULT.noPage + EBUSY > 0) return;
      yield* original.daxWritebackOne(k, task, file, index);
    },
  }),
};
`;
/** Each line is refused by the compiler. */
const MISTAKES = `import type { KernelVariant } from 'daxfuzz';
// @ts-expect-error: there is no such function
export const a: KernelVariant = { name: 'a', title: 'a', functions: () => ({ daxWriteback() {} }) };
// @ts-expect-error: it has to be a generator
export const b: KernelVariant = { name: 'b', title: 'b', functions: () => ({ daxWritebackOne() {} }) };
// @ts-expect-error: there is no such point
export const c: KernelVariant = { name: 'c', title: 'c', functions: (o, kit) => ({ nvdimmFlush(k, t) { k.preempt(t, kit.POINT['nowhere']); } }) };
`;
const OPTIONS = {
  compilerOptions: {
    strict: true,
    target: 'es2022',
    module: 'node16',
    moduleResolution: 'node16',
    types: [],
  },
  files: ['variant.ts', 'mistakes.ts'],
};

describe('the package', () => {
  test('has the types that a kernel variant in TypeScript is compiled with, and runs it', () =>
    inTemporaryDirectory((directory) => {
      const installed = install(directory);
      fs.writeFileSync(path.join(directory, 'variant.ts'), VARIANT);
      fs.writeFileSync(path.join(directory, 'mistakes.ts'), MISTAKES);
      fs.writeFileSync(path.join(directory, 'tsconfig.json'), JSON.stringify(OPTIONS));
      const compiler = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
      succeeds(directory, process.execPath, compiler, '-p', directory);

      const main = path.join(installed, 'dist', 'src', 'cli', 'main.js');
      const flags = ['--execs', '100', '--seed', '1', '--workers', '1', '--json'];
      const run = [main, 'run', '--kernel', './variant.js', ...flags];
      const summary = JSON.parse(succeeds(directory, process.execPath, ...run)) as object;
      assert.equal((summary as { executions: number }).executions, 100);
    }));

  test('gives a script the library, and no file inside of it', () =>
    inTemporaryDirectory((directory) => {
      install(directory);
      const script = `
        const { ModelTarget, resolveKernel } = require('daxfuzz');
        ModelTarget.of(resolveKernel('mainline', []));
        require('daxfuzz/package.json');
        try { require('daxfuzz/dist/src/run.js'); } catch (error) { process.stdout.write(error.code); }`;
      const code = succeeds(directory, process.execPath, '-e', script);
      assert.equal(code, 'ERR_PACKAGE_PATH_NOT_EXPORTED');
    }));
});
