/**
 * `daxfuzz conformance`: does the model do what a kernel does? Random programs on both, and every
 * disagreement counted, with an example made small.
 */
import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Disagreement } from '../conformance/compare.js';
import { KINDS } from '../conformance/compare.js';
import { Comparer } from '../conformance/conformance.js';
import { LISTED } from '../conformance/listed.js';
import { Programs } from '../conformance/programs.js';
import type { Met } from '../conformance/results.js';
import { Results } from '../conformance/results.js';
import type { KernelSpec } from '../kernel/model-target.js';
import { presetFor } from '../kernel/presets.js';
import { FILE_NAMES } from '../program/program.js';
import { printProgram } from '../program/text.js';
import type { Settings } from '../run.js';
import { Prng } from '../support/prng.js';
import { hex } from '../support/units.js';
import { VERSION } from '../support/version.js';
import { plural, thousands } from '../support/words.js';
import { openTarget, releaseOf, resolveKernel } from '../targets.js';
import { kernelText } from './load.js';
import { err, out, printJson, table } from './print.js';

/** What commander hands over; the defaults are in commands.ts. */
export interface ConformanceFlags {
  readonly kernel: string;
  readonly bug?: readonly string[];
  readonly model?: string;
  readonly fs: Settings['fs'];
  readonly programs: number;
  readonly seed?: string;
  readonly ops: number;
  readonly minimize: boolean;
  readonly json?: boolean;
}

const PROGRESS_MS = 5000;

interface Session {
  readonly kernel: KernelSpec;
  readonly model: KernelSpec;
  readonly flags: ConformanceFlags;
  readonly seed: string;
  readonly results: Results;
  elapsedMs: number;
}

/** Gives the exit code: 1 if there is a disagreement that is not listed. */
export async function conformance(flags: ConformanceFlags): Promise<number> {
  const kernel = resolveKernel(flags.kernel, flags.bug ?? []);
  const release = releaseOf(kernel);
  const preset = flags.model ?? (release === null ? 'mainline' : presetFor(release));
  const model = resolveKernel(preset, []);
  const seed = flags.seed ?? BigInt(`0x${randomBytes(8).toString('hex')}`).toString();
  const session = { kernel, model, flags, seed, results: new Results(), elapsedMs: 0 };
  err(
    `daxfuzz ${VERSION}: ${plural(flags.programs, 'program')} on ${kernelText(model)} and ` +
      `${kernelText(kernel)}, ${flags.fs}, seed ${seed}`,
  );
  await compareAll(session);
  if (flags.json === true) printJson(json(session));
  else out(text(session));
  return session.results.met().some(({ listed }) => listed === null) ? 1 : 0;
}

async function compareAll(session: Session): Promise<void> {
  const { flags, results } = session;
  const settings: Settings = {
    persistency: 'line',
    domain: 'adr',
    fs: flags.fs,
    real: { cpus: 1, icountShift: null, ignoreFlush: null, atomicBytes: 512 },
  };
  let stopped = false;
  const stop = (): void => {
    err('daxfuzz: stopping after what is under way; a second signal ends at once');
    stopped = true;
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  const [model, kernel] = [session.model, session.kernel].map((spec) =>
    openTarget(spec, settings),
  ) as [ReturnType<typeof openTarget>, ReturnType<typeof openTarget>];
  const start = performance.now();
  try {
    const comparer = new Comparer({ model, kernel, filesystem: flags.fs });
    const programs = new Programs(flags.fs, flags.ops);
    const choice = Prng.fromSeed(BigInt(session.seed));
    let told = start;
    for (let done = 0; done < flags.programs && !stopped; done++) {
      const program = programs.draw(choice);
      results.add(program, comparer.compare(program));
      if (performance.now() - told >= PROGRESS_MS) {
        told = performance.now();
        err(progress(session, told - start));
      }
      await turn(); // for the signals
    }
    if (flags.minimize) results.makeSmall(comparer);
  } finally {
    model.close();
    kernel.close();
    session.elapsedMs = Math.round(performance.now() - start);
  }
}

function progress({ results }: Session, elapsedMs: number): string {
  const { programs, promises } = results.counts;
  const unlisted = results.met().filter(({ listed }) => listed === null).length;
  return (
    `${Math.round(elapsedMs / 1000)} s  ${thousands(programs)} programs  ` +
    `${thousands(promises)} promises  ${unlisted} kinds not listed`
  );
}

function json(session: Session): unknown {
  const { kernel, model, flags, seed, results, elapsedMs } = session;
  const rows = results.met().map(({ kind, listed, programs, example, disagreement }) => ({
    kind,
    listed,
    programs,
    program: printProgram(example).trimEnd().split('\n'),
    disagreement: {
      ...disagreement,
      op: disagreement.op < 0 ? null : disagreement.op,
      ino: disagreement.ino < 0 ? null : disagreement.ino,
    },
  }));
  return {
    format: 1,
    daxfuzz: VERSION,
    kernel: kernel.kernel,
    bugs: kernel.bugs,
    model: model.kernel,
    fs: flags.fs,
    seed,
    elapsedMs,
    ...results.counts,
    disagreements: rows,
  };
}

function text(session: Session): string {
  const { results, elapsedMs } = session;
  const { programs, operations, promises, discarded } = results.counts;
  const lines = [
    `${plural(programs, 'program')}, ${plural(operations, 'operation')} and ` +
      `${plural(promises, 'promise')} compared in ${(elapsedMs / 1000).toFixed(1)} s`,
  ];
  if (discarded > 0) {
    lines.push(
      `${plural(discarded, 'program')} said nothing, for a trace that differs from memory`,
    );
  }
  const met = results.met();
  const listed = met.filter((one) => one.listed !== null);
  if (listed.length > 0) lines.push('', 'listed disagreements:', '', listedText(listed));
  const news = met.filter((one) => one.listed === null);
  if (news.length === 0) return [...lines, '', 'no disagreement that is not listed'].join('\n');
  lines.push('', `${plural(news.length, 'kind')} of disagreement not listed:`, '');
  lines.push(
    table(
      ['programs', 'kind'],
      news.map(({ programs: n, kind }) => [String(n), kind]),
    ),
  );
  return [...lines, ...news.map(exampleText)].join('\n');
}

function listedText(met: readonly Met[]): string {
  const rows = met.map(({ listed, programs, kind }) => [listed ?? '', String(programs), kind]);
  const used = LISTED.filter(({ id }) => met.some(({ listed }) => listed === id));
  const reasons = used.map(({ id, reason }) => `${id}: ${reason}`);
  return `${table(['row', 'programs', 'kind'], rows)}\n${reasons.join('\n')}`;
}

function exampleText({ kind, example, disagreement }: Met): string {
  return `\n${kind}: ${describe(disagreement)}\n\n${printProgram(example)}`;
}

/** In full: where, and what each of the two says. */
function describe({ kind, op, ino, spans, model, kernel }: Disagreement): string {
  const [first] = spans;
  const unit = kind === 'allocated' ? (n: number): string => `page ${n}` : hex;
  const place = first === undefined ? '' : ` at ${unit(first.from)}..${unit(first.to)}`;
  const file = ino < 0 ? '' : ` of "${FILE_NAMES[ino]}"${place}`;
  const after = op < 0 ? '' : `, operation ${op}`;
  return `${KINDS[kind]}${file}${after}: the model ${model}, the kernel ${kernel}`;
}
