/**
 * Small changes of a program: what a campaign does with the corpus, and `validate` with a reproducer.
 */
import type { Choice } from '../support/choice.js';
import { chance, pick, pickWeighted } from '../support/choice.js';
import { drawnFlagsBound } from './dialect.js';
import { thawed } from './freeze.js';
import type { ProgramGenerator } from './generate.js';
import type { Op } from './op.js';
import { OP_FIELDS } from './op.js';
import type { FileSpec, Program } from './program.js';
import { opCount, THREADS_MAX } from './program.js';
import { normalizeOp } from './validate.js';

interface Draft {
  readonly base: Program;
  files: readonly FileSpec[];
  threads: Op[][];
  spawnAfter: number;
}

const KINDS = [
  'insert',
  'remove',
  'tweak',
  'move',
  'duplicate',
  'replace',
  'splice',
  'files',
] as const;
const KIND_WEIGHTS = [6, 4, 8, 2, 3, 3, 2, 1];

/** Up to three random changes of `program`; `other` is what splicing takes operations from. */
export function mutate(
  choice: Choice,
  generator: ProgramGenerator,
  program: Program,
  other: Program,
  opsMax: number,
): Program {
  generator.aimAt(choice, program);
  const draft: Draft = {
    base: program,
    files: program.files,
    threads: program.threads.map((ops) => [...ops]),
    spawnAfter: program.spawnAfter,
  };
  // None at all is a choice, too, where another schedule makes another execution of it.
  const changes = program.threads.length > 1 ? choice.below(4) : 1 + choice.below(3);
  for (let i = 0; i < changes; i++) change(choice, generator, draft, other, opsMax);
  return finish(draft, program, opsMax);
}

function change(
  choice: Choice,
  generator: ProgramGenerator,
  draft: Draft,
  other: Program,
  opsMax: number,
): void {
  const total = draft.threads.reduce((sum, ops) => sum + ops.length, 0);
  const thread = choice.below(draft.threads.length);
  const ops = draft.threads[thread] as Op[];
  const place = choice.below(ops.length + 1);
  const op = ops[place];
  switch (KINDS[pickWeighted(choice, KIND_WEIGHTS)]) {
    case 'insert':
      if (total < opsMax) insert(draft, thread, place, generator.op(choice));
      break;
    case 'remove':
      if (op !== undefined) remove(draft, thread, place);
      break;
    case 'replace':
      if (op !== undefined) ops[place] = generator.op(choice);
      break;
    case 'tweak':
      if (op !== undefined) ops[place] = tweak(choice, generator, draft.base, op);
      break;
    case 'duplicate':
      if (op !== undefined && total < opsMax) {
        const target = draft.threads[choice.below(draft.threads.length)] as Op[];
        target.push(op);
      }
      break;
    case 'move':
      if (op !== undefined && place >= (thread === 0 ? draft.spawnAfter : 0)) {
        remove(draft, thread, place);
        const count = Math.min(THREADS_MAX, draft.threads.length + (chance(choice, 1, 4) ? 1 : 0));
        while (draft.threads.length < count) draft.threads.push([]);
        (draft.threads[choice.below(count)] as Op[]).push(op);
      }
      break;
    case 'splice':
      splice(choice, draft, other, opsMax - total);
      break;
    case 'files':
      draft.files = changeFile(choice, draft);
      break;
    default:
      break;
  }
}

/** Another size or allocation for one of the files. */
function changeFile(choice: Choice, draft: Draft): readonly FileSpec[] {
  const { filePagesMax, blockCount } = draft.base.geometry;
  const index = choice.below(draft.files.length);
  const others = draft.files.reduce(
    (sum, file, i) => (i === index ? sum : sum + file.allocated),
    0,
  );
  const pages = choice.below(filePagesMax + 1);
  const wanted = chance(choice, 2, 3) ? pages : choice.below(pages + 1);
  const allocated = Math.min(wanted, blockCount - others);
  return draft.files.map((file, i) => (i === index ? { pages, allocated } : file));
}

function insert(draft: Draft, thread: number, place: number, op: Op): void {
  (draft.threads[thread] as Op[]).splice(place, 0, op);
  if (thread === 0 && place < draft.spawnAfter) draft.spawnAfter++;
}

function remove(draft: Draft, thread: number, place: number): void {
  (draft.threads[thread] as Op[]).splice(place, 1);
  if (thread === 0 && place < draft.spawnAfter) draft.spawnAfter--;
}

/** One field moved a little or a lot. */
function tweak(choice: Choice, generator: ProgramGenerator, base: Program, op: Op): Op {
  const { geometry } = base;
  const { pageSize } = geometry;
  const steps = [1, 8, 64, pageSize];
  const step = (steps[choice.below(steps.length)] as number) * (chance(choice, 1, 2) ? 1 : -1);
  const changed: Op = { ...op };
  const field = pick(choice, OP_FIELDS);
  let value: number;
  if (field === 'flags')
    value = choice.below(drawnFlagsBound(generator.dialect, op.code, geometry));
  else if (field === 'offset' || field === 'length') value = Math.max(0, op[field] + step);
  else value = choice.below(4);
  return normalizeOp({ ...changed, [field]: value }, geometry, base.files.length);
}

/** A run of another program's operations at the end of a thread. */
function splice(choice: Choice, draft: Draft, other: Program, room: number): void {
  const source = other.threads[choice.below(other.threads.length)] as readonly Op[];
  if (source.length === 0 || room <= 0) return;
  const from = choice.below(source.length);
  const count = Math.min(room, 1 + choice.below(Math.min(4, source.length - from)));
  const target = draft.threads[choice.below(draft.threads.length)] as Op[];
  for (const op of source.slice(from, from + count)) {
    target.push(normalizeOp(op, draft.base.geometry, draft.base.files.length));
  }
}

function finish(draft: Draft, program: Program, opsMax: number): Program {
  const threads = draft.threads;
  while (threads.length > 1 && (threads[threads.length - 1] as Op[]).length === 0) threads.pop();
  const { files, spawnAfter } = draft;
  const changed: Program = { geometry: program.geometry, files, threads, spawnAfter };
  if (opCount(changed) === 0) return program;
  return thawed(changed, Math.max(opsMax, opCount(program)));
}
