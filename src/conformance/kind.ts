/** Disagreements by kind: what differed, after which call, and for results how. */
import { getSystemErrorName } from 'node:util';
import type { Op } from '../program/op.js';
import { OP, specOf } from '../program/op.js';
import type { Program } from '../program/program.js';
import { opAt } from '../program/program.js';
import type { Disagreement } from './compare.js';

/** `fallocate(COLLAPSE_RANGE)`, `pwrite(O_DSYNC)`: the call, and the words among its arguments. */
function callOf(op: Op): string {
  const spec = specOf(op.code);
  const words =
    spec.modes.length > 0
      ? [spec.modes[op.flags] ?? '']
      : spec.words.map((word) => ((op.flags & word.bit) !== 0 ? word.set : ''));
  const said = op.code === OP.fadvise ? [] : words.filter((word) => word !== '');
  return said.length === 0 ? spec.name : `${spec.name}(${said.join('|')})`;
}

function resultName(text: string): string {
  const result = Number(text);
  return result < 0 ? getSystemErrorName(result) : result === 0 ? '0' : 'n';
}

/** Equal for disagreements that are likely to have one cause. */
export function kindOf(program: Program, { kind, op, model, kernel, spans }: Disagreement): string {
  if (op < 0) return kind;
  const call = callOf(opAt(program, op) as Op);
  if (kind === 'result') {
    return `result of ${call}: ${resultName(model)}, kernel ${resultName(kernel)}`;
  }
  const isPromise = kind === 'promises-more' || kind === 'promises-less';
  return `${kind} ${isPromise ? 'at' : 'after'} ${call}${isPromise && spans.length === 0 ? ' (size)' : ''}`;
}
