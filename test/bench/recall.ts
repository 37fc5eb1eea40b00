/**
 * `npm run --silent bench:recall -- [flags]`: is each bug of the catalogue found, how soon, and what do
 * guidance, schedulers and seed programs contribute? Seconds are those of the processor. Progress goes to
 * stderr, the result to stdout. With --output each hunt is kept as soon as it is over, and the same command
 * goes on where it stopped.
 */
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { collect, duration, integer } from '../../src/cli/options.js';
import { err, out, printJson } from '../../src/cli/print.js';
import { BUGS, bugByName } from '../../src/kernel/bugs.js';
import { messageOf, UsageError } from '../../src/support/assert.js';
import { writeWhole } from '../../src/support/files.js';
import { VERSION } from '../../src/support/version.js';
import { recallOf, summaryOf } from './recall-figures.js';
import type { Hunt, Mode } from './recall-hunt.js';
import { hunt, MODE_NAMES } from './recall-hunt.js';
import { recallText } from './recall-tables.js';

const SEEDS_MAX = 1000;

interface Flags {
  readonly ids: readonly string[];
  readonly seeds: number;
  readonly limitMs: number;
  readonly modes: readonly Mode[];
  readonly output: string | null;
  readonly json: boolean;
}

function modesOf(text: string): Mode[] {
  return text.split(',').map((name) => {
    const mode = MODE_NAMES.find((known) => known === name);
    if (mode === undefined) {
      throw new UsageError(`--modes: expected some of ${MODE_NAMES.join(',')}, found "${name}"`);
    }
    return mode;
  });
}

function parseFlags(): Flags {
  try {
    const { values } = parseArgs({
      options: {
        ids: { type: 'string' },
        seeds: { type: 'string', default: '10' },
        time: { type: 'string', default: '60s' },
        modes: { type: 'string', default: MODE_NAMES.join(',') },
        output: { type: 'string' },
        json: { type: 'boolean', default: false },
      },
    });
    const named = values.ids === undefined ? null : collect('--ids')(values.ids, undefined);
    return {
      ids: named?.map((id) => bugByName(id).id) ?? BUGS.map(({ id }) => id),
      seeds: integer('--seeds', 1, SEEDS_MAX)(values.seeds),
      limitMs: duration(values.time),
      modes: modesOf(values.modes),
      output: values.output ?? null,
      json: values.json,
    };
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

/** What --output holds. */
interface Kept {
  readonly daxfuzz: string;
  readonly limitMs: number;
  readonly hunts: readonly Hunt[];
}

function readKept({ output, limitMs }: Flags): Hunt[] {
  if (output === null || !fs.existsSync(output)) return [];
  const kept = JSON.parse(fs.readFileSync(output, 'utf8')) as Kept;
  if (kept.limitMs !== limitMs) {
    throw new UsageError(`${output}: hunts of ${kept.limitMs / 1000} s; name another file`);
  }
  return [...kept.hunts];
}

async function bench(): Promise<void> {
  const flags = parseFlags();
  const { ids, seeds, limitMs, modes, output, json } = flags;
  const hunts = readKept(flags);
  const isDone = (mode: Mode, id: string, seed: string): boolean =>
    hunts.some((kept) => kept.mode === mode && kept.id === id && kept.seed === seed);
  for (const mode of modes) {
    for (const id of ids) {
      for (let number = 1; number <= seeds; number++) {
        const seed = String(number);
        if (isDone(mode, id, seed)) continue;
        hunts.push(await hunt(mode, id, seed, limitMs));
        const kept: Kept = { daxfuzz: VERSION, limitMs, hunts };
        if (output !== null) writeWhole(output, JSON.stringify(kept), { durable: false });
      }
      const recall = recallOf(hunts, mode, id);
      if (recall === null) continue;
      const { found, executions, seconds } = recall;
      err(
        `${mode} ${id}: ${found}/${recall.hunts}, ${executions.median} executions (worst ${executions.worst}), ` +
          `${seconds.median.toFixed(1)} s (worst ${seconds.worst.toFixed(1)})`,
      );
    }
  }
  if (json) {
    const rows = modes.flatMap((mode) =>
      ids.map((id) => ({ mode, id, ...recallOf(hunts, mode, id) })),
    );
    const summaries = modes.map((mode) => ({ mode, ...summaryOf(hunts, mode, ids) }));
    printJson({ daxfuzz: VERSION, limitMs, seeds, rows, summaries });
  } else {
    out(recallText(hunts, modes, ids));
  }
}

bench().catch((error: unknown) => {
  err(`bench:recall: ${messageOf(error)}`);
  process.exitCode = error instanceof UsageError ? UsageError.exitCode : 70;
});
