/**
 * The text form of a program: one operation a line, comments after '#'. What is printed parses to the same
 * program, and what parses prints to one canonical text; reviews, reproducers and seeds use this form.
 *
 *     geometry page 4096 pmd 4 file-pages 8 blocks 16
 *     file a pages 8 allocated 8
 *     t0: f0 = open("a")
 *     t0: m0 = mmap(f0, pages 0..4, MAP_SHARED)
 *     t0: spawn
 *     t0: store(m0, 0x40, 8)
 *     t1: fsync(f0)
 */
import { UsageError } from '../support/assert.js';
import { hex } from '../support/units.js';
import type { Geometry } from './geometry.js';
import { DEFAULT_GEOMETRY } from './geometry.js';
import type { ArgumentKind, Op, OpCode, OpName, OpSpec, SlotKind } from './op.js';
import { OP, specOf } from './op.js';
import type { FileSpec, Program } from './program.js';
import { FILE_NAMES, THREADS_MAX } from './program.js';
import { checkProgram } from './validate.js';

const SLOT_LETTER: Record<SlotKind, string> = { fd: 'f', mapping: 'm', pin: 'p' };
/** Longer texts are refused before any work is done on them. */
const TEXT_LENGTH_MAX = 4 * 1024 * 1024;

// --- printing -------------------------------------------------------------------------------------

function flagsText(spec: OpSpec, flags: number): string {
  if (spec.modes.length > 0) return spec.modes[flags] ?? '';
  const words = spec.words.map((word) => ((flags & word.bit) !== 0 ? word.set : word.clear));
  return words.filter((word) => word !== '').join('|');
}

function argumentText(spec: OpSpec, op: Op, kind: ArgumentKind): string {
  switch (kind) {
    case 'target':
      return `${SLOT_LETTER[spec.slot ?? 'fd']}${op.target}`;
    case 'source':
      return `${SLOT_LETTER[spec.from ?? 'fd']}${op.source}`;
    case 'file':
      return `"${FILE_NAMES[op.source] ?? '?'}"`;
    case 'pages':
      return `pages ${op.offset}..${op.offset + op.length}`;
    case 'range':
      return `${hex(op.offset)}, ${op.length}`;
    case 'size':
      return hex(op.length);
    case 'flags':
      return flagsText(spec, op.flags);
    case 'origin':
      return `page ${op.flags}`;
  }
}

/** One operation, without its thread: `m0 = mmap(f0, pages 0..4, MAP_SHARED)`. */
export function printOp(op: Op): string {
  const spec = specOf(op.code);
  const args = spec.args.map((kind) => argumentText(spec, op, kind)).filter((text) => text !== '');
  const call = `${spec.name}(${args.join(', ')})`;
  return spec.assigns ? `${SLOT_LETTER[spec.slot ?? 'fd']}${op.target} = ${call}` : call;
}

export function printProgram(program: Program): string {
  const { pageSize, pmdPages, filePagesMax, blockCount } = program.geometry;
  const lines = [
    `geometry page ${pageSize} pmd ${pmdPages} file-pages ${filePagesMax} blocks ${blockCount}`,
  ];
  program.files.forEach((file, index) => {
    lines.push(`file ${FILE_NAMES[index]} pages ${file.pages} allocated ${file.allocated}`);
  });
  program.threads.forEach((ops, thread) => {
    ops.forEach((op, index) => {
      if (thread === 0 && index === program.spawnAfter && index > 0) lines.push('t0: spawn');
      lines.push(`t${thread}: ${printOp(op)}`);
    });
    const atEnd = thread === 0 && program.spawnAfter === ops.length && ops.length > 0;
    if (atEnd) lines.push('t0: spawn');
  });
  return `${lines.join('\n')}\n`;
}

/** Flags of which none is printed where none is set. */
function isOptional(spec: OpSpec): boolean {
  return spec.words.length > 0 && spec.words.every(({ clear }) => clear === '');
}

// --- parsing --------------------------------------------------------------------------------------

class LineParser {
  constructor(
    private readonly line: string,
    private readonly number: number,
  ) {}

  fail(expected: string, found: string): never {
    throw new UsageError(`program line ${this.number}: expected ${expected}, found "${found}"`);
  }

  integer(text: string | undefined, what: string): number {
    const value =
      text !== undefined && /^(0x[0-9a-f]{1,8}|\d{1,9})$/i.test(text) ? Number(text) : NaN;
    if (Number.isNaN(value)) this.fail(what, text ?? this.line);
    return value;
  }

  slot(text: string | undefined, kind: SlotKind): number {
    const match = /^([fmp])(\d)$/.exec(text ?? '');
    if (match === null || match[1] !== SLOT_LETTER[kind]) {
      this.fail(`a ${kind} such as ${SLOT_LETTER[kind]}0`, text ?? this.line);
    }
    return Number(match[2]);
  }

  file(text: string | undefined): number {
    const index = FILE_NAMES.findIndex((name) => text === `"${name}"` || text === name);
    if (index < 0) this.fail(`a file name (${FILE_NAMES.join(', ')})`, text ?? this.line);
    return index;
  }

  flags(spec: OpSpec, text: string | undefined): number {
    const given = (text ?? '').split('|').filter((word) => word !== '');
    if (spec.modes.length > 0) {
      const mode = spec.modes.indexOf(given[0] ?? '');
      if (mode < 0 || given.length !== 1) this.fail(`one of ${spec.modes.join(', ')}`, text ?? '');
      return mode;
    }
    return given.reduce((flags, word) => {
      const known = spec.words.find(
        (candidate) => candidate.set === word || candidate.clear === word,
      );
      if (known === undefined) this.fail(`flags of ${spec.name}`, word);
      return known.set === word ? flags | known.bit : flags;
    }, 0);
  }

  op(text: string): Op {
    const match = /^(?:([fmp]\d)\s*=\s*)?([a-z_]+)\s*\((.*)\)$/.exec(text);
    if (match === null) this.fail('an operation such as store(m0, 0x40, 8)', text);
    const [, assigned, name, inside] = match;
    const code: OpCode | undefined = OP[name as OpName];
    if (code === undefined || !Object.hasOwn(OP, name as string))
      this.fail('an operation name', name ?? '');
    const spec = specOf(code);
    if (spec.assigns !== (assigned !== undefined)) {
      this.fail(spec.assigns ? `"slot = ${spec.name}(...)"` : `"${spec.name}(...)"`, text);
    }
    const fields = { code, target: 0, source: 0, offset: 0, length: 0, flags: 0 };
    if (spec.assigns) fields.target = this.slot(assigned, spec.slot ?? 'fd');
    const parts =
      (inside ?? '').trim() === '' ? [] : (inside ?? '').split(',').map((part) => part.trim());
    let next = 0;
    for (const kind of spec.args) next += this.argument(spec, kind, parts, next, fields);
    if (next !== parts.length) this.fail(`${next} arguments to ${spec.name}`, text);
    return fields;
  }

  /** Reads one argument into `fields`; gives the number of comma-separated parts that it took. */
  private argument(
    spec: OpSpec,
    kind: ArgumentKind,
    parts: readonly string[],
    at: number,
    fields: { target: number; source: number; offset: number; length: number; flags: number },
  ): number {
    const part = parts[at];
    switch (kind) {
      case 'target':
        fields.target = this.slot(part, spec.slot ?? 'fd');
        return 1;
      case 'source':
        fields.source = this.slot(part, spec.from ?? 'fd');
        return 1;
      case 'file':
        fields.source = this.file(part);
        return 1;
      case 'pages': {
        const match = /^pages\s+(\d+)\.\.(\d+)$/.exec(part ?? '');
        if (match === null) this.fail('"pages FIRST..END"', part ?? this.line);
        fields.offset = this.integer(match[1], 'a page number');
        fields.length = this.integer(match[2], 'a page number') - fields.offset;
        return 1;
      }
      case 'range':
        fields.offset = this.integer(part, 'an offset in bytes');
        fields.length = this.integer(parts[at + 1], 'a length in bytes');
        return 2;
      case 'size':
        fields.length = this.integer(part, 'a size in bytes');
        return 1;
      case 'flags':
        fields.flags = this.flags(spec, part);
        return part === undefined && isOptional(spec) ? 0 : 1;
      case 'origin': {
        const match = /^page\s+(\d+)$/.exec(part ?? '');
        if (match === null) this.fail('"page NUMBER"', part ?? this.line);
        fields.flags = this.integer(match[1], 'a page number');
        return 1;
      }
    }
  }
}

function parseGeometry(parser: LineParser, words: readonly string[]): Geometry {
  const names = ['page', 'pmd', 'file-pages', 'blocks'];
  const values = names.map((name, index) => {
    if (words[1 + 2 * index] !== name)
      parser.fail(`"${name}"`, words[1 + 2 * index] ?? 'end of line');
    return parser.integer(words[2 + 2 * index], `a number after "${name}"`);
  });
  if (words.length !== 9) parser.fail('end of line', words.slice(9).join(' '));
  return {
    pageSize: values[0] as number,
    pmdPages: values[1] as number,
    filePagesMax: values[2] as number,
    blockCount: values[3] as number,
  };
}

/** @throws UsageError naming the line, what was expected there and what was found. */
export function parseProgram(text: string): Program {
  if (text.length > TEXT_LENGTH_MAX) {
    throw new UsageError(`program: longer than ${TEXT_LENGTH_MAX} characters`);
  }
  let geometry: Geometry = DEFAULT_GEOMETRY;
  const files: FileSpec[] = [];
  const threads: Op[][] = [[]];
  let spawnAfter = 0;
  // At everything that ends a line for a regular expression, or those below would take quadratic time.
  text.split(/\r?\n|[\r\u2028\u2029]/).forEach((raw, index) => {
    const line = raw.replace(/#.*$/, '').trim();
    if (line === '') return;
    const parser: LineParser = new LineParser(line, index + 1);
    const words = line.split(/\s+/);
    if (words[0] === 'geometry') {
      geometry = parseGeometry(parser, words);
    } else if (words[0] === 'file') {
      if (parser.file(words[1]) !== files.length)
        parser.fail(`file ${FILE_NAMES[files.length]}`, line);
      if (words[2] !== 'pages' || words[4] !== 'allocated' || words.length !== 6) {
        parser.fail('"file NAME pages N allocated N"', line);
      }
      files.push({
        pages: parser.integer(words[3], 'a number of pages'),
        allocated: parser.integer(words[5], 'a number of pages'),
      });
    } else {
      const match = /^t(\d)\s*:\s*(.*)$/.exec(line);
      if (match === null) parser.fail('"geometry", "file" or "tN:"', line);
      const thread = Number(match[1]);
      if (thread >= THREADS_MAX) parser.fail(`a thread below t${THREADS_MAX}`, line);
      while (threads.length <= thread) threads.push([]);
      const body = match[2] as string;
      if (body === 'spawn') {
        if (thread !== 0) parser.fail('spawn in t0', line);
        spawnAfter = (threads[0] as Op[]).length;
      } else {
        (threads[thread] as Op[]).push(parser.op(body));
      }
    }
  });
  if (files.length === 0) files.push({ pages: 4, allocated: 4 });
  const program: Program = { geometry, files, threads, spawnAfter };
  checkProgram(program);
  return program;
}
