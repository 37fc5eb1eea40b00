/**
 * `daxfuzz doctor`: what works on this machine.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { inThreads } from '../campaign/pool.js';
import { mappedFileMedia } from '../media/mapped-file.js';
import { messageOf } from '../support/assert.js';
import { VERSION } from '../support/version.js';
import type { Check } from './doctor-real.js';
import { checkRealKernels } from './doctor-real.js';
import { out, printJson, table } from './print.js';

const NODE_MIN = [20, 19];

export interface DoctorFlags {
  readonly json?: boolean;
}

/**
 * Gives the exit code: 3 if something that every campaign needs is missing. What only real kernels need is
 * said, with the way to it, and is no failure.
 */
export async function doctor(flags: DoctorFlags): Promise<number> {
  const needed: readonly Check[] = [
    checkNode(),
    checkMapping(),
    await checkWorkers(),
    checkWritable('corpora'),
    checkWritable('crashes'),
  ];
  const real = checkRealKernels();
  const checks = [...needed, ...real.checks];
  const works = needed.every(isOk);
  const realKernels = works && real.checks.every(isOk);
  const { commands } = real;
  if (flags.json === true) {
    printJson({ format: 1, daxfuzz: VERSION, works, realKernels, checks, commands });
  } else {
    const rows = checks.map(({ name, status, detail }) => [name, status, detail]);
    out(`${table(['check', 'status', ''], rows)}\n${conclusion(works, realKernels, commands)}`);
  }
  return works ? 0 : 3;
}

const isOk = ({ status }: Check): boolean => status === 'ok';

function conclusion(works: boolean, realKernels: boolean, commands: readonly string[]): string {
  const model = `the model: ${works ? 'works' : 'does not work; see what is missing above'}\n`;
  if (realKernels) return `${model}real kernels (--kernel qemu:PATH): work\n`;
  if (commands.length === 0) return `${model}real kernels (--kernel qemu:PATH): do not work\n`;
  const lines = commands.map((command) => `    ${command}\n`).join('');
  return `${model}real kernels (--kernel qemu:PATH): do not work yet; on Debian, this brings what is absent:\n\n${lines}`;
}

/** Runs a check; what it throws is what is missing. */
function attempt(name: string, run: () => string): Check {
  try {
    return { name, status: 'ok', detail: run() };
  } catch (error) {
    return { name, status: 'missing', detail: messageOf(error) };
  }
}

function checkNode(): Check {
  return attempt('node', () => {
    const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
    const [wantMajor = 0, wantMinor = 0] = NODE_MIN;
    if (major < wantMajor || (major === wantMajor && minor < wantMinor)) {
      throw new Error(`${process.version} is too old: install ${NODE_MIN.join('.')} or newer`);
    }
    return `${process.version}, ${os.availableParallelism()} processors`;
  });
}

function checkMapping(): Check {
  return attempt('mmap-io', () => {
    const bytes = mappedFileMedia('doctor')(4096);
    bytes[0] = 1;
    return 'maps pmem files';
  });
}

async function checkWorkers(): Promise<Check> {
  const file = path.join(__dirname, 'doctor-worker.js');
  try {
    const [detail = ''] = await inThreads<null, string>(file, 1, null);
    return { name: 'workers', status: 'ok', detail };
  } catch (error) {
    return { name: 'workers', status: 'missing', detail: messageOf(error) };
  }
}

function checkWritable(directory: string): Check {
  return attempt(`${directory}/`, () => {
    const parent = fs.existsSync(directory) ? directory : '.';
    if (!fs.statSync(parent).isDirectory()) {
      throw new Error('there is a file of that name: rename it, or work in another directory');
    }
    fs.accessSync(parent, fs.constants.W_OK);
    const { bavail, bsize } = fs.statfsSync(parent);
    return `writable, ${Math.floor((bavail * bsize) / 1e6)} MB free`;
  });
}
