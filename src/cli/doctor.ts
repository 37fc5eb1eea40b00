/**
 * `daxfuzz doctor`: what works on this machine.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { inThreads } from '../campaign/pool.js';
import { mappedFileMedia } from '../media/mapped-file.js';
import { messageOf } from '../support/assert.js';
import { VERSION } from '../support/version.js';
import { out, printJson, table } from './print.js';

interface Check {
  readonly name: string;
  readonly status: 'ok' | 'missing' | 'unused';
  readonly detail: string;
}

const NODE_MIN = [20, 19];

export interface DoctorFlags {
  readonly json?: boolean;
}

/** Gives the exit code: 3 if something that this version needs is missing. */
export async function doctor(flags: DoctorFlags): Promise<number> {
  const checks = [
    checkNode(),
    checkMapping(),
    await checkWorkers(),
    checkWritable('corpora'),
    checkWritable('crashes'),
    checkQemu(),
  ];
  const works = checks.every((check) => check.status !== 'missing');
  if (flags.json === true) printJson({ format: 1, daxfuzz: VERSION, works, checks });
  else
    out(
      table(
        ['check', 'status', ''],
        checks.map(({ name, status, detail }) => [name, status, detail]),
      ),
    );
  return works ? 0 : 3;
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

/** Real kernels come later; this version says what it sees and does not need it. */
function checkQemu(): Check {
  const name = 'qemu';
  try {
    const banner = execFileSync('qemu-system-x86_64', ['--version'], { encoding: 'utf8' });
    return {
      name,
      status: 'unused',
      detail: `${banner.split('\n')[0] ?? ''}; this version tests the model only`,
    };
  } catch {
    return { name, status: 'unused', detail: 'not installed; this version tests the model only' };
  }
}
