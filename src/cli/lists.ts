/**
 * `daxfuzz kernels` and `daxfuzz bugs`: what the model knows.
 */
import { BUGS } from '../kernel/bugs.js';
import { PRESETS } from '../kernel/presets.js';
import { out, printJson, table } from './print.js';

export interface ListFlags {
  readonly json?: boolean;
}

export function listKernels(flags: ListFlags): number {
  if (flags.json === true) {
    printJson({
      format: 1,
      kernels: PRESETS.map(({ name, title, source, knobs }) => ({ name, title, source, knobs })),
    });
  } else {
    out(
      table(
        ['kernel', 'what it is'],
        PRESETS.map(({ name, title, source }) => [name, `${title} (${source})`]),
      ),
    );
  }
  return 0;
}

export function listBugs(flags: ListFlags): number {
  if (flags.json === true) {
    printJson({
      format: 1,
      bugs: BUGS.map(({ id, slug, title, kernels, promises, source, knownOpen }) => ({
        id,
        slug,
        title,
        kernels,
        promise: promises[0],
        promises,
        source,
        knownOpen: knownOpen === true,
      })),
    });
  } else {
    const rows = BUGS.map(({ id, slug, promises, title }) => [id, slug, promises.join(' '), title]);
    out(table(['id', 'slug', 'breaks', 'what it is'], rows));
  }
  return 0;
}
