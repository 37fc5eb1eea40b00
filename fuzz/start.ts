/**
 * `npm run fuzz [-- TARGET [--time 60s]]`: starts jsfuzz on a target, with its corpus in
 * corpora/jsfuzz/TARGET (seeded with the hand-written programs) and its artifacts under crashes/jsfuzz/.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { loadCorpus } from '../src/corpus/files.js';
import { encodeProgram } from '../src/program/wire.js';
import { duration } from '../src/cli/options.js';
import { Defect, EnvironmentError, messageOf, UsageError } from '../src/support/assert.js';
import { hashText } from '../src/support/hash.js';
import { SCHEDULER_BYTES } from './input.js';

const TARGETS = ['whole-line', 'reproducer', 'program-forms', 'checkers', 'canary'];
/** How long the execution under way may go on after a stop, milliseconds. */
const GRACE_MS = 10_000;
const ROOT = path.join(__dirname, '..', '..');

interface Arguments {
  readonly target: string;
  readonly timeMs: number | null;
}

function parseArguments(words: readonly string[]): Arguments {
  const rest = [...words];
  let timeMs: number | null = null;
  const flag = rest.indexOf('--time');
  if (flag >= 0) {
    timeMs = duration(rest[flag + 1] ?? '');
    rest.splice(flag, 2);
  }
  const target = rest[0] ?? 'whole-line';
  if (!TARGETS.includes(target) || rest.length > 1) {
    throw new UsageError(
      `npm run fuzz: expected a target (${TARGETS.join(', ')}), found "${rest.join(' ')}"`,
    );
  }
  return { target, timeMs };
}

/** The corpus directory of a target; new ones get the seeds in the target's form. */
function prepareCorpus(target: string): string {
  const directory = path.join('corpora', 'jsfuzz', target);
  if (fs.existsSync(path.join(ROOT, directory))) return directory;
  fs.mkdirSync(path.join(ROOT, directory), { recursive: true });
  for (const seed of seedsFor(target)) {
    fs.writeFileSync(path.join(ROOT, directory, `seed-${hashText(seed.toString('hex'))}`), seed);
  }
  return directory;
}

function seedsFor(target: string): Buffer[] {
  if (target === 'reproducer') {
    const kept = path.join(ROOT, 'crashes', 'catalogue');
    const names = fs.readdirSync(kept).filter((name) => name.endsWith('.json'));
    return names.map((name) => fs.readFileSync(path.join(kept, name)));
  }
  const { programs } = loadCorpus(path.join(ROOT, 'corpora', 'seeds'));
  const bytes = programs.map((program) => Buffer.from(encodeProgram(program)));
  if (target === 'program-forms') return bytes;
  return bytes.map((program) => Buffer.concat([Buffer.alloc(SCHEDULER_BYTES), program]));
}

function start({ target, timeMs }: Arguments): void {
  const corpus = prepareCorpus(target);
  const artifacts = path.join(ROOT, 'crashes', 'jsfuzz');
  fs.mkdirSync(artifacts, { recursive: true });
  const artifact = path.join(artifacts, `${target}-${process.pid}.bin`);
  const jsfuzz = require.resolve('jsfuzz/build/src/index.js');
  const options = [
    `dist/fuzz/${target}.js`,
    corpus,
    '--versifier=false',
    '--exact-artifact-path',
    artifact,
  ];
  const child = spawn(process.execPath, [jsfuzz, ...options], {
    cwd: ROOT,
    stdio: 'inherit',
    detached: true,
  });
  const stop = (): void => stopGroup(child);
  const timer = timeMs === null ? null : setTimeout(stop, timeMs);
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  child.on('exit', (code) => {
    if (timer !== null) clearTimeout(timer);
    fs.rmSync(path.join(ROOT, '.nyc_output'), { recursive: true, force: true });
    const found = fs.existsSync(artifact);
    if (found) process.stdout.write(`the input is in ${path.relative(ROOT, artifact)}\n`);
    process.exitCode = found ? 1 : (code ?? 1);
  });
}

/**
 * jsfuzz ends when both its processes have seen SIGINT, hence the group of its own; a worker deep in one long
 * execution is given up after a while.
 */
function stopGroup(child: ChildProcess): void {
  const group = child.pid;
  if (group === undefined) return;
  process.kill(-group, 'SIGINT');
  const killer = setTimeout(() => process.kill(-group, 'SIGKILL'), GRACE_MS);
  child.on('exit', () => clearTimeout(killer));
}

function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return UsageError.exitCode;
  return error instanceof EnvironmentError ? EnvironmentError.exitCode : Defect.exitCode;
}

try {
  start(parseArguments(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`daxfuzz: ${messageOf(error)}\n`);
  process.exitCode = exitCodeOf(error);
}
