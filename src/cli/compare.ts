/**
 * `daxfuzz compare`: how often reproducers fail on each of several kernels and file systems, as a table.
 * Where a failure came from and where it went is what a bug report needs first.
 */
import path from 'node:path';
import { isWanted, wantedIn } from '../finding/wanted.js';
import { settingsOf, signatureOf } from '../finding/finding.js';
import { findReproducers } from '../finding/store.js';
import type { KernelSpec } from '../kernel/model-target.js';
import { CONFIRM_ALL } from '../oracle/state.js';
import { openKernelImage } from '../qemu/kernel-image.js';
import { runOnce } from '../run.js';
import { ReplayScheduler } from '../schedule/replay.js';
import { EnvironmentError } from '../support/assert.js';
import type { FilesystemName } from '../target/real.js';
import { isReal, resolveKernel } from '../targets.js';
import type { Loaded } from './load.js';
import { inFile, kernelText, loadReproducer, withLine } from './load.js';
import { err, oneLine, out, printJson, table } from './print.js';

export interface CompareFlags {
  readonly kernel: readonly string[];
  readonly fs?: readonly FilesystemName[];
  readonly times: number;
  readonly json?: boolean;
}

/** A signature that was seen in runs that did not fail as recorded. */
interface Other {
  readonly signature: string;
  readonly runs: number;
}

/** One reproducer on one file system of one kernel. */
interface Cell {
  readonly file: string;
  readonly fs: FilesystemName;
  readonly kernel: string;
  readonly runs: number;
  /** Runs that failed as recorded. */
  readonly failures: number;
  readonly others: readonly Other[];
  /** Why it could not be run; null if it could. */
  readonly refused: string | null;
}

/** Gives the exit code: 1 if anything failed anywhere. */
export function compare(paths: readonly string[], flags: CompareFlags): number {
  const kernels = flags.kernel.map((kernel) => resolveKernel(kernel, []));
  const cells: Cell[] = [];
  for (const loaded of findReproducers(paths).map(loadReproducer)) {
    for (const fs of flags.fs ?? [loaded.setup.fs]) {
      for (const kernel of kernels) {
        const cell = cellOf(loaded, fs, kernel, flags.times);
        cells.push(cell);
        err(oneLine(`${cell.file} on ${cell.fs}, ${titleOf(kernel)}: ${textOf(cell)}`));
      }
    }
  }
  if (flags.json === true) printJson({ format: 1, times: flags.times, cells });
  else out(tableText(cells, kernels));
  return cells.some(({ failures, others }) => failures > 0 || others.length > 0) ? 1 : 0;
}

function cellOf(loaded: Loaded, fs: FilesystemName, kernel: KernelSpec, times: number): Cell {
  const { file, program, schedule } = loaded;
  const wanted = wantedIn(loaded.reproducer, false);
  const closely = { plans: wanted.plans, stopsAtFirst: false };
  const seen = new Map<string, number>();
  const others = (): Other[] => [...seen].map(([signature, runs]) => ({ signature, runs }));
  let failures = 0;
  const base = { file, fs, kernel: kernelText(kernel) };
  try {
    withLine(kernel, { ...settingsOf(loaded.setup), fs }, (line) => {
      // A guest makes the files of a program that it has not had before in another way.
      if (isReal(kernel)) line.target.execute(program, new ReplayScheduler([], [], 'lenient'));
      for (let run = 0; run < times; run++) {
        const scheduler = new ReplayScheduler(schedule, line.target.pointNames, 'lenient');
        const { verdict } = inFile(file, () =>
          runOnce(line, program, scheduler, { ...CONFIRM_ALL, closely }),
        );
        if (verdict.violations.some((found) => isWanted(wanted, found))) failures++;
        else
          for (const name of new Set(verdict.violations.map(signatureOf))) {
            seen.set(name, (seen.get(name) ?? 0) + 1);
          }
      }
    });
    return { ...base, runs: times, failures, others: others(), refused: null };
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    return { ...base, runs: 0, failures, others: others(), refused: error.message };
  }
}

function textOf({ failures, runs, others, refused }: Cell): string {
  if (refused !== null) return `not run: ${refused}`;
  const more = others.map((other) => `, ${other.runs} with ${other.signature}`);
  return `${failures} of ${runs}${more.join('')}`;
}

/** The release of a real kernel, the name of a model's. */
const titleOf = (kernel: KernelSpec): string =>
  isReal(kernel)
    ? openKernelImage(kernel.kernel.slice('qemu:'.length)).version
    : kernelText(kernel);

function tableText(cells: readonly Cell[], kernels: readonly KernelSpec[]): string {
  const notes: string[] = [];
  const rows: string[][] = [];
  for (let first = 0; first < cells.length; first += kernels.length) {
    const row = cells.slice(first, first + kernels.length);
    const [{ file, fs }] = row as [Cell];
    const texts = row.map((cell) => {
      if (cell.refused === null) return textOf(cell);
      if (!notes.includes(cell.refused)) notes.push(cell.refused);
      return `not run [${notes.indexOf(cell.refused) + 1}]`;
    });
    rows.push([nameOf(file), fs, ...texts]);
  }
  const head = ['reproducer', 'file system', ...kernels.map(titleOf)];
  return [table(head, rows), ...notes.map((note, index) => `[${index + 1}] ${note}\n`)].join('');
}

/** What tells a reproducer from the others: campaigns name them by their directories. */
function nameOf(file: string): string {
  const name = path.basename(file, '.json');
  return name === 'finding' ? path.basename(path.dirname(file)) : name;
}
