/**
 * Where two executions of one program differ in what they show. The first is the model's, whose word is
 * doubted; the second is the one that is right by definition.
 *
 * After a difference in a result, a size or the contents of a file the two are in different states, and what
 * comes then says nothing; differences in what is guaranteed, and in which pages have blocks, do not end the
 * comparison.
 */
import type { FileState, Guarantee, Observation, Step } from './observation.js';

export const KINDS = {
  result: 'the call returned something else',
  size: 'the file has another size',
  content: 'read(2) gives other bytes',
  allocated: 'other pages have blocks',
  'promises-more': 'the model guarantees bytes or a size that a power failure can take',
  'promises-less': 'the kernel guarantees bytes or a size that the model would lose',
  unrecovered: 'the file system does not mount after a power failure',
  alarm: 'one of the two warned, crashed or came to a standstill',
} as const;

export type Kind = keyof typeof KINDS;

/** Bytes or pages [from, to). */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Disagreement {
  readonly kind: Kind;
  /** The operation after which it shows; -1 for one that is not about an operation. */
  readonly op: number;
  /** The file; -1 for one that is not about a file. */
  readonly ino: number;
  /** Where in the file, in bytes (`allocated`: in pages); empty where only the size differs. */
  readonly spans: readonly Span[];
  /** What each of the two says, in words. */
  readonly model: string;
  readonly kernel: string;
}

/** In the order of operations, and of the table above within one. */
export function compare(model: Observation, kernel: Observation): Disagreement[] {
  const found: Disagreement[] = [];
  const steps = Math.min(model.steps.length, kernel.steps.length);
  /** By file, the allocation that was reported last: it stays until somebody changes it. */
  const reported: string[] = [];
  for (let at = 0; at < steps; at++) {
    const ours = model.steps[at] as Step;
    const theirs = kernel.steps[at] as Step;
    const states = compareStates(ours, theirs).filter((one) => isNew(reported, one));
    found.push(...states);
    if (states.some(({ kind }) => kind !== 'allocated')) return found;
    if (ours.guarantee !== null && theirs.guarantee !== null) {
      found.push(...compareGuarantees(ours, ours.guarantee, theirs.guarantee));
    }
  }
  return [...found, ...compareEnds(model, kernel)];
}

function isNew(reported: string[], { kind, ino, spans }: Disagreement): boolean {
  if (kind !== 'allocated') return true;
  const now = JSON.stringify(spans);
  if (reported[ino] === now) return false;
  reported[ino] = now;
  return true;
}

/** How many operations were compared before the two came to be in different states. */
export function comparedSteps(
  model: Observation,
  kernel: Observation,
  found: readonly Disagreement[],
): number {
  const steps = Math.min(model.steps.length, kernel.steps.length);
  const end = found.find(({ kind }) => kind === 'result' || kind === 'size' || kind === 'content');
  return end === undefined ? steps : model.steps.findIndex(({ op }) => op === end.op) + 1;
}

function compareStates(ours: Step, theirs: Step): Disagreement[] {
  const { op } = ours;
  if (ours.result !== theirs.result) {
    const [model, kernel] = [String(ours.result), String(theirs.result)];
    return [{ kind: 'result', op, ino: -1, spans: [], model, kernel }];
  }
  return ours.files.flatMap((file, ino) =>
    compareFiles(op, ino, file, theirs.files[ino] as FileState),
  );
}

function compareFiles(op: number, ino: number, ours: FileState, theirs: FileState): Disagreement[] {
  const found: Disagreement[] = [];
  if (ours.size !== theirs.size) {
    const [model, kernel] = [String(ours.size), String(theirs.size)];
    found.push({ kind: 'size', op, ino, spans: [], model, kernel });
  }
  const spans = differing(ours.content, theirs.content, Math.min(ours.size, theirs.size));
  const [first] = spans;
  if (first !== undefined) {
    const [model, kernel] = [ours, theirs].map(({ content }) => bytesAt(content, first)) as [
      string,
      string,
    ];
    found.push({ kind: 'content', op, ino, spans, model, kernel });
  }
  const common = Math.min(ours.allocated.length, theirs.allocated.length);
  const pages = differing(ours.allocated, theirs.allocated, common);
  if (pages.length > 0) {
    const [model, kernel] = [ours, theirs].map(({ allocated }) => pagesOf(allocated)) as [
      string,
      string,
    ];
    found.push({ kind: 'allocated', op, ino, spans: pages, model, kernel });
  }
  return found;
}

/** Runs in which the first `length` elements differ. */
function differing(a: Uint8Array, b: Uint8Array, length: number): Span[] {
  if (a === b || Buffer.compare(a.subarray(0, length), b.subarray(0, length)) === 0) return [];
  return spansWhere(length, (index) => a[index] !== b[index]);
}

function spansWhere(length: number, holds: (index: number) => boolean): Span[] {
  const spans: Span[] = [];
  for (let from = 0; from < length; from++) {
    if (!holds(from)) continue;
    let to = from + 1;
    while (to < length && holds(to)) to++;
    spans.push({ from, to });
    from = to;
  }
  return spans;
}

const SHOWN_BYTES = 8;

function bytesAt(content: Uint8Array, { from, to }: Span): string {
  const shown = content.subarray(from, Math.min(to, from + SHOWN_BYTES));
  return [...shown].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

/** The pages that have blocks, `0..2, 5`. */
function pagesOf(allocated: Uint8Array): string {
  const spans = spansWhere(allocated.length, (page) => allocated[page] === 1);
  return spans.length === 0
    ? 'none'
    : spans.map(({ from, to }) => (to === from + 1 ? `${from}` : `${from}..${to - 1}`)).join(', ');
}

function compareGuarantees({ op }: Step, ours: Guarantee, theirs: Guarantee): Disagreement[] {
  if (ours.unrecovered !== null || theirs.unrecovered !== null) {
    const [model, kernel] = [ours, theirs].map(({ unrecovered }) => unrecovered ?? 'mounts') as [
      string,
      string,
    ];
    return [{ kind: 'unrecovered', op, ino: -1, spans: [], model, kernel }];
  }
  return ours.files.flatMap((file, ino) => {
    const other = theirs.files[ino] as Guarantee['files'][number];
    const beyond = (a: typeof file, b: typeof file): Span[] =>
      spansWhere(
        a.bytes.length,
        (index) => (a.bytes[index] as number) > (b.bytes[index] as number),
      );
    const say = ({ size }: typeof file, spans: readonly Span[], sure: boolean): string => {
      const bytes = spans.length === 0 ? '' : sure ? ', these bytes too' : ', not these bytes';
      return `${size ? 'the size is sure' : 'the size is not sure'}${bytes}`;
    };
    const found: Disagreement[] = [];
    const more = beyond(file, other);
    if (more.length > 0 || (file.size && !other.size)) {
      const [model, kernel] = [say(file, more, true), say(other, more, false)];
      found.push({ kind: 'promises-more', op, ino, spans: more, model, kernel });
    }
    const less = beyond(other, file);
    if (less.length > 0 || (other.size && !file.size)) {
      const [model, kernel] = [say(file, less, false), say(other, less, true)];
      found.push({ kind: 'promises-less', op, ino, spans: less, model, kernel });
    }
    return found;
  });
}

/** One of the two did not come to the end, or complained on the way. */
function compareEnds(model: Observation, kernel: Observation): Disagreement[] {
  const differs = model.steps.length !== kernel.steps.length;
  if (!differs && model.alarm === null && kernel.alarm === null) return [];
  // Who does not return from a kernel that hangs cannot say what returned before.
  const unknown = kernel.steps.length === 0;
  if (model.alarm !== null && kernel.alarm !== null && (!differs || unknown)) return [];
  const say = ({ steps, alarm }: Observation): string =>
    `${alarm ?? 'nothing'} (${steps.length} operations returned)`;
  return [{ kind: 'alarm', op: -1, ino: -1, spans: [], model: say(model), kernel: say(kernel) }];
}
