/**
 * A kernel variant of the user's own, in a file: `--kernel ./my-fix.js`. Loading is a border: whatever is
 * wrong with the file, or with what it exports, is said in one sentence.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { messageOf, UsageError } from '../support/assert.js';
import { readWhole } from '../support/files.js';
import { runsWithin } from '../support/time-limit.js';
import { findBug } from './bugs.js';
import type { KernelVariant } from './kernel-variant.js';
import { PRESETS } from './presets.js';

/** Which text a module had; its path is in the kernel's name. */
export interface ModuleId {
  /** As the variant calls itself. */
  readonly name: string;
  /** Of the file as it was read, in hexadecimal: what sha256sum prints. */
  readonly sha256: string;
}

export interface LoadedModule {
  readonly file: string;
  readonly id: ModuleId;
  readonly variant: KernelVariant;
}

const BYTES_MAX = 4 * 1024 * 1024;
const LOADING_MS_MAX = 10_000;
const NAME = /^[a-z0-9][a-z0-9.-]{0,59}$/;
const TITLE = /^[^\u0000-\u001f\u007f-\u009f]{1,200}$/;
const FIELDS = ['name', 'title', 'base', 'bugs', 'functions'];

/** Does `--kernel` name a file? No preset has a slash in it or ends like a script. */
export const isModulePath = (kernel: string): boolean => /[/\\]|\.[cm]?[jt]s$/.test(kernel);

/** Takes scripts and ES modules alike. */
const load = createRequire(__filename);

/** What this thread has loaded, by path and text: Node runs a file once. */
const loaded = new Map<string, LoadedModule>();

/**
 * Reads and runs a module.
 * @throws UsageError when there is none, or it is not one.
 */
export function loadModule(file: string): LoadedModule {
  if (/\.[cm]?ts$/.test(file)) {
    throw new UsageError(
      `${file}: is TypeScript; compile it and give the .js file that comes of it`,
    );
  }
  const sha256 = createHash('sha256').update(readWhole(file, BYTES_MAX)).digest('hex');
  const key = `${path.resolve(file)} ${sha256}`;
  const known = loaded.get(key);
  if (known !== undefined) return { ...known, file };
  const variant = variantOf(file, run(file));
  const module = { file, id: { name: variant.name, sha256 }, variant };
  loaded.set(key, module);
  return module;
}

/** The module's exports. */
function run(file: string): unknown {
  let exported: unknown;
  try {
    const ended = runsWithin(LOADING_MS_MAX, () => {
      exported = load(path.resolve(file));
    });
    if (ended) return exported;
  } catch (error) {
    throw new UsageError(`${file}: throws while it is loaded: ${withPlace(error, file)}`);
  }
  throw new UsageError(`${file}: loading it does not end within ${LOADING_MS_MAX / 1000} s`);
}

/** What was thrown, and where in the file if the stack tells. */
export function withPlace(error: unknown, file: string): string {
  const base = path.basename(file);
  const name = error instanceof Error ? `${error.name}: ` : '';
  const message = `${name}${messageOf(error).split('\n')[0] ?? ''}`;
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  const at = stack.split('\n').find((line) => line.includes(`${base}:`));
  const place = at === undefined ? null : /:(\d+(?::\d+)?)\)?$/.exec(at.trim());
  return place === null ? message : `${message} (${base}:${place[1]})`;
}

/** The variant that a module exports. */
function variantOf(file: string, exported: unknown): KernelVariant {
  const value = pick(exported);
  const refuse = (what: string): never => {
    throw new UsageError(
      `${file}: not a kernel variant: ${what}; src/kernel/README.md says what it has`,
    );
  };
  if (typeof value !== 'object' || value === null) {
    return refuse('it exports no object with name, title and functions');
  }
  const { name, title, base, bugs, functions, ...others } = value as Record<string, unknown>;
  const [other] = Object.keys(others);
  if (other !== undefined) {
    return refuse(`it has "${other}", where only ${FIELDS.join(', ')} are known`);
  }
  if (typeof name !== 'string' || !NAME.test(name)) {
    return refuse('its name must be lower-case letters, digits, dots and dashes, at most 60');
  }
  if (isPreset(name)) {
    return refuse(`its name "${name}" is that of a kernel which the model has`);
  }
  if (typeof title !== 'string' || !TITLE.test(title)) {
    return refuse('its title must be one line of at most 200 characters');
  }
  if (typeof functions !== 'function') {
    return refuse('its functions must be a function of (original, kit) that gives them');
  }
  if (base !== undefined && typeof base !== 'string') return refuse('its base must be a string');
  if (bugs !== undefined && !isTexts(bugs)) {
    return refuse('its bugs must be an array of catalogue ids');
  }
  if (base !== undefined && !isPreset(base)) {
    return refuse(`its base "${base}" is no kernel that "daxfuzz kernels" lists`);
  }
  const unknown = bugs?.find((bug) => findBug(bug) === undefined);
  if (unknown !== undefined) {
    return refuse(`its bug "${unknown}" is none that "daxfuzz bugs" lists`);
  }
  return value as KernelVariant;
}

const isPreset = (name: string): boolean => PRESETS.some((preset) => preset.name === name);

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((element) => typeof element === 'string');

/** Of an ES module what it exports by default or as `variant`; of a script what it exports. */
function pick(exported: unknown): unknown {
  if (typeof exported !== 'object' || exported === null) return exported;
  const { variant, default: byDefault } = exported as Record<string, unknown>;
  return variant ?? byDefault ?? exported;
}
