/**
 * `daxfuzz kernels` and `daxfuzz bugs`: what the model knows.
 */
import { BUGS } from '../kernel/bugs.js';
import { PRESETS } from '../kernel/presets.js';
import { PROPOSALS } from '../kernel/threads.js';
import { out, printJson, table } from './print.js';

export interface ListFlags {
  readonly json?: boolean;
}

export function listKernels(flags: ListFlags): number {
  if (flags.json === true) {
    const kernels = PRESETS.map(({ name, title, source, knobs }) => {
      return { name, title, source, knobs, proposal: PROPOSALS.get(name) ?? null };
    });
    printJson({ format: 1, kernels });
    return 0;
  }
  const others = PRESETS.filter(({ name }) => !PROPOSALS.has(name));
  out(
    table(
      ['kernel', 'what it is'],
      others.map(({ name, title, source }) => [name, `${title} (${source})`]),
    ),
  );
  for (const thread of new Set([...PROPOSALS.values()].map((proposal) => proposal.thread))) {
    const rows = PRESETS.flatMap(({ name, title, source }) => {
      const proposal = PROPOSALS.get(name);
      return proposal?.thread === thread ? [[name, proposal.by, `${title} (${source})`]] : [];
    });
    out(`\nthread ${thread}:\n\n${table(['kernel', 'by', 'what it is'], rows)}`);
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
