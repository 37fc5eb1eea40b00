/**
 * Litmus programs as short text, for tests that show them to people:
 *
 *     lines x | y z        one cache line with x, another with y and z
 *     init y=3             what is not 0 at the start
 *     t0: x=1; clwb x; sfence; nt y=r; wide y=1,z=2
 *     t1: r=y; if r==1 { s=faa x 1 }; u=xchg x 2; v=cas x 0 7
 *
 * A name on a line is a location, every other name a register of its thread.
 */
import type { LitmusOp, LitmusProgram, Value } from '../../src/litmus/program.js';

export function parse(text: string): LitmusProgram {
  const rows = text
    .split('\n')
    .map((row) => row.trim())
    .filter((row) => row !== '');
  const rest = (start: string): string | undefined =>
    rows.find((row) => row.startsWith(start))?.slice(start.length);
  const lines = (rest('lines ') ?? '').split('|').map((line) => line.trim().split(/\s+/));
  const init = Object.fromEntries(lines.flat().map((name) => [name, 0]));
  for (const setting of rest('init ')?.split(/\s+/) ?? []) {
    const [name, value] = setting.split('=');
    init[name ?? ''] = Number(value);
  }
  const threads = rows.flatMap((row) => {
    const [, ops] = /^t\d+:(.*)$/.exec(row) ?? [];
    return ops === undefined ? [] : [new OpParser(ops, new Set(lines.flat())).all()];
  });
  if (rows.length !== threads.length + 1 + Number(rest('init ') !== undefined)) {
    throw new Error(`a row that is neither lines, init nor a thread:\n${text}`);
  }
  return { lines, init, threads };
}

const valueOf = (text: string): Value => (/^-?\d+$/.test(text) ? Number(text) : { reg: text });

class OpParser {
  private readonly tokens: string[];
  private at = 0;

  constructor(
    text: string,
    private readonly locations: ReadonlySet<string>,
  ) {
    this.tokens = text
      .split(/([;{}])/)
      .map((token) => token.trim())
      .filter((token) => token !== '' && token !== ';');
  }

  all(): LitmusOp[] {
    const ops = this.until('}');
    if (this.at !== this.tokens.length) throw new Error('a } too many');
    return ops;
  }

  private until(end: string): LitmusOp[] {
    const ops: LitmusOp[] = [];
    while (this.at < this.tokens.length && this.tokens[this.at] !== end) ops.push(this.op());
    return ops;
  }

  private take(token: string): void {
    if (this.tokens[this.at++] !== token) throw new Error(`a ${token} too few`);
  }

  private op(): LitmusOp {
    const text = this.tokens[this.at++] ?? '';
    const [, reg, relation, value] = /^if (\w+)([=!])=(-?\d+)$/.exec(text) ?? [];
    if (reg === undefined) return this.simple(text);
    this.take('{');
    const then = this.until('}');
    this.take('}');
    return relation === '='
      ? { op: 'if', reg, eq: Number(value), then }
      : { op: 'if', reg, ne: Number(value), then };
  }

  /** What was read must print as it was written: else some of it was passed over, as in `x = 1`. */
  private simple(text: string): LitmusOp {
    const op = this.simpleOp(text);
    if (opText(op) !== text) throw new Error(`no operation: ${text}`);
    return op;
  }

  private simpleOp(text: string): LitmusOp {
    if (text === 'sfence' || text === 'mfence') return { op: text };
    const [word = '', loc = '', ...others] = text.split(/[ =]/);
    if (word === 'clflush' || word === 'clflushopt' || word === 'clwb') {
      return { op: word, loc: this.location(loc) };
    }
    if (word === 'nt') {
      return { op: 'ntstore', loc: this.location(loc), val: valueOf(others[0] ?? '') };
    }
    if (word === 'wide') {
      const parts = text.slice(word.length + 1).split(',');
      return { op: 'store_wide', parts: parts.map((part) => this.part(part)) };
    }
    if (this.locations.has(word)) return { op: 'store', loc: word, val: valueOf(loc) };
    if (this.locations.has(loc)) return { op: 'load', loc, reg: word };
    return this.readModifyWrite(text);
  }

  private readModifyWrite(text: string): LitmusOp {
    const [, reg = '', op, name = '', first = '', second] =
      /^(\w+)=(faa|xchg|cas) (\w+) (-?\w+)(?: (-?\w+))?$/.exec(text) ?? [];
    const loc = this.location(name);
    if (op === 'cas') {
      return { op, loc, exp: valueOf(first), new: valueOf(second ?? ''), reg };
    }
    if (op === 'faa' || op === 'xchg') return { op, loc, val: valueOf(first), reg };
    throw new Error(`no operation: ${text}`);
  }

  private part(text: string): { loc: string; val: Value } {
    const [loc = '', value = ''] = text.trim().split('=');
    return { loc: this.location(loc), val: valueOf(value) };
  }

  private location(name: string): string {
    if (!this.locations.has(name)) throw new Error(`no location: ${name}`);
    return name;
  }
}

const valueText = (value: Value): string => (typeof value === 'number' ? `${value}` : value.reg);

function opText(op: LitmusOp): string {
  switch (op.op) {
    case 'store':
      return `${op.loc}=${valueText(op.val)}`;
    case 'ntstore':
      return `nt ${op.loc}=${valueText(op.val)}`;
    case 'load':
      return `${op.reg}=${op.loc}`;
    case 'clflush':
    case 'clflushopt':
    case 'clwb':
      return `${op.op} ${op.loc}`;
    case 'sfence':
    case 'mfence':
      return op.op;
    case 'faa':
    case 'xchg':
      return `${op.reg}=${op.op} ${op.loc} ${valueText(op.val)}`;
    case 'cas':
      return `${op.reg}=cas ${op.loc} ${valueText(op.exp)} ${valueText(op.new)}`;
    case 'store_wide':
      return `wide ${op.parts.map(({ loc, val }) => `${loc}=${valueText(val)}`).join(',')}`;
    case 'if': {
      const relation = op.eq === undefined ? `!=${op.ne}` : `==${op.eq}`;
      return `if ${op.reg}${relation} { ${op.then.map(opText).join('; ')} }`;
    }
  }
}

export function print({ lines, init, threads }: LitmusProgram): string {
  const set = Object.entries(init).filter(([, value]) => value !== 0);
  return [
    `lines ${lines.map((line) => line.join(' ')).join(' | ')}`,
    ...(set.length === 0 ? [] : [`init ${set.map((pair) => pair.join('=')).join(' ')}`]),
    ...threads.map((ops, thread) => `t${thread}: ${ops.map(opText).join('; ')}`),
  ].join('\n');
}
