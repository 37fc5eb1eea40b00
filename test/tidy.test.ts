/** What neither compiler nor linter holds: which stage may know which, and what lies where. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { describe, test } from 'node:test';
import { byText } from '../src/support/order.js';
import { filesBelow, ROOT } from './helpers/temporary.js';

/**
 * The folders of src/ and the folders that each may import, types included: the line of run.ts as a graph.
 * `run` is src/run.ts, and `index` is src/index.ts, the library's face, which nothing in src imports.
 *
 * In particular the kernel model and the oracle do not know each other: the kernel imports neither
 * persistency, crash nor oracle, and the oracle judges traces without the kernel, so that an error of one
 * cannot hide in the other.
 */
const MAY_IMPORT: Record<string, string> = {
  campaign:
    'corpus coverage finding kernel media minimize oracle program report run schedule support target targets',
  cli: 'anything',
  conformance: 'crash media minimize oracle persistency program schedule support target trace',
  corpus: 'program schedule support',
  coverage: 'program support trace',
  crash: 'media persistency',
  finding: 'crash oracle program run schedule support target',
  index: 'anything',
  kernel: 'machine media program schedule support target trace',
  litmus: 'support',
  machine: 'support trace',
  media: 'program support',
  minimize: 'crash finding oracle program run schedule support target trace',
  oracle: 'crash media persistency program support target trace',
  persistency: 'media support trace',
  program: 'support',
  qemu: 'media program schedule support target trace',
  report: 'crash finding media oracle program schedule support trace',
  run: 'oracle persistency program schedule target',
  schedule: 'support',
  support: '',
  target: 'media program schedule trace',
  targets: 'kernel qemu run support target',
  trace: 'support',
  validate: 'finding oracle program run schedule support trace',
};

const TOP_LEVEL = [
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'LICENSE',
  'README.md',
  'fuzz',
  'src',
  'corpora',
  'crashes',
  'test',
  'dist',
  'node_modules',
];

/** Everything that a file names in an import, an export, a require or a require.resolve. */
const SPECIFIER = /(?:\bfrom\s+|\bimport\s+|\b(?:import|require|require\.resolve)\(\s*)'([^']+)'/g;

interface Source {
  /** Relative to the root, with slashes. */
  readonly name: string;
  readonly text: string;
  readonly imports: readonly string[];
}

function sourcesBelow(directory: string): Source[] {
  return filesBelow(path.join(ROOT, directory))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => {
      const name = path.posix.join(directory, file.split(path.sep).join('/'));
      const text = fs.readFileSync(path.join(ROOT, name), 'utf8');
      return { name, text, imports: [...text.matchAll(SPECIFIER)].map(([, found]) => found ?? '') };
    });
}

const SOURCES = sourcesBelow('src');

/** The file that a relative import means. */
function target(source: Source, specifier: string): string {
  const joined = path.posix.join(path.posix.dirname(source.name), specifier);
  return joined.replace(/\.js$/, '.ts');
}

const relativeImports = (source: Source): string[] =>
  source.imports.filter((found) => found.startsWith('.')).map((found) => target(source, found));

/** `src/kernel/mm/gup.ts` -> `kernel`, `src/run.ts` -> `run`. */
const folderOf = (name: string): string => (name.split('/')[1] ?? '').replace(/\.ts$/, '');

/** Folder -> the folders that it does import. */
function foldersImported(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const source of SOURCES) {
    const folder = folderOf(source.name);
    const imported = found.get(folder) ?? new Set();
    found.set(folder, imported);
    for (const name of relativeImports(source)) {
      if (folderOf(name) !== folder) imported.add(folderOf(name));
    }
  }
  return found;
}

/** A cycle in a graph, as the names along it; null if there is none. */
function cycleIn(graph: ReadonlyMap<string, Iterable<string>>): string[] | null {
  const done = new Set<string>();
  const visit = (name: string, trail: readonly string[]): string[] | null => {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    if (done.has(name)) return null;
    for (const next of graph.get(name) ?? []) {
      const cycle = visit(next, [...trail, name]);
      if (cycle !== null) return cycle;
    }
    done.add(name);
    return null;
  };
  for (const name of graph.keys()) {
    const cycle = visit(name, []);
    if (cycle !== null) return cycle;
  }
  return null;
}

describe('the stages', () => {
  test('import each other along the table, and the table says no more than they do', () => {
    const actual: Record<string, string> = {};
    for (const [folder, imported] of foldersImported()) {
      const free = MAY_IMPORT[folder] === 'anything';
      actual[folder] = free ? 'anything' : [...imported].sort(byText).join(' ');
    }
    assert.deepEqual(actual, MAY_IMPORT);
  });

  test('form no cycle, by folders or by files', () => {
    const files = new Map(SOURCES.map((source) => [source.name, relativeImports(source)]));
    assert.equal(cycleIn(foldersImported()), null);
    assert.equal(cycleIn(files), null);
  });

  test('import what exists, and nothing outside of src', () => {
    const missing = SOURCES.flatMap((source) =>
      relativeImports(source)
        .filter((name) => !name.startsWith('src/') || !fs.existsSync(path.join(ROOT, name)))
        .map((name) => `${source.name}: ${name}`),
    );
    assert.deepEqual(missing, []);
  });

  test('leave no file that nothing imports, but those that are started or loaded by name', () => {
    const imported = new Set([...SOURCES, ...sourcesBelow('fuzz')].flatMap(relativeImports));
    const orphans = SOURCES.map(({ name }) => name).filter((name) => !imported.has(name));
    assert.deepEqual(orphans, [
      'src/campaign/sweep-worker.ts',
      'src/campaign/worker.ts',
      'src/cli/doctor-worker.ts',
      'src/cli/main.ts',
      'src/index.ts',
      'src/kernel/examples/wait-after.ts',
      'src/kernel/examples/wait-before.ts',
    ]);
  });
});

describe('a cycle', () => {
  test('is found where there is one', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', []],
      ['d', ['b']],
    ]);
    assert.deepEqual(cycleIn(graph), ['b', 'd', 'b']);
  });
});

test('every source file starts with a comment that says what it is', () => {
  const WORDS_MIN = 4;
  const without = SOURCES.filter(({ text }) => {
    const [, comment] = /^(?:#![^\n]*\n)?\/\*\*([^]*?)\*\//.exec(text) ?? [];
    return (comment ?? '').split(/[\s*]+/).filter((word) => word !== '').length < WORDS_MIN;
  });
  assert.deepEqual(
    without.map(({ name }) => name),
    [],
  );
});

/** In a checkout what git tracks or would track, so that a neighbour's ignored files do not matter. */
function topLevel(): string[] {
  const options = { cwd: ROOT, encoding: 'utf8' } as const;
  const words = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const git = fs.existsSync(path.join(ROOT, '.git')) ? spawnSync('git', words, options) : null;
  if (git?.status !== 0) return fs.readdirSync(ROOT);
  const names = git.stdout.split('\0').filter((name) => name !== '');
  return [...new Set(names.map((name) => name.split('/')[0] ?? ''))];
}

test('the top level holds nothing beyond what is agreed', () => {
  const names = topLevel();
  assert.ok(names.includes('package.json') && names.includes('src'), names.join());
  const others = names.filter((name) => !name.startsWith('.') && !TOP_LEVEL.includes(name));
  assert.deepEqual(others, []);
});

describe('the packages', () => {
  const manifest = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    name: string;
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };

  function packagesImported(...directories: readonly string[]): string[] {
    const names = directories
      .flatMap(sourcesBelow)
      .flatMap(({ imports }) => imports)
      .filter((found) => !found.startsWith('.') && !isBuiltin(found))
      .map((found) => found.split('/', found.startsWith('@') ? 2 : 1).join('/'))
      .filter((name) => name !== manifest.name);
    return [...new Set(names)].sort(byText);
  }

  test('listed as dependencies are those that src and fuzz import', () => {
    assert.deepEqual(packagesImported('src', 'fuzz'), Object.keys(manifest.dependencies));
  });

  test('that tests import are listed as well', () => {
    const listed = { ...manifest.dependencies, ...manifest.devDependencies };
    const unlisted = packagesImported('test').filter((name) => !Object.hasOwn(listed, name));
    assert.deepEqual(unlisted, []);
  });
});
